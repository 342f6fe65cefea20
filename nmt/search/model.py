"""What a search needs of a model, what it is given, and what it returns."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nmt.config import UserError, Vocabulary


@runtime_checkable
class StepModel(Protocol):
    """A model that a search can drive.

    `source` and `state` are trees of named tuples and tuples of tensors. Every tensor of `source` has the batch in
    front, every tensor of `state` the batch and then the parallel hypotheses.
    """

    def start(self, source: Tensor, source_lengths: Tensor) -> tuple[Any, Any]:
        """Encodes (B,S) ids and returns `source` and the `state` of one hypothesis a sentence."""
        ...

    def step(self, tokens: Tensor, source: Any, state: Any) -> tuple[Tensor, Tensor, Any]:
        """Takes (B,W) tokens; returns logits (B,W,V), attention weights (B,W,S) and the new state."""
        ...


class Batch(NamedTuple):
    """Sources to translate.

    Attributes:
        source: token ids, right-padded, each with its end mark.
        source_lengths: real tokens, end mark counted.
    """

    source: Int[Tensor, "batch source"]
    source_lengths: Int[Tensor, " batch"]

    def max_lengths(self, max_length: int | None) -> Int[Tensor, " batch"]:
        """Returns the most pieces each translation may have, end mark not counted."""
        return 2 * self.source_lengths + 10 if max_length is None else torch.full_like(self.source_lengths, max_length)


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """One finished hypothesis.

    Attributes:
        tokens: target ids with the end mark last.
        log_prob: sum of the log-probabilities of all tokens, natural logarithm.
        score: `log_prob` over the length penalty; what hypotheses are ranked by.
        weights: attention weights of each token's step, (T, S), padding cut off.
    """

    tokens: list[int]
    log_prob: float
    score: float
    weights: Float[Tensor, "target source"]


def normalise(log_prob: float, length: int, length_penalty: float) -> float:
    """Returns log_prob / ((5 + T) / 6) ** length_penalty   (Wu et al. 2016, equation 14); T counts the end mark."""
    return log_prob / float(((5 + length) / 6) ** length_penalty)


def log_normaliser(logits: Float[Tensor, "batch target vocabulary"]) -> Float[Tensor, "batch target"]:
    """Returns the logarithm of the softmax's denominator, float64.

    Raises:
        UserError: the logits are no numbers, which a search could not end on.
    """
    found = logits.logsumexp(-1)
    if not bool(found.isfinite().all()):
        raise UserError("the model gives logits that are no numbers: its training has diverged, or its file is damaged")
    return found.double()


def forbid(
    logits: Float[Tensor, "batch target vocabulary"], vocabulary: Vocabulary, at_limit: Tensor
) -> Float[Tensor, "batch target vocabulary"]:
    """Returns logits with -inf for what may not follow: pad, bos and unk anywhere, all but the end mark at the limit.

    Args:
        logits: of the next token.
        vocabulary: names the special ids.
        at_limit: (B,) bool, True where a hypothesis is as long as it may be.
    """
    allowed = logits.clone()
    allowed[..., [vocabulary.pad_id, vocabulary.bos_id, vocabulary.unk_id]] = float("-inf")
    if bool(at_limit.any()):
        ending = allowed[at_limit][..., vocabulary.eos_id].clone()
        allowed[at_limit] = float("-inf")
        allowed[at_limit, :, vocabulary.eos_id] = ending
    return allowed
