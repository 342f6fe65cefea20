"""What a search needs of a model, what it is given, and what it returns."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


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


class Words(NamedTuple):
    """The only tokens that translations of a batch are made of; the special ones are always among them.

    Attributes:
        tokens: ids in ascending order, what the columns of the model's logits stand for.
        allowed: which of them each sentence may be translated with; its probabilities are shared by these alone.
    """

    tokens: Int[Tensor, " columns"]
    allowed: Bool[Tensor, "batch columns"]


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
