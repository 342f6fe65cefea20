"""Scores of content: products and angles. One class, one formula; q is a query, m a memory vector, k the key of it."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nmt.config import SettingsError
from nmt.modules.attention.score import AttentionScore, register_score
from nmt.modules.attention.state import AttentionState
from nmt.modules.deferred import compare


@register_score("dot")
class DotScore(AttentionScore):
    """score(q, k) = q . k, k = m   (Luong et al. 2015, equation 8, dot). Query and memory must be equally wide."""

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        if query_size != memory_size:
            raise SettingsError(
                f"this score compares a query of {query_size} with a memory of {memory_size}: make model.decoder_size "
                "as wide as the memory (twice model.encoder_size, or once with model.encoder_merge=sum), or use "
                "model.attention.score=general"
            )

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        keys: Float[Tensor, "batch source key"],
        state: AttentionState,
    ) -> Float[Tensor, "batch target source"]:
        return compare(query, keys)


@register_score("scaled_dot")
class ScaledDotScore(DotScore):
    """score(q, k) = scale * q . k, k = m; the scale is learned from 1 / sqrt(d)   (Vaswani et al. 2017, equation 1)."""

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__(query_size, memory_size)
        self.scale = nn.Parameter(torch.tensor(query_size**-0.5))

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        keys: Float[Tensor, "batch source key"],
        state: AttentionState,
    ) -> Float[Tensor, "batch target source"]:
        return super().forward(query * self.scale, keys, state)


@register_score("general")
class GeneralScore(AttentionScore):
    """score(q, k) = q . k, k = W m   (Luong et al. 2015, equation 8, general)."""

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.key = nn.Linear(memory_size, query_size, bias=False)

    def project_keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        keys: Tensor = self.key(memory)
        return keys

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        keys: Float[Tensor, "batch source key"],
        state: AttentionState,
    ) -> Float[Tensor, "batch target source"]:
        return compare(query, keys)


@register_score("cosine")
class CosineScore(AttentionScore):
    """score(q, k) = beta * (q . k) / (|q| |k|), k = W m   (Graves et al. 2014, equations 5 and 6).

    A cosine lies in [-1, 1], which alone gives nearly uniform weights; the key strength beta, an inverse temperature,
    is learned and bounded: beta = max_scale * sigmoid(b). The largest weight over n source tokens is at most
    exp(2 beta) / (exp(2 beta) + n - 1).

    Options: `scale`, beta at the start of training; `max_scale`, its upper bound.
    """

    def __init__(self, query_size: int, memory_size: int, *, scale: float = 10.0, max_scale: float = 50.0) -> None:
        super().__init__()
        if not 0 < scale < max_scale < math.inf:
            raise SettingsError(f"model.attention.options: scale={scale} must lie between 0 and max_scale={max_scale}")
        self.max_scale = float(max_scale)
        self.key = nn.Linear(memory_size, query_size, bias=False)
        self.strength = nn.Parameter(torch.tensor(math.log(scale / (max_scale - scale))))

    def project_keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        return _directions(self.key(memory))

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        keys: Float[Tensor, "batch source key"],
        state: AttentionState,
    ) -> Float[Tensor, "batch target source"]:
        beta = self.max_scale * torch.sigmoid(self.strength)
        return compare(beta * _directions(query), keys)


def _directions(vectors: Tensor) -> Tensor:
    """Returns vectors of length 1, those of length 0 as they are; in float32 or better, where 1e-12 is not 0."""
    return F.normalize(vectors.to(torch.promote_types(vectors.dtype, torch.float32)), dim=-1).to(vectors.dtype)
