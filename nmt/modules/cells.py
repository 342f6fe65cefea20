"""Recurrent layers that run over a whole sequence at once or one step at a time, with the same parameters."""

from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

LayerState = tuple[Tensor, ...]
"""State of one layer: (h,) for a GRU, (h, c) for an LSTM, each (batch, target, hidden)."""

GATES = {"gru": 3, "lstm": 4}


def fused_layer(cell: str, input_size: int, hidden_size: int, layers: int = 1, dropout: float = 0.0) -> nn.RNNBase:
    """Returns torch's fused layer of that cell, batch first, with orthogonal recurrent weights."""
    cls = {"gru": nn.GRU, "lstm": nn.LSTM}[cell]
    layer: nn.RNNBase = cls(input_size, hidden_size, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
    for name, parameter in layer.named_parameters():
        if "weight_hh" in name:
            for gate in parameter.data.chunk(GATES[cell]):
                nn.init.orthogonal_(gate)
        elif "weight_ih" in name:
            nn.init.xavier_uniform_(parameter)
        else:
            nn.init.zeros_(parameter)
            if cell == "lstm" and "bias_ih" in name:  # a forget gate that starts open (Jozefowicz et al. 2015)
                parameter.data[hidden_size : 2 * hidden_size] = 1.0
    return layer


def gru_step(gates: Tensor, state: LayerState, weight: Tensor, bias: Tensor) -> LayerState:
    """One GRU step (Cho et al. 2014, as in torch): `gates` is W x + b of (reset, update, new), (..., 3H)."""
    (hidden,) = state
    reset_x, update_x, new_x = gates.chunk(3, dim=-1)
    reset_h, update_h, new_h = F.linear(hidden, weight, bias).chunk(3, dim=-1)
    reset = torch.sigmoid(reset_x + reset_h)
    update = torch.sigmoid(update_x + update_h)
    new = torch.tanh(torch.addcmul(new_x, reset, new_h))
    return (torch.lerp(new, hidden, update),)


def lstm_step(gates: Tensor, state: LayerState, weight: Tensor, bias: Tensor) -> LayerState:
    """One LSTM step (Hochreiter & Schmidhuber 1997, as in torch): `gates` is W x + b of (in, forget, cell, out)."""
    hidden, cell = state
    entry, forget, new, out = (gates + F.linear(hidden, weight, bias)).chunk(4, dim=-1)
    cell = torch.addcmul(torch.sigmoid(forget) * cell, torch.sigmoid(entry), torch.tanh(new))
    return torch.sigmoid(out) * torch.tanh(cell), cell


class Recurrence(nn.Module):
    """A stack of one-directional recurrent layers for a decoder.

    The first layer reads an input that is known ahead (embeddings) and, if `feed_size` is not 0, a vector that is known
    only step by step (a context, an attentional vector).
    """

    def __init__(
        self, cell: str, *, input_size: int, feed_size: int, hidden_size: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.cell, self.layers, self.dropout = cell, layers, dropout
        self.rnn = fused_layer(cell, input_size, hidden_size, layers, dropout)
        self.feed = nn.Linear(feed_size, GATES[cell] * hidden_size, bias=False) if feed_size else None

    def project(self, inputs: Float[Tensor, "batch target input"]) -> Float[Tensor, "batch target gates"]:
        """Returns the inputs' part of the first layer's gates, for all steps in one product."""
        return F.linear(inputs, self._weight("weight_ih", 0), self._weight("bias_ih", 0))

    def step(
        self,
        projected: Float[Tensor, "batch target gates"],
        feed: Float[Tensor, "batch target feed"] | None,
        state: tuple[LayerState, ...],
    ) -> tuple[LayerState, ...]:
        """Advances every layer by one step; the target axis holds parallel hypotheses."""
        gates = projected if self.feed is None or feed is None else projected + self.feed(feed)
        after = [self._cell_step(gates, state[0], 0)]
        for layer in range(1, self.layers):
            below = F.dropout(after[-1][0], self.dropout, self.training)
            gates = F.linear(below, self._weight("weight_ih", layer), self._weight("bias_ih", layer))
            after.append(self._cell_step(gates, state[layer], layer))
        return tuple(after)

    def forward(
        self, inputs: Float[Tensor, "batch target input"], state: tuple[LayerState, ...]
    ) -> tuple[Float[Tensor, "batch target hidden"], tuple[LayerState, ...]]:
        """Runs all steps of known inputs at once; only for a stack without feed."""
        parts = [
            torch.cat([layer[part] for layer in state], dim=1).transpose(0, 1).contiguous()
            for part in range(len(state[0]))
        ]
        outputs, last = self.rnn(inputs, parts[0] if self.cell == "gru" else tuple(parts))
        finals = (last,) if self.cell == "gru" else last
        after = [tuple(final[layer][:, None] for final in finals) for layer in range(self.layers)]
        return outputs, tuple(after)

    def _weight(self, name: str, layer: int) -> Tensor:
        return cast(Tensor, getattr(self.rnn, f"{name}_l{layer}"))

    def _cell_step(self, gates: Tensor, state: LayerState, layer: int) -> LayerState:
        weight, bias = self._weight("weight_hh", layer), self._weight("bias_hh", layer)
        return (gru_step if self.cell == "gru" else lstm_step)(gates, state, weight, bias)
