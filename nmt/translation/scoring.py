"""Scoring of given translations, in batches of like length."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nmt import search
from nmt.config import Vocabulary
from nmt.data.tokenizer import Pieces
from nmt.translation.result import PairScore

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


def batches(pairs: Sequence[PiecePair], most_pairs: int, most_pieces: int) -> Iterator[list[int]]:
    """Yields the places of pairs that go together, long targets first; pairs with an empty side are left out.

    Args:
        pairs: in any order.
        most_pairs: in a batch.
        most_pieces: of a batch on either side, padding counted, unless a single pair has more; a target of more than
            `LONG` pieces goes alone.
    """
    order = [place for place, pair in enumerate(pairs) if not pair.empty]
    order.sort(key=lambda place: (-len(pairs[place].target.ids), -len(pairs[place].source.ids)))
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
