"""How the tests of attention ask one: vectors, masks, and a history that is random, but the same in any company."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nmt.config import AttentionSettings, build
from nmt.modules.attention import Attended, Attention, AttentionState, NoAttention, build_attention
from tests.unit.models import randomise


def vectors(seed: int, *shape: int) -> Tensor:
    """Returns random numbers, float64."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def mask_of(lengths: Sequence[int], width: int | None = None) -> Tensor:
    """Returns True for the real tokens of sentences of these lengths."""
    return torch.arange(width or max(lengths)) < torch.tensor(lengths)[:, None]


def earlier_weights(mask: Tensor, target: int, seed: int = 0) -> Tensor:
    """Returns weights (B,T,S) over the real tokens, each of them a function of its place and the sentence's length."""
    columns = 7.0 * torch.arange(mask.shape[1])
    code = 3.0 * mask.sum(1)[:, None, None] + 5.0 * torch.arange(target)[:, None] + columns + seed
    raw = (1.1 + torch.sin(code.double())) * mask[:, None]
    return raw / raw.sum(-1, keepdim=True)


def state_of(mask: Tensor, target: int, dtype: torch.dtype = torch.float64) -> AttentionState:
    """Returns a state of `target` hypotheses at successive positions, each with a history of its own."""
    last, total = earlier_weights(mask, target), 3 * earlier_weights(mask, target, seed=1)
    return AttentionState(mask, torch.arange(target)[None], last.to(dtype), total.to(dtype))


def build_layer(query_size: int, memory_size: int, seed: int = 2, std: float = 0.6, **settings: Any) -> Attention:
    """Returns an attention with these settings, in float64, with every parameter drawn."""
    found = build_attention(build(AttentionSettings, settings, "model.attention"), query_size, memory_size)
    assert isinstance(found, Attention)
    randomise(found.double(), seed, std)
    return found


def attend(
    layer: Attention | NoAttention,
    query: Tensor,
    memory: Tensor,
    mask: Tensor,
    state: AttentionState | None = None,
    temperature: float | None = None,
) -> Attended:
    """Asks a layer with a state of `state_of`, or another."""
    state = state or state_of(mask, query.shape[1], memory.dtype)
    found: Attended = layer(query, layer.project_values(memory), layer.project_keys(memory), state, temperature)
    return found


def gradients(output: Tensor, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Returns gradients of a scalar; 0 for what it does not depend on."""
    if not output.requires_grad:
        return [torch.zeros_like(one) for one in inputs]
    return list(torch.autograd.grad(output, list(inputs), allow_unused=True, materialize_grads=True))
