"""What the decoders have in common whose state reads a context, so that even a known target goes step by step."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nmt.modules.attention import Attention, NoAttention
from nmt.modules.cells import Recurrence
from nmt.modules.decoders.base import Decoded, Decoder, DecoderState, Source, along_target, each_step


class StepwiseDecoder(Decoder):
    """attentional = tanh(W [s_t; c_t; y_{t-1}] + b), of a state s_t that knows c_t.

    A subclass says how a step advances. The readout of Bahdanau et al. 2015 is a maxout layer on s_{t-1}, y_{t-1} and
    c_t (A.2.2), that of Nematus (Sennrich et al. 2017) this one.
    """

    def __init__(
        self,
        attention: Attention | NoAttention,
        recurrence: Recurrence,
        *,
        embedding_size: int,
        memory_size: int,
        hidden_size: int,
        dropout: float,
    ) -> None:
        super().__init__(attention, hidden_size)
        self.recurrence, self.dropout = recurrence, dropout
        self.readout = nn.Linear(hidden_size + memory_size + embedding_size, hidden_size)

    def step(self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState) -> Decoded:
        context, weights, after = self._advance(self.recurrence.project(embedded), source, state)
        return Decoded(self._read(after.layers[-1][0], context, embedded), weights, after)

    def forward(
        self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState
    ) -> Decoded:
        hidden, contexts, weights = [], [], []
        for projected in each_step(self.recurrence.project(embedded)):
            context, row, state = self._advance(projected, source, state)
            hidden.append(state.layers[-1][0])
            contexts.append(context)
            weights.append(row)
        attentional = self._read(along_target(hidden), along_target(contexts), embedded)
        return Decoded(attentional, along_target(weights), state)

    def _advance(self, projected: Tensor, source: Source, state: DecoderState) -> tuple[Tensor, Tensor, DecoderState]:
        """Returns context, weights and state of one step of parallel hypotheses."""
        raise NotImplementedError(f"{type(self).__name__} does not define _advance")

    def _read(self, hidden: Tensor, context: Tensor, embedded: Tensor) -> Tensor:
        attentional = torch.tanh(self.readout(torch.cat([hidden, context, embedded], dim=-1)))
        return F.dropout(attentional, self.dropout, self.training)
