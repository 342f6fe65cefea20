"""Attention: scores made into weights, weights into contexts."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nmt.modules import deferred
from nmt.modules.attention.coverage import Coverage
from nmt.modules.attention.normalizers import Normalizer, softmax
from nmt.modules.attention.score import AttentionScore
from nmt.modules.attention.state import AttentionState
from nmt.modules.attention.window import LocalWindow
from nmt.modules.dropout import dropout


class Attended(NamedTuple):
    """What an attention gives back: contexts, and the weights they were made with (rows sum to one)."""

    context: Float[Tensor, "batch target memory"]
    weights: Float[Tensor, "batch target source"]


class Heads(nn.Module):
    """Projections of query, memory and values for heads, each 1 / H as wide (Vaswani et al. 2017, section 3.2.2).

    What a score does not look at is not projected: no gradient would reach the projection.
    """

    def __init__(self, count: int, query_size: int, memory_size: int, score: type[AttentionScore]) -> None:
        super().__init__()
        self.count = count
        self.query = deferred.Linear(query_size, query_size, bias=False) if score.reads_query else nn.Identity()
        self.key = nn.Linear(memory_size, memory_size, bias=False) if score.reads_keys else nn.Identity()
        self.value = nn.Linear(memory_size, memory_size, bias=False)


class Attention(nn.Module):
    """weights = normalise(score(query, keys) / temperature + log window); context = weights @ memory.

    Attention dropout acts on the contexts alone: the weights that are returned are whole. With several heads they are
    the mean of the heads' weights, and contexts are those of all heads side by side.

    Args:
        scores: one for each head.
        heads: projections, with more than one head.
        normalizer: makes weights of scores.
        window: what each query sees; everything by default.
        coverage: what scores know of the steps before; nothing by default.
        temperature: what scores are divided by.
        dropout: share of the weights that contexts are made without, in training.
    """

    aligns = True
    """Whether its weights say anything."""

    def __init__(
        self,
        scores: AttentionScore | Sequence[AttentionScore],
        *,
        heads: Heads | None = None,
        normalizer: Normalizer = softmax,
        window: LocalWindow | None = None,
        coverage: Coverage | None = None,
        temperature: float = 1.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.score = scores if isinstance(scores, AttentionScore) else nn.ModuleList(scores)
        self.heads, self.window, self.coverage = heads, window, coverage
        self.normalizer, self.temperature, self.dropout = normalizer, temperature, dropout

    @property
    def needs_history(self) -> bool:
        """Whether earlier weights are looked at."""
        return self._first.needs_history or self.coverage is not None

    @property
    def _first(self) -> AttentionScore:
        return self._scores()[0]

    def project_keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source key"]:
        """Returns the keys of a sentence, to be computed once and passed to every call: those of all heads in a row."""
        parts = [memory] if self.heads is None else self.heads.key(memory).chunk(self.heads.count, dim=-1)
        keys = [score.project_keys(part) for score, part in zip(self._scores(), parts, strict=True)]
        if self.coverage is not None and self.coverage.key_size:
            keys.append(self.coverage.project_keys(memory))
        return keys[0] if len(keys) == 1 else torch.cat(keys, dim=-1)

    def project_values(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source memory"]:
        """Returns what contexts are made of, to be computed once: the memory itself, or a projection a head."""
        if self.heads is None:
            return memory
        values: Tensor = self.heads.value(memory)
        return values

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        memory: Float[Tensor, "batch source memory"],
        keys: Float[Tensor, "batch source key"],
        state: AttentionState,
        temperature: float | None = None,
    ) -> Attended:
        """Attends from each query to the memory.

        Args:
            query: decoder states that ask.
            memory: what `project_values` gave for the encoder outputs.
            keys: what `project_keys` gave for them.
            state: the mask, in which each row holds at least one real token, and what the score may know.
            temperature: replaces that of the settings.
        """
        if self.coverage is not None and state.total is not None:
            state = state._replace(coverage=self.coverage(state.total, keys[:, :, keys.shape[2] - 1 :]))
        margin = self._first.margin
        if margin and state.last is not None:
            state = state._replace(last=F.pad(state.last, (margin, margin)))
        if self.window is None:
            weights = self._weights(query, keys, state, None, temperature)
            return Attended(self._mix(weights, memory), self._mean(weights))
        windows = self.window(query, state)
        bias = None if windows.bias is None else windows.bias.flatten(0, 1)[:, None]
        rows = query.reshape(-1, 1, query.shape[2])
        weights = self._weights(rows, windows.gather(keys), windows.state(state, margin), bias, temperature)
        context = self._mix(weights, windows.gather(memory)).view(*query.shape[:2], -1)
        return Attended(context, windows.scatter(self._mean(weights), memory.shape[1]))

    def _scores(self) -> list[AttentionScore]:
        if isinstance(self.score, AttentionScore):
            return [self.score]
        return [score for score in self.score if isinstance(score, AttentionScore)]

    def _weights(
        self, query: Tensor, keys: Tensor, state: AttentionState, bias: Tensor | None, temperature: float | None
    ) -> Tensor:
        """Returns (batch, target, source), or with heads (batch, heads, target, source)."""
        found, mask = self._all_scores(query, keys, state), state.mask[:, None]
        if self.heads is not None:
            mask, bias = mask[:, None], None if bias is None else bias[:, None]
        divisor = self.temperature if temperature is None else temperature
        found = found if divisor == 1.0 else found / divisor
        return self.normalizer(found if bias is None else found + bias, mask)

    def _mean(self, weights: Tensor) -> Tensor:
        """Returns (batch, target, source), the mean over heads."""
        return weights if self.heads is None else weights.mean(1)

    def _all_scores(self, query: Tensor, keys: Tensor, state: AttentionState) -> Tensor:
        """Returns (batch, target, source), or with heads (batch, heads, target, source), of all their keys in a row."""
        scores, coverage = self._scores(), self.coverage
        own = keys if coverage is None else keys[:, :, : keys.shape[2] - coverage.key_size]
        parts = [own] if len(scores) == 1 else own.tensor_split(len(scores), dim=-1)
        queries = [query] if self.heads is None else self.heads.query(query).tensor_split(len(scores), dim=-1)
        found = []
        for head, (score, one, part) in enumerate(zip(scores, queries, parts, strict=True)):
            values = score(one, part, state).type_as(one)
            if coverage is not None and state.coverage is not None:
                values = coverage.add(head, values, one, state.coverage)
            found.append(values)
        return found[0] if self.heads is None else torch.stack(found, dim=1)

    def _mix(self, weights: Tensor, memory: Tensor) -> Tensor:
        """Returns contexts (batch, target, memory) of what `_weights` gives."""
        if self.training:
            weights = dropout(weights, self.dropout)
        if self.heads is None:
            return deferred.mix(weights, memory)
        values = memory.view(*memory.shape[:2], weights.shape[1], -1).transpose(1, 2)  # (B, H, S, M / H)
        return (weights @ values).transpose(1, 2).flatten(2)


class NoAttention(nn.Module):
    """What a decoder has that does not attend: contexts of no width, weights of 0, and no alignment; a control."""

    aligns = False
    needs_history = False

    def project_keys(self, memory: Float[Tensor, "batch source memory"]) -> Float[Tensor, "batch source 0"]:
        """Returns nothing for each source token."""
        return memory[:, :, :0]

    project_values = project_keys

    def forward(
        self,
        query: Float[Tensor, "batch target query"],
        memory: Float[Tensor, "batch source 0"],
        keys: Float[Tensor, "batch source 0"],
        state: AttentionState,
        temperature: float | None = None,
    ) -> Attended:
        """Returns empty contexts."""
        weights = query.new_zeros(*query.shape[:2], memory.shape[1])
        return Attended(query[:, :, :0], weights)
