"""What an attention score may know beside query and keys."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class AttentionState(NamedTuple):
    """Passed into every call of a score; nothing is kept on modules.

    T, the target axis, holds successive steps in a training loop and parallel hypotheses in search. Within a window
    each query of each sentence is a row of its own, its few source tokens are the source axis, and T is 1.

    Attributes:
        mask: True = real token.
        steps: target positions of the queries: those that follow each other, or (B, T) of them; see `positions`.
        last: weights of the step before, or None for a score that needs no history. A score with a `margin` gets so
            many positions more on either side, 0 beyond the ends of the sentence.
        total: weights summed over all steps before, or None.
        coverage: how far each source token has been attended to already, or None without `model.attention.coverage`.
        places: source positions of the keys, counted from 0; None when they are 0, 1, 2 and so on.
    """

    mask: Bool[Tensor, "batch source"]
    steps: range | Int[Tensor, "#batch #target"]
    last: Float[Tensor, "batch target around"] | None = None
    total: Float[Tensor, "batch target source"] | None = None
    coverage: Float[Tensor, "batch target source"] | None = None
    places: Int[Tensor, "batch source"] | None = None

    @property
    def positions(self) -> Int[Tensor, "#batch #target"]:
        """Target positions of the queries, counted from 0; (1, 1) when all of them stand at one step."""
        if isinstance(self.steps, range):
            return torch.arange(self.steps.start, self.steps.stop, device=self.mask.device)[None]
        return self.steps

    @property
    def lengths(self) -> Int[Tensor, " batch"]:
        """Real tokens of each source, end mark counted."""
        return self.mask.sum(1)


class AttentionHistory(NamedTuple):
    """What an attention hands back after a step, and takes at the next one.

    Attributes:
        steps: how many steps are done.
        last: weights of the last step, or None where no score asks for them.
        total: weights summed over all steps, or None.
    """

    steps: int = 0
    last: Float[Tensor, "batch target source"] | None = None
    total: Float[Tensor, "batch target source"] | None = None

    @classmethod
    def start(cls, mask: Bool[Tensor, "batch source"], wanted: bool, dtype: torch.dtype) -> "AttentionHistory":
        """Returns the history before the first step: zeros, or nothing if none is wanted."""
        empty = torch.zeros(mask.shape, dtype=dtype, device=mask.device)[:, None] if wanted else None
        return cls(0, empty, empty)

    def state(self, mask: Bool[Tensor, "batch source"], successive: int = 1) -> AttentionState:
        """Returns what a score may know at this step, or at `successive` steps from this one on."""
        return AttentionState(mask, range(self.steps, self.steps + successive), self.last, self.total)

    def after(self, weights: Float[Tensor, "batch target source"], successive: int = 1) -> "AttentionHistory":
        """Returns the history after `successive` steps that gave `weights`."""
        if self.last is None or self.total is None:
            return AttentionHistory(self.steps + successive)
        return AttentionHistory(self.steps + successive, weights, self.total + weights)
