"""Forced decoding: the log-probabilities and the attention that a model gives to targets it did not choose."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nmt.config import Vocabulary
from nmt.search.model import Batch

PLACES = 512
"""Of how many source tokens logits are held at a time."""


@runtime_checkable
class ForcedModel(Protocol):
    """A model that runs given targets."""

    def __call__(self, source: Tensor, source_lengths: Tensor, target_input: Tensor) -> Any:
        """Returns an object with `attentional` (B,T,H) and `weights` (B,T,S)."""
        ...

    def output(self, attentional: Tensor) -> Tensor:
        """Returns logits (..., V) of attentional vectors (..., H)."""
        ...


@runtime_checkable
class PlacesModel(Protocol):
    """A model that tells what it would predict if it looked at one place of the source alone."""

    def start(self, source: Tensor, source_lengths: Tensor) -> tuple[Any, Any]:
        """Returns sources with their `mask` (B,S), and the state before the first step."""
        ...

    def advance(self, tokens: Tensor, source: Any, state: Any) -> Any:
        """Returns an object with `weights` (B,1,S) and the `state` after a step that reads tokens (B,1)."""
        ...

    def at_each_place(self, tokens: Tensor, source: Any, state: Any) -> Tensor:
        """Returns vectors (B,S,H) that predict the next token from each place, given the state after the step."""
        ...

    def output(self, attentional: Tensor) -> Tensor:
        """Returns logits (..., V) of vectors (..., H)."""
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


@torch.no_grad()
def posterior_weights(
    model: PlacesModel, batch: Batch, target: Int[Tensor, "batch target"], vocabulary: Vocabulary
) -> Float[Tensor, "batch target source"]:
    """Returns where right-padded targets come from, given that they are what they are.

    Attention is what a model expects before it sees a token. The posterior weighs each source token by how probable
    it would make the token if it alone were looked at: p(s | y_t) ~ weights_ts p(y_t | y_<t, context = memory_s) (Deng
    et al. 2018, section 3; Shankar and Sarawagi 2019, equation 4). Rows sum to one; weights of 0 stay 0.
    """
    source, state = model.start(batch.source, batch.source_lengths)
    rows = []
    for read, token in zip(torch.split(shift_right(target, vocabulary.bos_id), 1, 1), target.unbind(1), strict=True):
        decoded = model.advance(read, source, state)
        state = decoded.state
        likely = _log_probs(model, model.at_each_place(read, source, state), token, source.mask)
        rows.append(torch.softmax(decoded.weights[:, 0].log() + likely, dim=-1))
    return torch.stack(rows, dim=1)


def _log_probs(
    model: PlacesModel,
    places: Float[Tensor, "batch source hidden"],
    tokens: Int[Tensor, " batch"],
    mask: Bool[Tensor, "batch source"],
) -> Float[Tensor, "batch source"]:
    """Returns the log-probability of each sentence's token at each of its places, 0 at padding."""
    found = places.new_zeros(mask.shape)
    rows, columns = mask.nonzero(as_tuple=True)
    for part in zip(torch.split(rows, PLACES), torch.split(columns, PLACES), strict=True):
        logits = model.output(places[part])
        found[part] = logits.gather(1, tokens[part[0]][:, None])[:, 0] - logits.logsumexp(-1)
    return found
