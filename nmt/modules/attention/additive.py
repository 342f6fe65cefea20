"""The energy of additive attention without a (batch, target, source, size) tensor.

Autograd would keep tanh(q + k) of every target step for the backward pass. Here only query, keys and features are kept;
tanh is computed again there, in chunks of target steps.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

CHUNK_NUMBERS = 1 << 21
"""How many numbers a chunk of tanh(q + k) may hold."""


def additive_energy(
    query: Float[Tensor, "batch target size"],
    keys: Float[Tensor, "batch source size"],
    energy: Float[Tensor, " size"],
    features: Float[Tensor, "batch target source feature"] | None = None,
    weight: Float[Tensor, "size feature"] | None = None,
) -> Float[Tensor, "batch target source"]:
    """Returns energy . tanh(query_t + keys_s + weight features_ts) for every t and s; features go with their weight.

    All of it is computed in the query's type: in mixed precision projections are half, parameters and features are not.
    """
    others = [None if one is None else one.to(query.dtype) for one in (keys, energy, features, weight)]
    scores: Tensor = _AdditiveEnergy.apply(query, *others)  # type: ignore[no-untyped-call]
    return scores


def _chunks(query: Tensor, keys: Tensor) -> list[slice]:
    batch, target, size = query.shape
    steps = max(1, CHUNK_NUMBERS // max(1, batch * keys.shape[1] * size))
    return [slice(start, start + steps) for start in range(0, target, steps)]


def _hidden(query: Tensor, keys: Tensor, features: Tensor | None = None, weight: Tensor | None = None) -> Tensor:
    found = query[:, :, None] + keys[:, None]  # (B, chunk, S, size)
    if features is not None and weight is not None:
        found.view(-1, found.shape[-1]).addmm_(features.reshape(-1, features.shape[-1]), weight.T)
    return found.tanh_()


def _part(features: Tensor | None, part: slice) -> Tensor | None:
    return None if features is None else features[:, part]


class _AdditiveEnergy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, keys: Tensor, energy: Tensor, features: Tensor | None, weight: Tensor | None
    ) -> Tensor:
        ctx.save_for_backward(query, keys, energy, features, weight)
        chunks = [
            _hidden(query[:, part], keys, _part(features, part), weight) @ energy for part in _chunks(query, keys)
        ]
        return chunks[0] if len(chunks) == 1 else torch.cat(chunks, dim=1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        query, keys, energy, features, weight = ctx.saved_tensors
        grad_query, grad_keys = torch.empty_like(query), torch.zeros_like(keys)
        grad_energy = torch.zeros_like(energy)
        grad_features = None if features is None else torch.empty_like(features)
        grad_weight = None if weight is None else torch.zeros_like(weight)
        for part in _chunks(query, keys):
            inner = grad[:, part]  # (B, t, S)
            hidden = _hidden(query[:, part], keys, _part(features, part), weight)  # (B, t, S, size)
            grad_energy += inner.reshape(-1) @ hidden.view(-1, energy.numel())
            slope = hidden.square_().neg_().add_(1)  # of tanh
            grad_query[:, part] = (inner[:, :, None] @ slope)[:, :, 0] * energy
            if grad_features is not None and grad_weight is not None:
                grad_features[:, part] = inner[..., None] * (slope @ (energy[:, None] * weight))
                rows = (inner[..., None] * features[:, part]).flatten(0, 2)
                grad_weight += slope.flatten(0, 2).T @ rows
            grad_keys += torch.einsum("bts,btsd->bsd", inner, slope) if slope.shape[1] > 1 else _outer(inner, slope)
        scaled = None if grad_weight is None else grad_weight * energy[:, None]
        return grad_query, grad_keys * energy, grad_energy, grad_features, scaled


def _outer(inner: Tensor, slope: Tensor) -> Tensor:
    """The einsum of a single step, in place."""
    return slope[:, 0].mul_(inner[:, 0, :, None])
