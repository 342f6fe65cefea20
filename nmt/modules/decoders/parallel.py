"""A decoder whose first layer never sees a context, so that all steps of a known target ask at once."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nmt.modules.attention import Attention, NoAttention
from nmt.modules.cell_steps import LayerState
from nmt.modules.cells import Recurrence
from nmt.modules.decoders.base import Decoded, Decoder, DecoderSizes, DecoderState, Source
from nmt.modules.dropout import Masks


class ParallelDecoder(Decoder):
    """p_t = cell(y_{t-1}, p_{t-1});  c_t = attend(p_t);  s_t = cells([p_t; c_t], s_{t-1});  then tanh(W [c_t; s_t]).

    The idea is that of GNMT and RNMT+, whose bottom layer asks for all others (Wu et al. 2016, section 3; Chen et al.
    2018). No step of teacher forcing waits for a context. With one layer s_t is p_t, which is Luong's decoder without
    input feeding. With residual connections the layer that reads [p_t; c_t] adds p_t to its output.
    """

    def __init__(self, attention: Attention | NoAttention, sizes: DecoderSizes) -> None:
        super().__init__(attention, sizes.hidden)
        joined, above = sizes.hidden + sizes.memory, sizes.layers - 1
        self.lower = sizes.recurrence(sizes.embedding, layers=1)
        self.upper = sizes.recurrence(joined, layers=above) if above else None
        self.readout = nn.Linear(joined, sizes.hidden, bias=False)

    @property
    def reader(self) -> Recurrence:
        """The layers that target embeddings go into."""
        return self.lower

    def step(self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState) -> Decoded:
        below = self.lower.step(self.lower.project(embedded), None, state.layers[:1])
        hidden = self.lower.output(below)
        (context, weights), history = self.attend(hidden, source, state.history)
        above: tuple[LayerState, ...] = ()
        if self.upper is not None:
            gates = self.upper.project(self._join(hidden, context, None))
            above = self.upper.step(gates, None, state.layers[1:], base=hidden)
            hidden = self.upper.output(above, hidden)
        return Decoded(self._read(hidden, context, None), weights, DecoderState((*below, *above), None, history))

    def at_each_place(
        self, embedded: Float[Tensor, "batch 1 embedding"], source: Source, state: DecoderState
    ) -> Float[Tensor, "batch source hidden"]:
        hidden = self.lower.output(state.layers[:1])
        if self.upper is not None:  # it has read the context of the step; the readout alone sees another
            hidden = self.upper.output(state.layers[1:], hidden)
        return self._read(hidden.expand(-1, source.memory.shape[1], -1), source.memory.type_as(hidden), None)

    def forward(
        self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState
    ) -> Decoded:
        masks = self.lower.masks(embedded)
        hidden, below = self.lower(embedded, state.layers[:1], masks)
        (context, weights), history = self.attend_all(hidden, source, state.history)
        above: tuple[LayerState, ...] = ()
        if self.upper is not None:
            joined = self._join(hidden, context, masks)
            masks = self.upper.masks(embedded)
            hidden, above = self.upper(joined, state.layers[1:], masks, base=hidden)
        return Decoded(self._read(hidden, context, masks), weights, DecoderState((*below, *above), None, history))

    def _join(self, hidden: Tensor, context: Tensor, masks: Masks | None) -> Tensor:
        return torch.cat([self.lower.drop(hidden, masks), context], dim=-1)

    def _read(self, hidden: Tensor, context: Tensor, masks: Masks | None) -> Tensor:
        attentional = torch.tanh(self.readout(torch.cat([context, hidden], dim=-1)))
        return self.lower.drop(attentional, masks)
