"""Attention: scores made into weights, weights into contexts."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nmt.modules.attention.score import AttentionScore
from nmt.modules.attention.state import AttentionState


class Attended(NamedTuple):
    """What an attention gives back: contexts, and the weights they were made with (rows sum to one)."""

    context: Float[Tensor, "batch target memory"]
    weights: Float[Tensor, "batch target source"]


class Attention(nn.Module):
    """weights = softmax(score(query, keys)) over the real tokens; context = weights @ memory."""

    def __init__(self, score: AttentionScore) -> None:
        super().__init__()
        self.score = score

    @property
    def needs_history(self) -> bool:
        """Whether the score looks at earlier weights."""
        return self.score.needs_history

    def project_keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """Returns the keys of a sentence, to be computed once and passed to every call."""
        return self.score.project_keys(memory)

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        memory: Float[Tensor, "batch source memory"],
        keys: Float[Tensor, "batch source key"],
        state: AttentionState,
    ) -> Attended:
        """Attends from each query to the memory.

        Args:
            query: decoder states that ask.
            memory: encoder outputs, the values.
            keys: what `project_keys(memory)` gave.
            state: the mask, in which each row holds at least one real token, and what the score may know.
        """
        scores = self.score(query, keys, state)
        weights = torch.softmax(scores.masked_fill(~state.mask[:, None], float("-inf")), dim=-1)
        return Attended(weights @ memory, weights)
