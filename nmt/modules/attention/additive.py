"""The energy of additive attention without a (batch, target, source, size) tensor.

Autograd would keep tanh(q + k) of every target step for the backward pass. Here only query and keys are kept; tanh is
computed again there, in chunks of target steps.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

CHUNK_NUMBERS = 1 << 21
"""How many numbers a chunk of tanh(q + k) may hold."""


def additive_energy(
    query: Float[Tensor, "batch target size"], keys: Float[Tensor, "batch source size"], energy: Float[Tensor, " size"]
) -> Float[Tensor, "batch target source"]:
    """Returns energy . tanh(query_t + keys_s) for every t and s."""
    scores: Tensor = _AdditiveEnergy.apply(query, keys, energy)  # type: ignore[no-untyped-call]
    return scores


def _chunks(query: Tensor, keys: Tensor) -> list[slice]:
    batch, target, size = query.shape
    steps = max(1, CHUNK_NUMBERS // max(1, batch * keys.shape[1] * size))
    return [slice(start, start + steps) for start in range(0, target, steps)]


def _hidden(query: Tensor, keys: Tensor) -> Tensor:
    return (query[:, :, None] + keys[:, None]).tanh_()  # (B, chunk, S, size)


class _AdditiveEnergy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, keys: Tensor, energy: Tensor) -> Tensor:
        ctx.save_for_backward(query, keys, energy)
        chunks = [_hidden(query[:, part], keys) @ energy for part in _chunks(query, keys)]
        return chunks[0] if len(chunks) == 1 else torch.cat(chunks, dim=1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, keys, energy = ctx.saved_tensors
        grad_query, grad_keys = torch.empty_like(query), torch.zeros_like(keys)
        grad_energy = torch.zeros_like(energy)
        for part in _chunks(query, keys):
            hidden, inner = _hidden(query[:, part], keys), grad[:, part]  # (B, t, S, size), (B, t, S)
            grad_energy += inner.reshape(-1) @ hidden.view(-1, energy.numel())
            slope = hidden.square_().neg_().add_(1)  # of tanh
            grad_query[:, part] = (inner[:, :, None] @ slope)[:, :, 0] * energy
            grad_keys += torch.einsum("bts,btsd->bsd", inner, slope) if slope.shape[1] > 1 else _outer(inner, slope)
        return grad_query, grad_keys * energy, grad_energy


def _outer(inner: Tensor, slope: Tensor) -> Tensor:
    """The einsum of a single step, in place."""
    return slope[:, 0].mul_(inner[:, 0, :, None])
