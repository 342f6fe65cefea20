"""Scores that do not look at the memory: by position alone, and the same for all; controls for the others."""

import logging

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nmt.config import at_least
from nmt.modules.attention.score import AttentionScore, register_score
from nmt.modules.attention.state import AttentionState

log = logging.getLogger(__name__)

NOWHERE = -1e9
"""Score of a position that gets no weight; finite, so that a row of nothing else is uniform rather than no numbers."""


class _BlindScore(AttentionScore):
    """A score that needs no keys."""

    reads_keys = False

    def project_keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source 0"]:
        return memory[:, :, :0]


@register_score("location")
class LocationScore(_BlindScore):
    """score(q, s) = (W q)_s, by the position s of a source token alone   (Luong et al. 2015, section 3.1, location).

    Options: `max_positions`, rows of W; source tokens beyond get no weight.
    """

    def __init__(self, query_size: int, memory_size: int, *, max_positions: int = 200) -> None:
        super().__init__()
        at_least(max_positions, 1, "model.attention.options.max_positions")
        self.places = nn.Linear(query_size, max_positions, bias=False)

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        keys: Float[Tensor, "batch source 0"],
        state: AttentionState,
    ) -> Float[Tensor, "batch target source"]:
        most, source = self.places.out_features, state.mask.shape[1]
        if state.places is None:
            found = F.linear(query, self.places.weight[:source])
            if source <= most:
                return found
            if bool(state.mask[:, most:].any()):
                _say_beyond(most)
            return F.pad(found, (0, source - most), value=_nowhere(found.dtype))
        rows = self.places.weight[state.places.clamp(max=most - 1)]  # (B, S, query)
        beyond = state.places >= most
        if bool((beyond & state.mask).any()):
            _say_beyond(most)
        found = query @ rows.transpose(1, 2)
        return found.masked_fill(beyond[:, None], _nowhere(found.dtype))


def _nowhere(dtype: torch.dtype) -> float:
    """Returns NOWHERE, or what float16 has in its place."""
    return max(NOWHERE, torch.finfo(dtype).min / 2)


_said = set[int]()


def _say_beyond(most: int) -> None:
    """Says it once, also where batches are searched side by side."""
    if most in _said:
        return
    _said.add(most)
    log.warning("score 'location': source tokens beyond the first %d get no weight (max_positions)", most)


@register_score("uniform")
class UniformScore(_BlindScore):
    """score = 0: every source token has the same weight, and the context is the mean of the memory; a control."""

    reads_query = False

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        keys: Float[Tensor, "batch source 0"],
        state: AttentionState,
    ) -> Float[Tensor, "batch target source"]:
        return torch.zeros((*query.shape[:2], state.mask.shape[1]), dtype=query.dtype, device=query.device)
