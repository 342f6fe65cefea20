"""Recurrent layers that run over a whole sequence at once or one step at a time, with the same parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nmt.config import ModelSettings
from nmt.modules import deferred
from nmt.modules.cell_steps import LayerState, gru_step, lstm_step
from nmt.modules.dropout import Masks, draw_mask
from nmt.modules.int8 import Int8Matrix
from nmt.modules.layer_norm import CellNorm

GATES = {"gru": 3, "lstm": 4}


@dataclass(frozen=True)
class CellOptions:
    """What the recurrent layers of a model have in common.

    Attributes:
        cell: `gru` or `lstm`.
        dropout: share of units dropped between layers.
        residual: whether each layer above the first adds its input to its output.
        layer_norm: whether cells are layer-normalised.
        variational: whether dropout takes the same units of a sentence at all steps, those of recurrent states as well.
    """

    cell: str
    dropout: float = 0.0
    residual: bool = False
    layer_norm: bool = False
    variational: bool = False

    @classmethod
    def of(cls, settings: ModelSettings) -> "CellOptions":
        """Returns what the settings of a model say of its layers."""
        return cls(
            settings.cell, settings.dropout, settings.residual, settings.layer_norm, settings.variational_dropout
        )

    @property
    def drops_states(self) -> bool:
        """Whether training draws masks for recurrent states."""
        return self.variational and self.dropout > 0

    def norms(self, hidden_size: int, layers: int) -> nn.ModuleList:
        """Returns a CellNorm for each layer, or none at all."""
        return nn.ModuleList(CellNorm(self.cell, hidden_size) for _ in range(layers if self.layer_norm else 0))


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
    bias_hh: Float[Tensor, " gates"]
    norm: CellNorm | None

    @classmethod
    def of(cls, rnn: nn.Module, index: int, norm: nn.Module | None) -> "Layer":
        """Returns layer `index` of a fused stack, and its CellNorm if it has one."""
        weights = {name: getattr(rnn, f"{name}_l{index}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        return cls(cell=cast(str, rnn.mode).lower(), norm=cast(CellNorm | None, norm), **weights)

    def project(self, inputs: Float[Tensor, "batch target input"]) -> Float[Tensor, "batch target gates"]:
        """Returns W x + b, without b from a normalised layer, which adds it after normalising."""
        return deferred.linear(inputs, self.weight_ih, self.bias_ih if self.norm is None else None)

    def step(
        self,
        projected: Float[Tensor, "batch target gates"],
        state: LayerState,
        mask: Float[Tensor, "batch 1 hidden"] | None = None,
    ) -> LayerState:
        """Advances by one step; the target axis holds parallel hypotheses."""
        return self._advance(self._ready(projected), state, mask)

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

    def _advance(self, gates: Tensor, state: LayerState, mask: Tensor | None) -> LayerState:
        hidden = state[0] if mask is None else state[0] * mask
        if self.norm is None:
            recurrent, carried = deferred.linear(hidden, self.weight_hh, self.bias_hh), None
        else:
            recurrent = self.norm.states(deferred.linear(hidden, self.weight_hh), self.bias_hh)
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


class Recurrence(nn.Module):
    """A stack of one-directional recurrent layers for a decoder.

    The first layer reads an input that is known ahead (embeddings) and, if `feed_size` is not 0, a vector that is known
    only step by step (a context, an attentional vector). With `residual`, layers above the first hand up
    x_l = h_l + x_{l-1} (Wu et al. 2016, equation 6), while h_l alone is their state.
    """

    def __init__(self, options: CellOptions, *, input_size: int, feed_size: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        self.options, self.hidden_size, self.layers = options, hidden_size, layers
        self.rnn = fused_layer(options.cell, input_size, hidden_size, layers, options.dropout)
        self.feed = deferred.Linear(feed_size, GATES[options.cell] * hidden_size, bias=False) if feed_size else None
        self.norms = options.norms(hidden_size, layers)

    def masks(self, inputs: Float[Tensor, "batch target input"]) -> Masks | None:
        """Draws the variational masks of a batch of sentences; None when there is nothing to draw."""
        if not (self.training and self.options.drops_states):
            return None
        drawn = [draw_mask(inputs, self.hidden_size, self.options.dropout) for _ in range(2 * self.layers)]
        return Masks(tuple(drawn[: self.layers]), tuple(drawn[self.layers : -1]), drawn[-1])

    def project(self, inputs: Float[Tensor, "batch target input"]) -> Float[Tensor, "batch target gates"]:
        """Returns the inputs' part of the first layer's gates, for all steps in one product."""
        return self._layer(0).project(inputs)

    def step(
        self,
        projected: Float[Tensor, "batch target gates"],
        feed: Float[Tensor, "batch target feed"] | None,
        state: tuple[LayerState, ...],
        masks: Masks | None = None,
        base: Float[Tensor, "batch target hidden"] | None = None,
    ) -> tuple[LayerState, ...]:
        """Advances every layer by one step; the target axis holds parallel hypotheses."""
        gates = projected if self.feed is None or feed is None else projected + self.feed(feed)
        after: list[LayerState] = []
        for index in range(self.layers):
            layer = self._layer(index)
            if index:
                gates = layer.project(self._between(self.output(after, base), index, masks))
            after.append(layer.step(gates, state[index], None if masks is None else masks.states[index]))
        return tuple(after)

    def output(
        self, state: Sequence[LayerState], base: Float[Tensor, "batch target hidden"] | None = None
    ) -> Float[Tensor, "batch target hidden"]:
        """Returns what the layers so far hand up: the last one's h, or with residual connections the sum of all h.

        Args:
            state: of the layers.
            base: what the layer below this stack hands up, for residual connections that go through both.
        """
        if not self.options.residual:
            return state[-1][0]
        return reduce(torch.add, [*([] if base is None else [base]), *(layer[0] for layer in state)])

    def drop(
        self, values: Float[Tensor, "batch target hidden"], masks: Masks | None
    ) -> Float[Tensor, "batch target hidden"]:
        """Drops units of what is made of the output: by the sentence's mask, or anew at each step."""
        if masks is not None:
            return values * masks.output
        return F.dropout(values, self.options.dropout) if self.training else values

    def forward(
        self,
        inputs: Float[Tensor, "batch target input"],
        state: tuple[LayerState, ...],
        masks: Masks | None = None,
        base: Float[Tensor, "batch target hidden"] | None = None,
    ) -> tuple[Float[Tensor, "batch target hidden"], tuple[LayerState, ...]]:
        """Runs all steps of known inputs at once; only for a stack without feed. Returns outputs and last states."""
        outputs, after = inputs, []
        for index in range(self.layers):
            below = outputs if index else base
            read = self._between(outputs, index, masks) if index else inputs
            mask = None if masks is None else masks.states[index]
            outputs, last = self._layer(index).run(read, state[index], mask)
            if self.options.residual and below is not None:
                outputs = outputs + below
            after.append(last)
        return outputs, tuple(after)

    def _layer(self, index: int) -> Layer:
        return Layer.of(self.rnn, index, self.norms[index] if self.options.layer_norm else None)

    def _between(self, values: Tensor, index: int, masks: Masks | None) -> Tensor:
        """Drops units of what layer `index` reads of the layer below."""
        if masks is None:
            return F.dropout(values, self.options.dropout, self.training)
        return values * masks.between[index - 1]
