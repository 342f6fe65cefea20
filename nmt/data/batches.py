"""Batches of about equal cost: sentences of like length, up to a budget of tokens."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Int
from torch import Tensor

from nmt.data.ragged import EncodedPairs, Ragged

Indices = npt.NDArray[np.int64]

BUCKETS = (1, 2, 3, 4)
"""Widths of length buckets, in pieces, that are tried for the least padding."""


class PairBatch(NamedTuple):
    """A training batch.

    Attributes:
        source: ids, right-padded.
        source_lengths: real tokens, end mark counted.
        target: ids with the end mark, right-padded.
        target_tokens: real target tokens of the batch.
        step_tokens: real target tokens of the whole optimizer step that the batch belongs to.
        links: row, target piece and source piece of each given link, if links are given.
    """

    source: Int[Tensor, "batch source"]
    source_lengths: Int[Tensor, " batch"]
    target: Int[Tensor, "batch target"]
    target_tokens: int
    step_tokens: int
    links: Int[Tensor, "links 3"] | None = None


def plan_batches(pairs: EncodedPairs, batch_tokens: int, seed: int, epoch: int) -> list[Indices]:
    """Cuts the corpus into batches, in an order that (seed, epoch) alone decide.

    Pairs are sorted by length, ties by chance, and cut where sentences times the longest side would pass
    `batch_tokens`; a longer pair makes a batch of its own. The batches are then shuffled.
    """
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(len(pairs))
    plans = (_cut(pairs, _by_length(pairs, order, bucket), batch_tokens) for bucket in BUCKETS)
    batches = min(plans, key=lambda plan: padding_share(pairs, plan))
    return [batches[index] for index in random.permutation(len(batches))]


def _by_length(pairs: EncodedPairs, order: Indices, bucket: int) -> Indices:
    """Sorts an order by target length in buckets, then by source length, up and down in turn, then target length.

    Narrow buckets keep target padding low, wide ones leave enough pairs in each to keep source padding low.
    """
    source, target = (side.lengths[order].astype(np.int32) for side in (pairs.source, pairs.target))
    buckets = target // bucket
    zigzag = np.where(buckets % 2 == 0, source, -source)
    return order[np.lexsort((target, zigzag, buckets))]


def _cut(pairs: EncodedPairs, order: Indices, batch_tokens: int) -> list[Indices]:
    """Cuts an order into batches within the budget."""
    longest = np.maximum(pairs.source.lengths, pairs.target.lengths)[order]
    batches, start, width = [], 0, 0
    for position, length in enumerate(longest.tolist()):
        wider = max(width, length)
        if position > start and (position - start + 1) * wider > batch_tokens:
            batches.append(order[start:position])
            start, wider = position, length
        width = wider
    return [*batches, order[start:]]


def padding_share(pairs: EncodedPairs, batches: list[Indices]) -> float:
    """Returns the share of padding among all tokens of the batches, both sides together, from 0 to 1."""
    real = int(pairs.source.lengths.sum() + pairs.target.lengths.sum())
    padded = sum(
        len(batch) * int(side.lengths[batch].max()) for batch in batches for side in (pairs.source, pairs.target)
    )
    return 1 - real / padded


def pad(ragged: Ragged, batch: Indices, pad_id: int) -> Int[Tensor, "batch length"]:
    """Returns the sequences of a batch as one right-padded tensor."""
    padded = np.full((len(batch), int(ragged.lengths[batch].max())), pad_id, dtype=np.int64)
    for row, index in enumerate(batch):
        ids = ragged[index]
        padded[row, : len(ids)] = ids
    return torch.from_numpy(padded)


def batch_links(ragged: Ragged, batch: Indices) -> Int[Tensor, "links 3"]:
    """Returns row, target piece and source piece of each link of a batch."""
    places = [ragged[index].reshape(-1, 2) for index in batch]
    rows = np.repeat(np.arange(len(batch)), [len(one) for one in places])
    sources, targets = np.concatenate(places).T.astype(np.int64)
    return torch.from_numpy(np.stack([rows, targets, sources], axis=1))


@dataclass
class BatchLoader:
    """Each iteration gives the batches of the next epoch, or the rest of one after `load_state_dict`.

    Attributes:
        pairs: the encoded corpus.
        batch_tokens: see `plan_batches`.
        source_pad: padding id of the source side.
        target_pad: padding id of the target side.
        seed: of the order.
        accumulate: batches of an optimizer step.
        epoch: the epoch that is gone through.
        position: batches of it that have been given out.
    """

    pairs: EncodedPairs
    batch_tokens: int
    source_pad: int
    target_pad: int
    seed: int
    accumulate: int = 1
    epoch: int = 0
    position: int = 0
    _ended: bool = field(default=False, init=False)

    def __len__(self) -> int:
        return len(self.plan())

    def __iter__(self) -> Iterator[PairBatch]:
        if self._ended:  # resumed at the end of an epoch, whose rest, nothing, is asked for first
            self._ended = False
            return
        if self.position >= len(self):
            self.epoch, self.position = self.epoch + 1, 0
        plan = self.plan()
        while self.position < len(plan):
            batch = plan[self.position]
            first = self.position - self.position % self.accumulate
            tokens = [int(self.pairs.target.lengths[one].sum()) for one in plan[first : first + self.accumulate]]
            self.position += 1
            yield PairBatch(
                source=pad(self.pairs.source, batch, self.source_pad),
                source_lengths=torch.from_numpy(self.pairs.source.lengths[batch]),
                target=pad(self.pairs.target, batch, self.target_pad),
                target_tokens=tokens[self.position - 1 - first],
                step_tokens=sum(tokens),
                links=None if self.pairs.links is None else batch_links(self.pairs.links, batch),
            )

    def state_dict(self) -> dict[str, int]:
        """Returns where the loader stands."""
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continues from where another loader stood."""
        self.epoch, self.position = state["epoch"], state["position"]
        self._ended = self.position >= len(self)

    def plan(self) -> list[Indices]:
        """Returns the batches of the epoch that is gone through."""
        if getattr(self, "_planned", None) != self.epoch:
            self._batches = plan_batches(self.pairs, self.batch_tokens, self.seed, self.epoch)
            self._planned = self.epoch
        return self._batches
