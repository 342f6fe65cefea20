"""Scores by a small network on query, memory and features; q is a query, m a memory vector, k the key made of it."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nmt.config import SettingsError, at_least
from nmt.modules.attention.additive import additive_energy
from nmt.modules.attention.score import AttentionScore, register_score
from nmt.modules.attention.state import AttentionState
from nmt.modules.deferred import Linear


@register_score("additive")
class AdditiveScore(AttentionScore):
    """score(q, k) = v . tanh(W q + k), k = U m + b   (Bahdanau et al. 2015, section A.1.2).

    Features f of a step and source token, such as coverage, enter inside: v . tanh(W q + k + V f), as in Tu et al.
    2016, equation 6, and See et al. 2017, equation 11.

    Options: `size`, the width of the hidden layer; the query's by default.

    Args:
        query_size: width of the queries.
        memory_size: width of the memory.
        features: how many features there are; with one, `state.coverage` is it.
        size: an option.
        bias: whether there is a b.
    """

    has_bias = True

    def __init__(self, query_size: int, memory_size: int, features: int = 0, *, size: int | None = None) -> None:
        super().__init__()
        at_least(size, 1, "model.attention.options.size")
        hidden = query_size if size is None else size
        self.query = Linear(query_size, hidden, bias=False)
        self.key = nn.Linear(memory_size, hidden, bias=self.has_bias)
        self.energy = nn.Parameter(torch.empty(hidden).uniform_(-1, 1) * math.sqrt(3 / hidden))
        self.feature = nn.Linear(features, hidden, bias=False) if features else None

    def project_keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        keys: Tensor = self.key(memory)
        return keys

    def features(self, state: AttentionState) -> Float[Tensor, "batch target source feature"] | None:
        """Returns what the network reads beside query and keys."""
        return None if state.coverage is None else state.coverage[..., None]

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        keys: Float[Tensor, "batch source key"],
        state: AttentionState,
    ) -> Float[Tensor, "batch target source"]:
        weight = None if self.feature is None else self.feature.weight
        return additive_energy(self.query(query), keys, self.energy, self.features(state), weight)


@register_score("concat")
class ConcatScore(AdditiveScore):
    """score(q, k) = v . tanh(W [q; m]) = v . tanh(W1 q + k), k = W2 m   (Luong et al. 2015, equation 8, concat).

    The additive score without its bias. Options: `size`, as there.
    """

    has_bias = False


@register_score("location_aware")
class LocationAwareScore(AdditiveScore):
    """score = v . tanh(W q + k + V f), k = U m + b, f = F * last   (Chorowski et al. 2015, equations 8 and 9).

    F convolves the weights of the step before along the source. So teacher forcing goes step by step.

    Options: `channels` of F; `kernel_size`, odd, source tokens that each of them sees; `size`, the width of the hidden
    layer.
    """

    needs_history = True

    def __init__(
        self,
        query_size: int,
        memory_size: int,
        features: int = 0,
        *,
        size: int | None = None,
        channels: int = 10,
        kernel_size: int = 7,
    ) -> None:
        at_least(channels, 1, "model.attention.options.channels")
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise SettingsError(f"model.attention.options.kernel_size={kernel_size} is no odd number from 1 on")
        super().__init__(query_size, memory_size, features + channels, size=size)
        self.margin = kernel_size // 2
        self.filters = nn.Parameter(torch.empty(channels, 1, kernel_size).uniform_(-1, 1) * kernel_size**-0.5)

    def features(self, state: AttentionState) -> Float[Tensor, "batch target source feature"]:
        assert state.last is not None
        convolved = F.conv1d(state.last.flatten(0, 1)[:, None], self.filters).transpose(1, 2)  # (B T, S, channels)
        seen = convolved.view(*state.last.shape[:2], *convolved.shape[1:])
        return seen if state.coverage is None else torch.cat([seen, state.coverage[..., None]], dim=-1)
