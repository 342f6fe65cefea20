"""Local attention: each query sees a few source tokens around a centre, and nothing else is computed for it.

The keys and memories in the window of every query are copied together, so that one step costs what the window costs,
however long the source.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from nmt.modules.attention.state import AttentionState
from nmt.modules.deferred import Linear


class Windows(NamedTuple):
    """The windows of all queries; W = 2 D + 1 source tokens each.

    Attributes:
        places: source positions, those outside of the source moved to its ends.
        inside: True = a real token.
        starts: source position of the first one, which may lie before the source.
        bias: what is added to the scores, or None.
    """

    places: Int[Tensor, "batch target window"]
    inside: Bool[Tensor, "batch target window"]
    starts: Int[Tensor, "batch target"]
    bias: Float[Tensor, "batch target window"] | None

    def gather(self, values: Float[Tensor, "batch source size"]) -> Float[Tensor, "rows window size"]:
        """Returns what stands in each window, a row for each query of each sentence."""
        batch, source = values.shape[:2]
        offsets = torch.arange(0, batch * source, source, device=values.device)[:, None, None]
        flat = values.flatten(0, 1).index_select(0, (self.places + offsets).flatten())
        return flat.view(batch * self.places.shape[1], self.places.shape[2], values.shape[2])

    def state(self, state: AttentionState, margin: int) -> AttentionState:
        """Returns what a score may know, a row for each query of each sentence; `margin` is the score's."""
        batch, target = self.places.shape[:2]
        return AttentionState(
            mask=self.inside.flatten(0, 1),
            steps=state.positions.expand(batch, target).reshape(-1, 1),
            last=None if state.last is None else self._around(state.last, margin),
            total=self._rows(state.total),
            coverage=self._rows(state.coverage),
            places=self.places.flatten(0, 1),
        )

    def scatter(self, weights: Float[Tensor, "rows 1 window"], source: int) -> Float[Tensor, "batch target source"]:
        """Returns rows over the whole source, 0 outside of the windows."""
        batch, target, _ = self.places.shape
        return weights.new_zeros(batch, target, source).scatter_add(2, self.places, weights.view(self.places.shape))

    def _rows(self, values: Float[Tensor, "batch target source"] | None) -> Float[Tensor, "rows 1 window"] | None:
        return None if values is None else values.gather(2, self.places).flatten(0, 1)[:, None]

    def _around(self, values: Float[Tensor, "batch target around"], margin: int) -> Float[Tensor, "rows 1 near"]:
        """Returns windows with a margin, of values that have it on both ends."""
        size = self.places.shape[2] + 2 * margin
        places = self.starts[..., None] + torch.arange(size, device=values.device)
        found = values.gather(2, places.clamp(0, values.shape[2] - 1))
        return found.masked_fill((places < 0) | (places >= values.shape[2]), 0.0).flatten(0, 1)[:, None]


class LocalWindow(nn.Module):
    """local-m: the window of target position t is [t - D, t + D]   (Luong et al. 2015, section 3.2, monotonic).

    Beyond the end of the source it stays at its last token.
    """

    def __init__(self, query_size: int, size: int) -> None:
        super().__init__()
        self.query_size, self.size = query_size, size

    def centres(
        self, query: Float[Tensor, "batch target query"], state: AttentionState
    ) -> Float[Tensor, "batch target"] | Int[Tensor, "batch target"]:
        """Returns the source position that each query looks at, within the real tokens."""
        return torch.minimum(state.positions.expand(query.shape[:2]), state.lengths[:, None] - 1)

    def bias(
        self, centres: Float[Tensor, "batch target"] | Int[Tensor, "batch target"], places: Tensor
    ) -> Float[Tensor, "batch target window"] | None:
        """Returns what is added to the scores at `places` (batch, target, window)."""
        return None

    def forward(self, query: Float[Tensor, "batch target query"], state: AttentionState) -> Windows:
        """Returns the window of each query."""
        centres, lengths = self.centres(query, state), state.lengths[:, None, None]
        starts = centres.detach().round().long() - self.size
        places = starts[..., None] + torch.arange(2 * self.size + 1, device=query.device)
        inside = (places >= 0) & (places < lengths)
        bias = self.bias(centres, places)
        bias = None if bias is None else bias.to(query.dtype)
        return Windows(torch.minimum(places.clamp(min=0), lengths - 1), inside, starts, bias)


class PredictedWindow(LocalWindow):
    """local-p: p = (S - 1) sigmoid(v . tanh(W q)), the window is [p - D, p + D]   (Luong et al. 2015, equation 9).

    The Gaussian of his equation 10, exp(-(s - p)^2 / (2 sigma^2)) with sigma = D / 2, is added to the scores as its
    logarithm, before they are normalised: so weights still sum to one, which his do not. Positions count from 0 and the
    window is that around the nearest whole position.
    """

    def __init__(self, query_size: int, size: int) -> None:
        super().__init__(query_size, size)
        self.hidden = Linear(query_size, query_size, bias=False)
        self.place = Linear(query_size, 1, bias=False)

    def centres(
        self, query: Float[Tensor, "batch target query"], state: AttentionState
    ) -> Float[Tensor, "batch target"]:
        found = self.place(torch.tanh(self.hidden(query)))[..., 0]
        share = torch.sigmoid(found.to(torch.promote_types(found.dtype, torch.float32)))  # bfloat16 cannot count to 519
        return share * (state.lengths[:, None] - 1).to(share.dtype)

    def bias(
        self, centres: Float[Tensor, "batch target"] | Int[Tensor, "batch target"], places: Tensor
    ) -> Float[Tensor, "batch target window"]:
        distance = places.to(centres.dtype) - centres[..., None]
        return -distance.square() * (2 / self.size**2)  # 1 / (2 sigma^2)


WINDOWS: dict[str, type[LocalWindow]] = {"local_m": LocalWindow, "local_p": PredictedWindow}
