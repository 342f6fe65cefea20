"""Coverage: the score knows how much weight each source token has had so far."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

MOST_FERTILE = 2.0
"""The largest fertility, N in Tu et al. 2016."""


class Coverage(nn.Module):
    """c_s = sum of the weights of token s over the steps before, over its fertility.

    `sum`: a fertility of one (See et al. 2017, equation 10). `fertility`: N sigmoid(u . m_s), N = 2   (Tu et al. 2016,
    section 3.1.1, equations 8 and 9).

    In an additive energy coverage is a feature inside of the tanh, as in both papers. To any other score
    c_s (w . q) is added: for products of queries and keys this is the same as c_s w added to the key.
    """

    def __init__(self, kind: str, memory_size: int, query_size: int, heads: int) -> None:
        super().__init__()
        self.fertility = nn.Linear(memory_size, 1, bias=False) if kind == "fertility" else None
        self.weight = nn.Parameter(torch.zeros(heads, query_size)) if query_size else None

    @property
    def key_size(self) -> int:
        """How many numbers a source token has in the keys."""
        return 0 if self.fertility is None else 1

    def project_keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """Returns the fertility of each source token, if it is predicted."""
        if self.fertility is None:
            return memory[:, :, :0]
        return MOST_FERTILE * torch.sigmoid(self.fertility(memory))

    def forward(
        self, total: Float[Tensor, "batch target source"], keys: Float[Tensor, "batch source key"]
    ) -> Float[Tensor, "batch target source"]:
        """Returns the coverage of each source token."""
        return total if self.fertility is None else total / keys[:, None, :, 0]

    def add(
        self,
        head: int,
        scores: Float[Tensor, "batch target source"],
        query: Float[Tensor, "batch target query"],
        coverage: Float[Tensor, "batch target source"],
    ) -> Float[Tensor, "batch target source"]:
        """Returns the scores of a head with what coverage adds to them; as they are if the score itself reads it."""
        return scores if self.weight is None else scores + coverage * (query @ self.weight[head])[..., None]
