"""How continuations are ranked: log-probabilities, what may follow, the best of them."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nmt.config import UserError, Vocabulary
from nmt.search.model import Words


class Candidates(NamedTuple):
    """The best continuations of a step, best first: log-probability so far, hypothesis continued, token added."""

    log_probs: Float[Tensor, "batch candidates"]
    parents: Int[Tensor, "batch candidates"]
    tokens: Int[Tensor, "batch candidates"]


class Columns:
    """What the columns of logits stand for, and which of them may follow.

    Args:
        vocabulary: names the special ids.
        words: what translations may be made of; None: of the whole vocabulary.
        device: where the logits are.
        unknown: whether the unknown token may follow.
    """

    def __init__(
        self, vocabulary: Vocabulary, words: Words | None, device: torch.device, *, unknown: bool = False
    ) -> None:
        self._words = words
        ids = torch.tensor([vocabulary.eos_id, vocabulary.pad_id, vocabulary.bos_id, vocabulary.unk_id], device=device)
        places = ids if words is None else torch.searchsorted(words.tokens, ids)
        self._end, self._barred = places[:1], places[1 : 3 if unknown else 4]
        self._others = None
        if words is not None and not bool(words.allowed.all()):
            allowed = words.allowed[:, None]
            self._others = torch.zeros(allowed.shape, device=device).masked_fill_(~allowed, float("-inf"))

    def keep(self, going: Int[Tensor, " going"]) -> None:
        """Forgets all other sentences."""
        self._others = None if self._others is None else self._others[going]

    def log_probs(self, logits: Float[Tensor, "batch beam columns"]) -> Float[Tensor, "batch beam columns"]:
        """Returns log-probabilities, -inf for what may not follow; those barred anywhere keep their probability.

        `logits` are overwritten where a sentence has words of its own.
        """
        if self._others is not None:
            logits += self._others  # many times as fast as masked_fill_ with a mask that is broadcast
        return logits.log_softmax(-1).index_fill_(2, self._barred, float("-inf"))

    def end_only(
        self, log_probs: Float[Tensor, "batch beam columns"], at_limit: Bool[Tensor, " batch"]
    ) -> Float[Tensor, "batch beam columns"]:
        """Returns log-probabilities with -inf for all but the end mark in sentences that are as long as may be."""
        ends = torch.zeros(log_probs.shape[2], dtype=torch.bool, device=log_probs.device).index_fill_(
            0, self._end, True
        )
        return log_probs.masked_fill(at_limit[:, None, None] & ~ends, float("-inf"))

    def tokens(self, columns: Int[Tensor, "*shape"]) -> Int[Tensor, "*shape"]:
        """Returns the tokens of columns."""
        if self._words is None:
            return columns
        return self._words.tokens.index_select(0, columns.flatten()).view(columns.shape)


def answers_at_once(device: torch.device) -> bool:
    """Tells whether a look at a number is free; devices other than CPUs work behind and would have to be waited for."""
    return device.type == "cpu"


SMALLEST_BLOCK = 4
"""Blocks of fewer numbers are not worth while."""


def _of_best_blocks(values: Float[Tensor, "*rows n"], count: int) -> tuple[Tensor, Tensor] | None:
    """Returns some values of each row, the `count` largest among them, and their places; None if all would be as quick.

    They are those of the `count` blocks with the largest maxima; a block is every `n // size`-th number. With that many
    blocks `topk` looks for the best of these as fast as it can: torch has another way, a slower one, up to 64 * count.
    """
    columns = values.shape[-1]
    size = columns // (64 * (count + 1))
    if size < SMALLEST_BLOCK:
        return None
    blocks = columns // size
    whole = blocks * size
    best = values[..., :whole].view(*values.shape[:-1], size, blocks).amax(-2).topk(count, dim=-1, sorted=False).indices
    places = (best[..., None] + torch.arange(0, whole, blocks)).flatten(-2)
    if whole < columns:
        rest = torch.arange(whole, columns).expand(*places.shape[:-1], -1)
        places = torch.cat([places, rest], dim=-1)
    return values.gather(-1, places), places


def largest(values: Float[Tensor, "*rows n"]) -> tuple[Float[Tensor, "*rows"], Int[Tensor, "*rows"]]:
    """Returns the largest value of each row and its index; of equals the lowest."""
    if not answers_at_once(values.device) or values.dtype == torch.bfloat16:  # which numpy does not know
        return values.max(-1)
    index = torch.from_numpy(values.numpy().argmax(-1))  # in a fifth of the time of torch's
    return values.gather(-1, index[..., None])[..., 0], index


def best_candidates(
    continuations: Float[Tensor, "batch beam columns"],
    log_probs: Float[Tensor, "batch beam"],
    columns: Columns,
    count: int,
) -> Candidates:
    """Ranks all continuations of all hypotheses by log-probability, then hypothesis, then token id.

    Nothing that is returned is part of a much larger tensor, since searches keep some of it for long.

    Args:
        continuations: log-probability of each next token.
        log_probs: of the hypotheses so far, float64.
        columns: tells the tokens.
        count: how many to return (fewer if there are fewer).
    """
    if answers_at_once(continuations.device):
        best, parents, places = _ranked(continuations, log_probs, count + 1)
        equal = best[:, 1:] == best[:, :-1]
        if bool(equal.any()):  # as in some sentence of a large batch they are now and then
            tied = equal.any(1).nonzero()[:, 0]
            exact = _sorted(continuations[tied], log_probs[tied], count + 1)
            for found, part in zip((best, parents, places), exact, strict=True):
                found[tied] = part
    else:
        best, parents, places = _sorted(continuations, log_probs, count)
    return Candidates(best[:, :count], parents[:, :count], columns.tokens(places[:, :count]))


def _ranked(continuations: Tensor, log_probs: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Returns log-probabilities, hypotheses and columns of the `count` best; equals come in any order."""
    some = _of_best_blocks(continuations, count)
    found = continuations if some is None else some[0]
    totals = (found.double() + log_probs[:, :, None]).flatten(1)
    best, index = totals.topk(min(count, totals.shape[1]))
    size = found.shape[2]
    return best, index // size, index % size if some is None else some[1].flatten(1).gather(1, index)


def _sorted(continuations: Tensor, log_probs: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Returns what `_ranked` does, equals by hypothesis, then column."""
    values, places = (part[..., :count] for part in continuations.sort(dim=-1, descending=True, stable=True))
    totals = (values.double() + log_probs[:, :, None]).flatten(1)
    best, index = (part[:, :count].contiguous() for part in totals.sort(dim=1, descending=True, stable=True))
    return best, index // values.shape[2], places.flatten(1).gather(1, index)


def check(log_probs: Float[Tensor, "*shape"]) -> None:
    """Raises UserError if log-probabilities are no numbers, which a search could not end on."""
    if bool(log_probs.isnan().any()):
        raise UserError("the model gives logits that are no numbers: its training has diverged, or its file is damaged")
