"""The decoder of Nematus: half an update, ask, the other half with the context."""

from torch import Tensor

from nmt.modules.attention import Attention, NoAttention
from nmt.modules.cells import CellOptions, Recurrence
from nmt.modules.decoders.base import DecoderState, Source
from nmt.modules.decoders.stepwise import StepMasks, StepwiseDecoder


class ConditionalDecoder(StepwiseDecoder):
    """s'_t = cell1(y_{t-1}, s_{t-1});  c_t = attend(s'_t);  s_t = cell2(c_t, s'_t).

    The conditional GRU with attention of Nematus (Sennrich et al. 2017), here also with LSTMs and several layers: each
    half updates all of them, and what the top layer hands up asks. Without attention there is no second half.
    """

    def __init__(
        self,
        attention: Attention | NoAttention,
        *,
        cells: CellOptions,
        embedding_size: int,
        memory_size: int,
        hidden_size: int,
        layers: int,
    ) -> None:
        recurrence = Recurrence(cells, input_size=embedding_size, feed_size=0, hidden_size=hidden_size, layers=layers)
        super().__init__(
            attention, recurrence, embedding_size=embedding_size, memory_size=memory_size, hidden_size=hidden_size
        )
        self.second: Recurrence | None = None
        if memory_size:
            self.second = Recurrence(cells, input_size=memory_size, feed_size=0, hidden_size=hidden_size, layers=layers)

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
