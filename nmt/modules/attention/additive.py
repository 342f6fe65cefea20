"""The energy of additive attention without a (batch, target, source, size) tensor.

Autograd would keep tanh(q + k) of every target step for the backward pass. Here only query, keys and features are kept;
what follows is computed again there, in chunks of target steps. On CPUs torch's tanh takes four times as long as its
sigmoid, so tanh(x) is written as 2 sigmoid(2 x) - 1.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

CHUNK_NUMBERS = 1 << 21
"""How many numbers a chunk of sigmoid(2 (q + k)) may hold."""


def additive_energy(
    query: Float[Tensor, "batch target size"],
    keys: Float[Tensor, "batch source size"],
    energy: Float[Tensor, " size"],
    features: Float[Tensor, "batch target source feature"] | None = None,
    weight: Float[Tensor, "size feature"] | None = None,
) -> Float[Tensor, "batch target source"]:
    """Returns energy . tanh(query_t + keys_s + weight features_ts) for every t and s; features go with their weight.

    All of it is computed in the query's type, or in float32 where mixed precision has made that a half.
    """
    dtype = torch.promote_types(query.dtype, torch.float32)
    given = [None if one is None else one.to(dtype) for one in (query, keys, energy, features, weight)]
    scores: Tensor = _AdditiveEnergy.apply(*given)  # type: ignore[no-untyped-call]
    return scores


def _chunks(query: Tensor, keys: Tensor) -> list[slice]:
    batch, target, size = query.shape
    steps = max(1, CHUNK_NUMBERS // max(1, batch * keys.shape[1] * size))
    return [slice(start, start + steps) for start in range(0, target, steps)]


def _hidden(query: Tensor, keys: Tensor, features: Tensor | None = None, weight: Tensor | None = None) -> Tensor:
    """Returns h = sigmoid(2 (q + k + w f)), whose 2 h - 1 is the hidden layer."""
    found = torch.add(2 * query[:, :, None], keys[:, None], alpha=2)  # (B, chunk, S, size)
    if features is not None and weight is not None:
        found.view(-1, found.shape[-1]).addmm_(features.reshape(-1, features.shape[-1]), weight.T, alpha=2)
    return found.sigmoid_()


def _part(features: Tensor | None, part: slice) -> Tensor | None:
    return None if features is None else features[:, part]


class _AdditiveEnergy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, keys: Tensor, energy: Tensor, features: Tensor | None, weight: Tensor | None
    ) -> Tensor:
        ctx.save_for_backward(query, keys, energy, features, weight)
        twice = 2 * energy
        chunks = [
            # Not a product with a vector, where a row's sum depends on how many rows there are.
            _hidden(query[:, part], keys, _part(features, part), weight).mul_(twice).sum(-1)
            for part in _chunks(query, keys)
        ]
        return (chunks[0] if len(chunks) == 1 else torch.cat(chunks, dim=1)).sub_(energy.sum())

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        query, keys, energy, features, weight = ctx.saved_tensors
        grad_query, grad_keys = torch.empty_like(query), torch.zeros_like(keys)
        grad_energy = -grad.sum().expand(len(energy))
        grad_features = None if features is None else torch.empty_like(features)
        grad_weight = None if weight is None else torch.zeros_like(weight)
        scale = 4 * energy  # the slope of tanh is 4 h (1 - h)
        for part in _chunks(query, keys):
            inner = grad[:, part]  # (B, t, S)
            hidden = _hidden(query[:, part], keys, _part(features, part), weight)  # (B, t, S, size)
            grad_energy = grad_energy + 2 * (inner.reshape(-1) @ hidden.view(-1, len(energy)))
            slope = hidden.addcmul_(hidden, hidden, value=-1)
            grad_query[:, part] = (inner[:, :, None] @ slope)[:, :, 0] * scale
            if grad_features is not None and grad_weight is not None:
                grad_features[:, part] = inner[..., None] * (slope @ (scale[:, None] * weight))
                rows = (inner[..., None] * features[:, part]).flatten(0, 2)
                grad_weight += slope.flatten(0, 2).T @ rows
            grad_keys += torch.einsum("bts,btsd->bsd", inner, slope) if slope.shape[1] > 1 else _outer(inner, slope)
        scaled = None if grad_weight is None else grad_weight * scale[:, None]
        return grad_query, grad_keys * scale, grad_energy, grad_features, scaled


def _outer(inner: Tensor, slope: Tensor) -> Tensor:
    """The einsum of a single step, in place."""
    return slope[:, 0].mul_(inner[:, 0, :, None])
