"""The decoder of Bahdanau, Cho and Bengio (2015): ask with the last state, then update it with the context."""

from torch import Tensor

from nmt.modules.attention import Attention, NoAttention
from nmt.modules.decoders.base import DecoderSizes, DecoderState, Source
from nmt.modules.decoders.stepwise import StepMasks, StepwiseDecoder


class BahdanauDecoder(StepwiseDecoder):
    """c_t = attend(s_{t-1});  s_t = cell([y_{t-1}; c_t], s_{t-1}). What the top layer hands up asks."""

    def __init__(self, attention: Attention | NoAttention, sizes: DecoderSizes) -> None:
        super().__init__(attention, sizes, sizes.recurrence(sizes.embedding, feed_size=sizes.memory))

    def _advance(
        self, projected: Tensor, source: Source, state: DecoderState, masks: StepMasks
    ) -> tuple[Tensor, Tensor, DecoderState]:
        (context, weights), history = self.attend(self.recurrence.output(state.layers), source, state.history)
        layers = self.recurrence.step(projected, context, state.layers, masks[0])
        return context, weights, DecoderState(layers, None, history)
