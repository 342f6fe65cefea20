"""The decoder of Nematus: half an update, ask, the other half with the context."""

from torch import Tensor

from nmt.modules.attention import Attention, NoAttention
from nmt.modules.decoders.base import DecoderSizes, DecoderState, Source
from nmt.modules.decoders.stepwise import StepMasks, StepwiseDecoder


class ConditionalDecoder(StepwiseDecoder):
    """s'_t = cell1(y_{t-1}, s_{t-1});  c_t = attend(s'_t);  s_t = cell2(c_t, s'_t).

    The conditional GRU with attention of Nematus (Sennrich et al. 2017), here also with LSTMs and several layers: each
    half updates all of them, and what the top layer hands up asks. Without attention there is no second half.
    """

    def __init__(self, attention: Attention | NoAttention, sizes: DecoderSizes) -> None:
        super().__init__(attention, sizes, sizes.recurrence(sizes.embedding))
        self.second = sizes.recurrence(sizes.memory) if sizes.memory else None

    def _masks(self, embedded: Tensor) -> StepMasks:
        return (*super()._masks(embedded), None if self.second is None else self.second.masks(embedded))

    def _advance(
        self, projected: Tensor, source: Source, state: DecoderState, masks: StepMasks
    ) -> tuple[Tensor, Tensor, DecoderState]:
        layers = self.recurrence.step(projected, None, state.layers, masks[0])
        (context, weights), history = self.attend(self.recurrence.output(layers), source, state.history)
        if self.second is not None:
            layers = self.second.step(self.second.project(context), None, layers, masks[1])
        return context, weights, DecoderState(layers, None, history)
