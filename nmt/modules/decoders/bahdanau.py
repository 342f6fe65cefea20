"""The decoder of Bahdanau, Cho and Bengio (2015): ask with the last state, then update it with the context."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nmt.modules.attention import Attention
from nmt.modules.cells import CellOptions, Recurrence
from nmt.modules.decoders.base import Decoded, Decoder, DecoderState, Source, along_target, each_step
from nmt.modules.dropout import Masks


class BahdanauDecoder(Decoder):
    """c_t = attend(s_{t-1});  s_t = cell([y_{t-1}; c_t], s_{t-1});  attentional = tanh(W [s_t; c_t; y_{t-1}]).

    The top layer's state asks. The paper's readout is a maxout layer on s_{t-1}, y_{t-1} and c_t (A.2.2); this one
    reads s_t, which knows all three, through one tanh layer.
    """

    def __init__(
        self,
        attention: Attention,
        *,
        cells: CellOptions,
        embedding_size: int,
        memory_size: int,
        hidden_size: int,
        layers: int,
    ) -> None:
        super().__init__(attention, hidden_size)
        self.recurrence = Recurrence(
            cells, input_size=embedding_size, feed_size=memory_size, hidden_size=hidden_size, layers=layers
        )
        self.readout = nn.Linear(hidden_size + memory_size + embedding_size, hidden_size)

    def step(self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState) -> Decoded:
        context, weights, after = self._advance(self.recurrence.project(embedded), source, state)
        return Decoded(self._read(self.recurrence.output(after.layers), context, embedded), weights, after)

    def forward(
        self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState
    ) -> Decoded:
        hidden, contexts, weights = [], [], []
        masks = self.recurrence.masks(embedded)
        for projected in each_step(self.recurrence.project(embedded)):
            context, row, state = self._advance(projected, source, state, masks)
            hidden.append(self.recurrence.output(state.layers))
            contexts.append(context)
            weights.append(row)
        attentional = self._read(along_target(hidden), along_target(contexts), embedded, masks)
        return Decoded(attentional, along_target(weights), state)

    def _advance(
        self, projected: Tensor, source: Source, state: DecoderState, masks: Masks | None = None
    ) -> tuple[Tensor, Tensor, DecoderState]:
        (context, weights), history = self.attend(self.recurrence.output(state.layers), source, state.history)
        layers = self.recurrence.step(projected, context, state.layers, masks)
        return context, weights, DecoderState(layers, None, history)

    def _read(self, hidden: Tensor, context: Tensor, embedded: Tensor, masks: Masks | None = None) -> Tensor:
        attentional = torch.tanh(self.readout(torch.cat([hidden, context, embedded], dim=-1)))
        return self.recurrence.drop(attentional, masks)
