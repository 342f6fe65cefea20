"""The decoder of Nematus: half an update, ask, the other half with the context."""

from torch import Tensor

from nmt.modules.attention import Attention, NoAttention
from nmt.modules.cells import Recurrence
from nmt.modules.decoders.base import DecoderState, Source
from nmt.modules.decoders.stepwise import StepwiseDecoder


class ConditionalDecoder(StepwiseDecoder):
    """s'_t = cell1(y_{t-1}, s_{t-1});  c_t = attend(s'_t);  s_t = cell2(c_t, s'_t).

    The conditional GRU with attention of Nematus (Sennrich et al. 2017), here also with LSTMs and several layers: each
    half updates all of them, and the top layer asks. Without attention there is no second half.
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
        common = {"feed_size": 0, "hidden_size": hidden_size, "layers": layers}
        recurrence = Recurrence(cell, input_size=embedding_size, dropout=dropout, **common)
        sizes = {"embedding_size": embedding_size, "memory_size": memory_size, "hidden_size": hidden_size}
        super().__init__(attention, recurrence, dropout=dropout, **sizes)
        self.second = Recurrence(cell, input_size=memory_size, dropout=dropout, **common) if memory_size else None

    def _advance(self, projected: Tensor, source: Source, state: DecoderState) -> tuple[Tensor, Tensor, DecoderState]:
        layers = self.recurrence.step(projected, None, state.layers)
        (context, weights), history = self.attend(layers[-1][0], source, state.history)
        if self.second is not None:
            layers = self.second.step(self.second.project(context), None, layers)
        return context, weights, DecoderState(layers, None, history)
