"""From scores to weights: softmax, and two maps that give weights of exactly zero.

Softmax gives every real token some weight. Under sparsemax and entmax a token whose score lies far enough below the
largest gets none: so a local window's Gaussian, added to the scores, moves what is cut off rather than reweighting it.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

Normalizer = Callable[[Tensor, Tensor], Tensor]


def softmax(
    scores: Float[Tensor, "*batch target source"], mask: Bool[Tensor, "*#batch #target source"]
) -> Float[Tensor, "*batch target source"]:
    """w_s = exp z_s / sum_r exp z_r over the real tokens."""
    return torch.softmax(torch.where(mask, scores, float("-inf")), dim=-1)


def sparsemax(
    scores: Float[Tensor, "*batch target source"], mask: Bool[Tensor, "*#batch #target source"]
) -> Float[Tensor, "*batch target source"]:
    """w_s = max(z_s - tau, 0), tau such that they sum to one   (Martins & Astudillo 2016, algorithm 1)."""
    weights: Tensor = _Sparsemax.apply(scores.masked_fill(~mask, float("-inf")))  # type: ignore[no-untyped-call]
    return weights


def entmax15(
    scores: Float[Tensor, "*batch target source"], mask: Bool[Tensor, "*#batch #target source"]
) -> Float[Tensor, "*batch target source"]:
    """w_s = max(z_s / 2 - tau, 0)^2, tau such that they sum to one   (Peters et al. 2019, algorithm 2)."""
    weights: Tensor = _Entmax15.apply(scores.masked_fill(~mask, float("-inf")))  # type: ignore[no-untyped-call]
    return weights


NORMALIZERS: dict[str, Normalizer] = {"softmax": softmax, "sparsemax": sparsemax, "entmax15": entmax15}


def _from_top(scores: Tensor) -> Tensor:
    """Returns scores as distances from the largest, at most one below.

    What lies at -1 or deeper, padding with it, never has a weight. It must be left out by this rule: thresholds are
    rounded, and thousands of such tokens would each get a little.
    """
    precise = scores.to(torch.promote_types(scores.dtype, torch.float32))
    return (precise - precise.amax(-1, keepdim=True)).clamp(min=-1.0)


def _above(shifted: Tensor, tau: Tensor) -> Tensor:
    """Returns how far scores lie above the threshold, 0 for all others."""
    return (shifted - tau).clamp(min=0.0).masked_fill(shifted <= -1.0, 0.0)


class _Sparsemax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor) -> Tensor:
        shifted = _from_top(scores)
        ordered = shifted.sort(dim=-1, descending=True).values
        counts = torch.arange(1, shifted.shape[-1] + 1, dtype=shifted.dtype, device=shifted.device)
        above = ordered.cumsum(-1) - 1
        size = ((counts * ordered > above) & (ordered > -1.0)).sum(-1, keepdim=True).clamp(min=1)  # of the support
        tau = above.gather(-1, size - 1) / size
        weights = _above(shifted, tau).to(scores.dtype)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (weights,) = ctx.saved_tensors
        support = (weights > 0).to(grad.dtype)
        mean = (grad * support).sum(-1, keepdim=True) / support.sum(-1, keepdim=True)
        return torch.where(weights > 0, grad - mean, 0.0)


class _Entmax15(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor) -> Tensor:
        shifted = _from_top(scores / 2)
        ordered = shifted.sort(dim=-1, descending=True).values
        counts = torch.arange(1, shifted.shape[-1] + 1, dtype=shifted.dtype, device=shifted.device)
        mean = ordered.cumsum(-1) / counts
        variance = ordered.square().cumsum(-1) / counts - mean.square()
        # tau of the first c scores solves sum (z - tau)^2 = 1; the support ends where a score falls below its own tau.
        taus = mean - ((1 / counts) - variance).clamp(min=0.0).sqrt()
        size = ((taus <= ordered) & (ordered > -1.0)).sum(-1, keepdim=True).clamp(min=1)
        tau = taus.gather(-1, size - 1)
        found = _above(shifted, tau)  # a variance is a difference of near numbers, so one step of Newton's method:
        tau = tau + (found.square().sum(-1, keepdim=True) - 1) / (2 * found.sum(-1, keepdim=True))
        weights = _above(shifted, tau).square().to(scores.dtype)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (weights,) = ctx.saved_tensors
        slope = weights.sqrt()  # of each weight in its own score, which tau then shares out
        mean = (grad * slope).sum(-1, keepdim=True) / slope.sum(-1, keepdim=True)
        found: Tensor = slope * (grad - mean)
        return found
