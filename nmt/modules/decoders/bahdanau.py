"""The decoder of Bahdanau, Cho and Bengio (2015): ask with the last state, then update it with the context."""

from torch import Tensor

from nmt.modules.attention import Attention, NoAttention
from nmt.modules.cells import Recurrence
from nmt.modules.decoders.base import DecoderState, Source
from nmt.modules.decoders.stepwise import StepwiseDecoder


class BahdanauDecoder(StepwiseDecoder):
    """c_t = attend(s_{t-1});  s_t = cell([y_{t-1}; c_t], s_{t-1}). The top layer's state asks."""

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
        recurrence = Recurrence(
            cell,
            input_size=embedding_size,
            feed_size=memory_size,
            hidden_size=hidden_size,
            layers=layers,
            dropout=dropout,
        )
        sizes = {"embedding_size": embedding_size, "memory_size": memory_size, "hidden_size": hidden_size}
        super().__init__(attention, recurrence, dropout=dropout, **sizes)

    def _advance(self, projected: Tensor, source: Source, state: DecoderState) -> tuple[Tensor, Tensor, DecoderState]:
        (context, weights), history = self.attend(state.layers[-1][0], source, state.history)
        layers = self.recurrence.step(projected, context, state.layers)
        return context, weights, DecoderState(layers, None, history)
