"""Attention whose last bits do not depend on what else is computed with it."""

from jaxtyping import Float
from torch import Tensor, nn

from nmt.modules.attention.layer import Attended, Attention
from nmt.modules.attention.state import AttentionState


class PreciseAttention(nn.Module):
    """An attention that computes in float64, between decoders that compute in float32.

    How a sum of products is ordered, and so its last bits, depends on how many rows are multiplied together. Rounded to
    float32 again, sums of float64 do not show that; so what is rounded to 8 bits next is the same in any company.
    """

    aligns = True

    def __init__(self, attention: Attention) -> None:
        super().__init__()
        self.exact = attention.double()

    @property
    def needs_history(self) -> bool:
        """Whether earlier weights are looked at."""
        return self.exact.needs_history

    def project_keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """Returns the keys of a sentence."""
        return self.exact.project_keys(memory.double())

    def project_values(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source memory"]:
        """Returns what contexts are made of."""
        return self.exact.project_values(memory.double())

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        memory: Float[Tensor, "batch source memory"],
        keys: Float[Tensor, "batch source key"],
        state: AttentionState,
        temperature: float | None = None,
    ) -> Attended:
        """Attends from each query to the memory; see `Attention`."""
        if state.last is not None and state.total is not None:
            state = state._replace(last=state.last.double(), total=state.total.double())
        found: Attended = self.exact(query.double(), memory, keys, state, temperature)
        return Attended(found.context.type_as(query), found.weights.type_as(query))
