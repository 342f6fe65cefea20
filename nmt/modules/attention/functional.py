"""Attention as plain functions of tensors or arrays, for scores that learn nothing: no module, no settings."""

import math
from collections.abc import Callable
from typing import Any, overload

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from nmt.config import SettingsError
from nmt.modules.attention.inputs import Inputs, read_inputs, refuse_score

Array = np.ndarray[Any, Any]


def dot(query: Float[Tensor, "*#batch target size"], keys: Float[Tensor, "*#batch source size"]) -> Tensor:
    """Returns q . k   (Luong et al. 2015, equation 8, dot)."""
    return query @ keys.transpose(-1, -2)


def scaled_dot(query: Float[Tensor, "*#batch target size"], keys: Float[Tensor, "*#batch source size"]) -> Tensor:
    """Returns q . k / sqrt(d)   (Vaswani et al. 2017, equation 1)."""
    return dot(query / math.sqrt(query.shape[-1]), keys)


def cosine(query: Float[Tensor, "*#batch target size"], keys: Float[Tensor, "*#batch source size"]) -> Tensor:
    """Returns (q . k) / (|q| |k|), 0 where a vector is zero   (Graves et al. 2014, equation 6)."""
    return dot(_unit(query), _unit(keys))


def euclidean(query: Float[Tensor, "*#batch target size"], keys: Float[Tensor, "*#batch source size"]) -> Tensor:
    """Returns -|q - k|; its gradient is 0 where q = k."""
    # Differences, not |q|^2 + |k|^2 - 2 q.k: near vectors far from the origin keep their distance. Even so the kernel
    # makes no (target, source, size) tensor.
    return -torch.cdist(query, keys, compute_mode="donot_use_mm_for_euclid_dist")


def squared_euclidean(
    query: Float[Tensor, "*#batch target size"], keys: Float[Tensor, "*#batch source size"]
) -> Tensor:
    """Returns -|q - k|^2."""
    return -euclidean(query, keys).square()


PLAIN_SCORES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "dot": dot,
    "scaled_dot": scaled_dot,
    "cosine": cosine,
    "euclidean": euclidean,
    "squared_euclidean": squared_euclidean,
}


@overload
def attention_weights(
    query: Float[Tensor, "*batch target size"],
    keys: Float[Tensor, "*batch source size"],
    score: str = ...,
    mask: Bool[Tensor, "*batch source"] | None = ...,
    temperature: float = ...,
) -> Float[Tensor, "*batch target source"]: ...


@overload
def attention_weights(
    query: Float[Array, "*batch target size"],
    keys: Float[Array, "*batch source size"],
    score: str = ...,
    mask: Bool[Array, "*batch source"] | None = ...,
    temperature: float = ...,
) -> Float[Array, "*batch target source"]: ...


def attention_weights(
    query: Any, keys: Any, score: str = "cosine", mask: Any = None, temperature: float | int = 1.0
) -> Any:
    """Returns how much each query attends to each key: weights_ts = exp(score_ts / temperature), brought to a sum of 1.

    Any number of leading dimensions may stand before (T, d), also none. Those of keys and mask broadcast to those of
    the query. What is returned has the type and dtype of the query; half precision is computed in single.

    Args:
        query: (..., T, d) what asks; one vector (d,) gives weights (S,).
        keys: (..., S, d) what is compared with it, of the same type and dtype.
        score: `cosine`, `dot`, `scaled_dot` (1 / sqrt(d)), `euclidean` (-|q - k|) or `squared_euclidean` (-|q - k|^2).
        mask: (..., S) True = use; all False gives weights of 0. With as many dimensions as the weights, (..., T, S), it
            holds for each query of its own: `np.tri(T, dtype=bool)` lets nothing look ahead.
        temperature: what scores are divided by; below 1 weights get sharper, above 1 more even.

    Raises:
        SettingsError: (a ValueError) shapes, types, score or temperature that do not fit, in one line.
    """
    inputs = read_inputs(query, keys, None, mask)
    return inputs.give_back(_weights(inputs, score, temperature))


@overload
def attend(
    query: Float[Tensor, "*batch target size"],
    keys: Float[Tensor, "*batch source size"],
    values: Float[Tensor, "*batch source value"],
    score: str = ...,
    mask: Bool[Tensor, "*batch source"] | None = ...,
    temperature: float = ...,
) -> tuple[Float[Tensor, "*batch target value"], Float[Tensor, "*batch target source"]]: ...


@overload
def attend(
    query: Float[Array, "*batch target size"],
    keys: Float[Array, "*batch source size"],
    values: Float[Array, "*batch source value"],
    score: str = ...,
    mask: Bool[Array, "*batch source"] | None = ...,
    temperature: float = ...,
) -> tuple[Float[Array, "*batch target value"], Float[Array, "*batch target source"]]: ...


def attend(
    query: Any, keys: Any, values: Any, score: str = "cosine", mask: Any = None, temperature: float | int = 1.0
) -> Any:
    """Returns (context, weights): context_t = sum over s of weights_ts * values_s.

    `attend(x, x, x)` is the attention of a sequence over itself.

    Args:
        query: (..., T, d) what asks; one vector (d,) gives a context (m,).
        keys: (..., S, d) what is compared with it.
        values: (..., S, m) what contexts are made of.
        score: as for `attention_weights`, and so are the other two.
        mask: True = use; a query that may use nothing gets a context of zeros.
        temperature: what scores are divided by.

    Raises:
        SettingsError: (a ValueError) shapes, types, score or temperature that do not fit, in one line.
    """
    inputs = read_inputs(query, keys, values, mask)
    weights = _weights(inputs, score, temperature)
    assert inputs.values is not None
    return inputs.give_back(weights @ inputs.values), inputs.give_back(weights)


def _weights(inputs: Inputs, score: str, temperature: float | int) -> Tensor:
    if score not in PLAIN_SCORES:
        refuse_score(score, PLAIN_SCORES)
    if not 0 < temperature < math.inf:
        raise SettingsError(f"temperature={temperature} is no number above 0: 1.0 leaves scores as they are")
    return _softmax(PLAIN_SCORES[score](inputs.query, inputs.keys), inputs.mask, float(temperature))


def _softmax(scores: Tensor, mask: Tensor | None, temperature: float) -> Tensor:
    """Returns the softmax of scores / temperature over what the mask leaves; zeros where it leaves nothing."""
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    if not scores.shape[-1]:
        return scores
    top = scores.detach().amax(-1, keepdim=True)
    below = scores - top.masked_fill(top == -math.inf, 0.0)
    # Divided only now, so that no temperature is so low that the largest score becomes infinite.
    powers = (below / max(temperature, torch.finfo(scores.dtype).tiny)).exp()
    total = powers.sum(-1, keepdim=True)
    return powers / total.masked_fill(total == 0, 1.0)


def _unit(vectors: Tensor) -> Tensor:
    """Returns vectors of length one; a zero vector stays zero, with a gradient of zero."""
    # Squares of very small and very large numbers are no numbers any more. The divisor counts as a constant in the
    # gradient, which is exact because the result does not depend on it.
    largest = vectors.detach().abs().amax(-1, keepdim=True)
    some = largest > 0
    return F.normalize(torch.where(some, vectors / torch.where(some, largest, 1.0), 0.0), dim=-1)
