"""Forced decoding: the log-probabilities and the attention that a model gives to targets it did not choose."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nmt.config import Vocabulary
from nmt.search.model import Batch


@runtime_checkable
class ForcedModel(Protocol):
    """A model that runs given targets."""

    def __call__(self, source: Tensor, source_lengths: Tensor, target_input: Tensor) -> Any:
        """Returns an object with `attentional` (B,T,H) and `weights` (B,T,S)."""
        ...

    def output(self, attentional: Tensor) -> Tensor:
        """Returns logits (..., V) of attentional vectors (..., H)."""
        ...


class Forced(NamedTuple):
    """What a model says of given targets; what stands at padding means nothing.

    Attributes:
        log_probs: log-probability of each target token, float64.
        weights: attention weights of each target token's step.
    """

    log_probs: Float[Tensor, "batch target"]
    weights: Float[Tensor, "batch target source"]


def shift_right(target: Int[Tensor, "batch target"], bos_id: int) -> Int[Tensor, "batch target"]:
    """Returns decoder inputs: the start mark, then all target tokens but the last."""
    return torch.cat([torch.full_like(target[:, :1], bos_id), target[:, :-1]], dim=1)


@torch.no_grad()
def forced_decode(
    model: ForcedModel, batch: Batch, target: Int[Tensor, "batch target"], vocabulary: Vocabulary
) -> Forced:
    """Scores right-padded targets, each with its end mark."""
    decoded = model(batch.source, batch.source_lengths, shift_right(target, vocabulary.bos_id))
    log_probs = []
    for attentional, tokens in zip(decoded.attentional, target, strict=True):  # one sentence's logits at a time
        logits = model.output(attentional)
        chosen = logits.gather(1, tokens[:, None])[:, 0]
        log_probs.append(chosen.double() - logits.logsumexp(-1).double())
    return Forced(torch.stack(log_probs), decoded.weights)


@torch.no_grad()
def forced_weights(
    model: ForcedModel, batch: Batch, target: Int[Tensor, "batch target"], vocabulary: Vocabulary
) -> Float[Tensor, "batch target source"]:
    """Returns the attention weights of right-padded targets alone, without the cost of the output layer."""
    found: Tensor = model(batch.source, batch.source_lengths, shift_right(target, vocabulary.bos_id)).weights
    return found
