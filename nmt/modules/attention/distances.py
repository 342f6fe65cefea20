"""Scores of nearness; q is a query, m a memory vector, k the key made of it."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nmt.config import SettingsError
from nmt.modules.attention.score import AttentionScore, register_score
from nmt.modules.attention.state import AttentionState


def squared_distances(
    query: Float[Tensor, "*batch target size"], keys: Float[Tensor, "*batch source size"]
) -> Float[Tensor, "*batch target source"]:
    """Returns |q|^2 + |k|^2 - 2 q . k, at least 0, in float32 or better; without a (target, source, size) tensor."""
    precise = torch.promote_types(query.dtype, torch.float32)
    query, keys = query.to(precise), keys.to(precise)
    products = query @ keys.transpose(-1, -2)
    squares = query.square().sum(-1)[..., :, None] + keys.square().sum(-1)[..., None, :]
    return torch.clamp(squares - 2 * products, min=0.0)


def distances(squared: Float[Tensor, "*batch target source"]) -> Float[Tensor, "*batch target source"]:
    """Returns square roots whose gradient is 0, instead of infinite, where they are 0."""
    apart = squared > 0
    return torch.where(apart, torch.where(apart, squared, 1.0).sqrt(), 0.0)


class _DistanceScore(AttentionScore):
    """What both have in common: a key as wide as the query, and a bandwidth 1 / beta that is learned."""

    def __init__(self, query_size: int, memory_size: int, scale: float) -> None:
        super().__init__()
        if not 0 < scale < math.inf:
            raise SettingsError(f"model.attention.options.scale={scale} is no number above 0")
        self.key = nn.Linear(memory_size, query_size, bias=False)
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))

    def project_keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        keys: Tensor = self.key(memory)
        return keys

    def _scaled(self, distance: Tensor, query: Tensor) -> Tensor:
        return (-self.log_scale.exp() * distance).to(query.dtype)


@register_score("euclidean")
class EuclideanScore(_DistanceScore):
    """score(q, k) = -beta |q - k|, k = W m, beta = exp b   (a Laplacian kernel: weights fall with the distance).

    Options: `scale`, beta at the start of training.
    """

    def __init__(self, query_size: int, memory_size: int, *, scale: float = 1.0) -> None:
        super().__init__(query_size, memory_size, scale)

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        keys: Float[Tensor, "batch source key"],
        state: AttentionState,
    ) -> Float[Tensor, "batch target source"]:
        return self._scaled(distances(squared_distances(query, keys)), query)


@register_score("squared_euclidean")
class SquaredEuclideanScore(_DistanceScore):
    """score(q, k) = -beta |q - k|^2, k = W m, beta = exp b   (a Gaussian kernel of variance 1 / (2 beta)).

    Weights are those of Nadaraya and Watson's kernel regression. Options: `scale`, beta at the start of training.
    """

    def __init__(self, query_size: int, memory_size: int, *, scale: float = 0.5) -> None:
        super().__init__(query_size, memory_size, scale)

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        keys: Float[Tensor, "batch source key"],
        state: AttentionState,
    ) -> Float[Tensor, "batch target source"]:
        return self._scaled(squared_distances(query, keys), query)
