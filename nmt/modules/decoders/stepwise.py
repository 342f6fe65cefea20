"""What the decoders have in common whose state reads a context, so that even a known target goes step by step."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nmt.modules.attention import Attention, NoAttention
from nmt.modules.cells import Recurrence
from nmt.modules.decoders.base import Decoded, Decoder, DecoderSizes, DecoderState, Source, along_target, each_step
from nmt.modules.deferred import shared_products
from nmt.modules.dropout import Masks

StepMasks = tuple[Masks | None, ...]
"""The variational masks of each recurrence that a step goes through."""


class StepwiseDecoder(Decoder):
    """attentional = tanh(W [s_t; c_t; y_{t-1}] + b), of a state s_t that knows c_t.

    A subclass says how a step advances. The readout of Bahdanau et al. 2015 is a maxout layer on s_{t-1}, y_{t-1} and
    c_t (A.2.2), that of Nematus (Sennrich et al. 2017) this one.
    """

    def __init__(self, attention: Attention | NoAttention, sizes: DecoderSizes, recurrence: Recurrence) -> None:
        super().__init__(attention, sizes.hidden)
        self.recurrence = recurrence
        self.readout = nn.Linear(sizes.hidden + sizes.memory + sizes.embedding, sizes.hidden)

    def step(self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState) -> Decoded:
        context, weights, after = self._advance(self.recurrence.project(embedded), source, state, (None, None))
        return Decoded(self._read(self.recurrence.output(after.layers), context, embedded, None), weights, after)

    def at_each_place(
        self, embedded: Float[Tensor, "batch 1 embedding"], source: Source, state: DecoderState
    ) -> Float[Tensor, "batch source hidden"]:
        hidden = self.recurrence.output(
            state.layers
        )  # which has read the context of the step; the readout sees another
        memory = source.memory.type_as(hidden)
        places = memory.shape[1]
        return self._read(hidden.expand(-1, places, -1), memory, embedded.expand(-1, places, -1), None)

    def forward(
        self, embedded: Float[Tensor, "batch target embedding"], source: Source, state: DecoderState
    ) -> Decoded:
        hidden, contexts, weights = [], [], []
        masks = self._masks(embedded)
        with shared_products():
            for projected in each_step(self.recurrence.project(embedded)):
                context, row, state = self._advance(projected, source, state, masks)
                hidden.append(self.recurrence.output(state.layers))
                contexts.append(context)
                weights.append(row)
        attentional = self._read(along_target(hidden), along_target(contexts), embedded, masks[0])
        return Decoded(attentional, along_target(weights), state)

    def _masks(self, embedded: Tensor) -> StepMasks:
        return (self.recurrence.masks(embedded),)

    def _advance(
        self, projected: Tensor, source: Source, state: DecoderState, masks: StepMasks
    ) -> tuple[Tensor, Tensor, DecoderState]:
        """Returns context, weights and state of one step of parallel hypotheses."""
        raise NotImplementedError(f"{type(self).__name__} does not define _advance")

    def _read(self, hidden: Tensor, context: Tensor, embedded: Tensor, masks: Masks | None) -> Tensor:
        attentional = torch.tanh(self.readout(torch.cat([hidden, context, embedded], dim=-1)))
        return self.recurrence.drop(attentional, masks)
