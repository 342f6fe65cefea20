"""Batches of sentences of like length; given translations and their scores."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from nmt import search
from nmt.config import Vocabulary, at_least
from nmt.data.tokenizer import Pieces
from nmt.translation.result import PairScore, Translation
from nmt.translation.threads import crew_for
from nmt.translation.windows import stream

Result = TypeVar("Result")

BATCH_PIECES = 8192
"""Most pieces of a side, padding counted, that go together: very long sentences go in smaller batches."""
LONG = 2048
"""Targets of more pieces are run one step at a time, so that memory does not grow with them."""


class PiecePair(NamedTuple):
    """A sentence and its translation, both in pieces."""

    source: Pieces
    target: Pieces

    @property
    def empty(self) -> bool:
        """Whether one of them has no piece but the end mark."""
        return len(self.source.ids) == 1 or len(self.target.ids) == 1


NO_SCORE = PairScore(0.0, (), ())
"""The score of a pair with an empty side."""


def pair_score(target: Pieces, log_probs: Tensor) -> PairScore:
    """Makes the result of the log-probabilities (T,) of a target's tokens; what stands at padding is cut."""
    values = tuple(log_probs[: len(target.ids)].tolist())
    return PairScore(sum(values), values, target.tokens)


def padded_ids(pieces: Sequence[Pieces], pad_id: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Returns right-padded ids (B, longest) and lengths (B,), end marks counted."""
    lengths = [len(one.ids) for one in pieces]
    ids = np.full((len(pieces), max(lengths)), pad_id)
    for row, one in enumerate(pieces):
        ids[row, : lengths[row]] = one.ids
    return torch.from_numpy(ids).to(device), torch.tensor(lengths, device=device)


def stream_pairs(
    pairs: Iterator[PiecePair],
    batch_size: int,
    work: Callable[[Sequence[PiecePair]], list[Result]],
    blank: Result,
    device: torch.device,
) -> Iterator[Result]:
    """Yields what `work` makes of each pair, in order, and `blank` for a pair with an empty side.

    Args:
        pairs: read only a few batches ahead, none with `batch_size` 1.
        batch_size: most pairs that `work` is given together.
        work: returns a result for each of the pairs it is given.
        blank: the result of a pair that is not given to it.
        device: what `work` computes on.

    Raises:
        SettingsError: a batch size below 1.
    """
    at_least(batch_size, 1, "batch_size")
    return stream(pairs, batch_size, batches, lambda _: blank, crew_for(work, device, batch_size))


def batches(pairs: Sequence[PiecePair], most_pairs: int, most_pieces: int = BATCH_PIECES) -> Iterator[list[int]]:
    """Yields the places of pairs that go together, long targets first; pairs with an empty side are left out.

    Args:
        pairs: in any order.
        most_pairs: in a batch.
        most_pieces: of a batch on either side, padding counted, unless a single pair has more; a target of more than
            `LONG` pieces goes alone.
    """
    order = [place for place, pair in enumerate(pairs) if not pair.empty]
    order.sort(key=lambda place: (-len(pairs[place].target.ids), -len(pairs[place].source.ids)))
    most_pairs = even_size(len(order), most_pairs)
    batch: list[int] = []
    longest = 0
    for place in order:
        size = max(len(side.ids) for side in pairs[place])
        full = len(batch) == most_pairs or (len(batch) + 1) * max(longest, size) > most_pieces
        if batch and (full or longest > LONG):
            yield batch
            batch, longest = [], 0
        batch.append(place)
        longest = max(longest, size)
    if batch:
        yield batch


def source_batches(pieces: Sequence[Pieces], batch_size: int) -> Iterator[list[int]]:
    """Yields the places of sentences that go together, the longest first; empty ones are left out."""
    full = [index for index, one in enumerate(pieces) if len(one.ids) > 1]
    full.sort(key=lambda index: -len(pieces[index].ids))
    batch_size = even_size(len(full), batch_size)
    while full:
        count = min(batch_size, max(1, BATCH_PIECES // len(pieces[full[0]].ids)))
        yield full[:count]
        full = full[count:]


def untranslated(pieces: Pieces) -> Translation:
    """Returns the translation of a sentence without pieces."""
    return Translation(pieces.text, (), ())


def even_size(count: int, most: int) -> int:
    """Returns the size of batches of which none is much smaller; if one is too few, two cores have as many each."""
    batches = math.ceil(count / most)
    batches += batches % 2 if batches > 1 else 0
    return math.ceil(count / max(1, batches))


@torch.no_grad()
def score_steps(model: search.StepModel, batch: search.Batch, target: Pieces, vocabulary: Vocabulary) -> Tensor:
    """Returns the log-probability of each token of one target (T,), float64, holding one step in memory at a time."""
    source, state = model.start(batch.source, batch.source_lengths)
    last, found = vocabulary.bos_id, list[float]()
    for token in target.ids:
        logits, _, state = model.step(batch.source.new_tensor([[last]]), source, state)
        found.append(logits[0, 0, token].item() - logits[0, 0].logsumexp(-1).item())
        last = token
    return torch.tensor(found, dtype=torch.float64)
