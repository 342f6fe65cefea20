"""The decoder of Luong, Pham and Manning (2015): update the state, then ask with it."""

import torch
from jaxtyping import Float
from torch import Tensor

from nmt.modules.attention import Attention, NoAttention
from nmt.modules.cells import Recurrence
from nmt.modules.decoders.base import Decoded, Decoder, DecoderSizes, DecoderState, Source, along_target, each_step
from nmt.modules.deferred import Linear, shared_products
from nmt.modules.dropout import Masks


class LuongDecoder(Decoder):
    """s_t = cell(y_{t-1}, s_{t-1});  c_t = attend(s_t);  attentional = tanh(W [c_t; s_t])   (equations 5 and 6).

    With input feeding the cell also reads the last attentional vector (section 3.3). Without it no step
    of teacher forcing waits for a context.
    """

    def __init__(self, attention: Attention | NoAttention, sizes: DecoderSizes, *, input_feeding: bool) -> None:
        super().__init__(attention, sizes.hidden)
        self.feeds_back = input_feeding
        self.recurrence = sizes.recurrence(sizes.embedding, feed_size=sizes.hidden if input_feeding else 0)
        self.readout = Linear(sizes.memory + sizes.hidden, sizes.hidden, bias=False)

    @property
    def reader(self) -> Recurrence:
        """The layers that target embeddings go into."""
        return self.recurrence

    def step(self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState) -> Decoded:
        return self._advance(self.recurrence.project(embedded), source, state)

    def at_each_place(
        self, embedded: Float[Tensor, "batch 1 embedding"], source: Source, state: DecoderState
    ) -> Float[Tensor, "batch source hidden"]:
        hidden = self.recurrence.output(state.layers)
        return self._read(hidden.expand(-1, source.memory.shape[1], -1), source.memory.type_as(hidden))

    def forward(
        self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState
    ) -> Decoded:
        if self.feeds_back:
            return self._loop(embedded, source, state)
        masks = self.recurrence.masks(embedded)
        hidden, layers = self.recurrence(embedded, state.layers, masks)
        (context, weights), history = self.attend_all(hidden, source, state.history)
        return Decoded(self._read(hidden, context, masks), weights, DecoderState(layers, None, history))

    def _loop(self, embedded: Tensor, source: Source, state: DecoderState) -> Decoded:
        attentional, weights = [], []
        masks = self.recurrence.masks(embedded)
        with shared_products():
            for projected in each_step(self.recurrence.project(embedded)):
                output = self._advance(projected, source, state, masks)
                attentional.append(output.attentional)
                weights.append(output.weights)
                state = output.state
        return Decoded(along_target(attentional), along_target(weights), state)

    def _advance(self, projected: Tensor, source: Source, state: DecoderState, masks: Masks | None = None) -> Decoded:
        layers = self.recurrence.step(projected, state.feed, state.layers, masks)
        hidden = self.recurrence.output(layers)
        (context, weights), history = self.attend(hidden, source, state.history)
        attentional = self._read(hidden, context, masks)
        return Decoded(attentional, weights, DecoderState(layers, attentional if self.feeds_back else None, history))

    def _read(self, hidden: Tensor, context: Tensor, masks: Masks | None = None) -> Tensor:
        attentional = torch.tanh(self.readout(torch.cat([context, hidden], dim=-1)))
        return self.recurrence.drop(attentional, masks)
