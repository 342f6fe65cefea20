"""A decoder whose first layer never sees a context, so that all steps of a known target ask at once."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nmt.modules.attention import Attention, NoAttention
from nmt.modules.cells import Recurrence
from nmt.modules.decoders.base import Decoded, Decoder, DecoderState, Source


class ParallelDecoder(Decoder):
    """p_t = cell(y_{t-1}, p_{t-1});  c_t = attend(p_t);  s_t = cells([p_t; c_t], s_{t-1});  then tanh(W [c_t; s_t]).

    The idea is that of GNMT and RNMT+, whose bottom layer asks for all others (Wu et al. 2016, section 3; Chen et al.
    2018). Teacher forcing has no loop over recurrent steps. With one layer s_t is p_t, which is Luong's decoder without
    input feeding.
    """

    def __init__(
        self,
        attention: Attention | NoAttention,
        *,
        cell: str,
        embedding_size: int,
        memory_size: int,
        hidden_size: int,
        layers: int,
        dropout: float,
    ) -> None:
        super().__init__(attention, hidden_size)
        self.dropout = dropout
        self.lower = Recurrence(
            cell, input_size=embedding_size, feed_size=0, hidden_size=hidden_size, layers=1, dropout=dropout
        )
        self.upper = (
            Recurrence(
                cell,
                input_size=hidden_size + memory_size,
                feed_size=0,
                hidden_size=hidden_size,
                layers=layers - 1,
                dropout=dropout,
            )
            if layers > 1
            else None
        )
        self.readout = nn.Linear(memory_size + hidden_size, hidden_size, bias=False)

    def step(self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState) -> Decoded:
        below = self.lower.step(self.lower.project(embedded), None, state.layers[:1])
        hidden = below[0][0]
        (context, weights), history = self.attend(hidden, source, state.history)
        above: tuple[tuple[Tensor, ...], ...] = ()
        if self.upper is not None:
            above = self.upper.step(self.upper.project(self._join(hidden, context)), None, state.layers[1:])
            hidden = above[-1][0]
        return Decoded(self._read(hidden, context), weights, DecoderState((*below, *above), None, history))

    def forward(
        self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState
    ) -> Decoded:
        hidden, below = self.lower(embedded, state.layers[:1])
        (context, weights), history = self.attend_all(hidden, source, state.history)
        above: tuple[tuple[Tensor, ...], ...] = ()
        if self.upper is not None:
            hidden, above = self.upper(self._join(hidden, context), state.layers[1:])
        return Decoded(self._read(hidden, context), weights, DecoderState((*below, *above), None, history))

    def _join(self, hidden: Tensor, context: Tensor) -> Tensor:
        return torch.cat([F.dropout(hidden, self.dropout, self.training), context], dim=-1)

    def _read(self, hidden: Tensor, context: Tensor) -> Tensor:
        attentional = torch.tanh(self.readout(torch.cat([context, hidden], dim=-1)))
        return F.dropout(attentional, self.dropout, self.training)
