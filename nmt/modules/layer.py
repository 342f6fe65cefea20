"""One recurrent layer, of torch's parameters, run over a sequence or one step at a time."""

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nmt.modules import deferred
from nmt.modules.cell_steps import LayerState, gru_step, lstm_step
from nmt.modules.int8 import Int8Matrix
from nmt.modules.layer_norm import CellNorm

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


class Layer(NamedTuple):
    """The parameters of one recurrent layer, wherever they are kept, in the shapes of torch."""

    cell: str
    weight_ih: Float[Tensor, "gates input"] | Int8Matrix
    weight_hh: Float[Tensor, "gates hidden"] | Int8Matrix
    bias_ih: Float[Tensor, " gates"]
    bias_hh: Float[Tensor, " gates"] | None
    norm: CellNorm | None

    @classmethod
    def of(cls, rnn: nn.Module, index: int, norm: nn.Module | None) -> "Layer":
        """Returns layer `index` of a fused stack, and its CellNorm if it has one."""
        weight_ih, weight_hh, bias_ih, bias_hh = _parameters(index)(rnn)
        return cls(cast(str, rnn.mode).lower(), weight_ih, weight_hh, bias_ih, bias_hh, cast(CellNorm | None, norm))

    def project(self, inputs: Float[Tensor, "batch target input"]) -> Float[Tensor, "batch target gates"]:
        """Returns W x + b, without b from a normalised layer, which adds it after normalising."""
        return deferred.linear(inputs, self.weight_ih, self.bias_ih if self.norm is None else None)

    def step(
        self,
        projected: Float[Tensor, "batch target gates"],
        state: LayerState,
        mask: Float[Tensor, "batch 1 hidden"] | None = None,
        feed: Float[Tensor, "batch target feed"] | None = None,
    ) -> LayerState:
        """Advances by one step; the target axis holds parallel hypotheses.

        Args:
            projected: what `project` gives of the input.
            state: the state before.
            mask: of the state.
            feed: what is read beside the state, if their weights are joined.
        """
        return self._advance(self._ready(projected), state, mask, feed)

    @property
    def at_once(self) -> bool:
        """Whether a step multiplies all that it reads in one product: in training loops, unless it is normalised."""
        return self.norm is None and deferred.in_loop()

    def advance(
        self,
        inputs: Float[Tensor, "batch target input"],
        state: LayerState,
        mask: Float[Tensor, "batch 1 hidden"] | None = None,
    ) -> LayerState:
        """Advances by one step from inputs that are not projected."""
        if self.at_once:
            return self.read([inputs], [cast(Tensor, self.weight_ih)], state, mask)
        return self.step(self.project(inputs), state, mask)

    def read(
        self,
        inputs: Sequence[Float[Tensor, "batch target _"]],
        weights: Sequence[Float[Tensor, "gates _"]],
        state: LayerState,
        mask: Float[Tensor, "batch 1 hidden"] | None = None,
    ) -> LayerState:
        """Advances by one step, from some inputs and the weights of each."""
        hidden = state[0] if mask is None else state[0] * mask
        if self.cell == "gru":  # whose reset gate parts what is read from what is remembered
            gates = deferred.linear(_end_to_end(list(inputs)), deferred.beside(*weights), self.bias_ih, columns=True)
            recurrent = deferred.linear(hidden, self.weight_hh, self.bias_hh, columns=True)
            return gru_step(gates, recurrent, state)
        weight = deferred.beside(*weights, cast(Tensor, self.weight_hh))
        bias = deferred.total(self.bias_ih, cast(Tensor, self.bias_hh))
        return lstm_step(deferred.linear(_end_to_end([*inputs, hidden]), weight, bias, columns=True), None, state)

    def run(
        self,
        inputs: Float[Tensor, "batch target input"],
        state: LayerState,
        mask: Float[Tensor, "batch 1 hidden"] | None = None,
    ) -> tuple[Float[Tensor, "batch target hidden"], LayerState]:
        """Runs successive steps; with neither norm nor mask, torch's kernel does."""
        if self.norm is None and mask is None and isinstance(self.weight_hh, Tensor):
            return self._fused(inputs, state)
        outputs = []
        with deferred.shared_products():
            for gates in self._ready(self.project(inputs)).unbind(1):
                state = self._advance(gates[:, None], state, mask)
                outputs.append(state[0])
        return torch.cat(outputs, dim=1), state

    def _ready(self, projected: Tensor) -> Tensor:
        return projected if self.norm is None else self.norm.inputs(projected, self.bias_ih)

    def _advance(self, gates: Tensor, state: LayerState, mask: Tensor | None, feed: Tensor | None = None) -> LayerState:
        hidden = state[0] if mask is None else state[0] * mask
        if feed is not None:
            hidden = torch.cat([feed, hidden], dim=-1)
        if self.norm is None:
            recurrent, carried = deferred.linear(hidden, self.weight_hh, self.bias_hh), None
        else:
            recurrent = self.norm.states(deferred.linear(hidden, self.weight_hh), cast(Tensor, self.bias_hh))
            carried = self.norm.carried
        return gru_step(gates, recurrent, state) if self.cell == "gru" else lstm_step(gates, recurrent, state, carried)

    def _fused(self, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        # In full precision always: under autocast torch's LSTM fails on processors without bfloat16.
        with torch.autocast("cpu", enabled=False):
            inputs = inputs.type_as(self.bias_ih) if inputs.device.type == "cpu" else inputs
            start = [part.transpose(0, 1).type_as(inputs).contiguous() for part in state]
            weights = [cast(Tensor, one) for one in (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)]
            training = torch.is_grad_enabled()
            # As nn.GRU and nn.LSTM call it: with biases, one layer, no dropout, one direction, batch first.
            if self.cell == "gru":
                outputs, *last = torch.gru(inputs, start[0], weights, True, 1, 0.0, training, False, True)
            else:
                outputs, *last = torch.lstm(inputs, start, weights, True, 1, 0.0, training, False, True)
        return outputs, tuple(part.transpose(0, 1) for part in last)


@cache
def _parameters(index: int) -> Callable[[nn.Module], tuple[Any, ...]]:
    """Returns what gets the parameters of a layer out of a fused stack, without making their names at every step."""
    return attrgetter(*(f"{name}_l{index}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")))


def _end_to_end(parts: list[Tensor]) -> Tensor:
    """Returns vectors end to end."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)
