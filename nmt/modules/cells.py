"""Recurrent layers that run over a whole sequence at once or one step at a time, with the same parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nmt.config import ModelSettings
from nmt.modules import deferred
from nmt.modules.cell_steps import LayerState
from nmt.modules.dropout import Masks, draw_mask, dropout
from nmt.modules.layer import GATES, Layer, fused_layer
from nmt.modules.layer_norm import CellNorm


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
        self.joined = False
        """Whether the first layer's weights for the state hold those for what is fed, in front."""

    @property
    def joinable(self) -> bool:
        """Whether one product can do for state and feed: a GRU and layer norms treat their parts differently."""
        return self.feed is not None and self.options.cell == "lstm" and not self.options.layer_norm

    def masks(self, inputs: Float[Tensor, "batch target input"]) -> Masks | None:
        """Draws the variational masks of a batch of sentences; None when there is nothing to draw."""
        if not (self.training and self.options.drops_states):
            return None
        drawn = [draw_mask(inputs, self.hidden_size, self.options.dropout) for _ in range(2 * self.layers)]
        return Masks(tuple(drawn[: self.layers]), tuple(drawn[self.layers : -1]), drawn[-1])

    def project(self, inputs: Float[Tensor, "batch target input"]) -> Float[Tensor, "batch target gates"]:
        """Returns what `step` wants of the inputs: their part of the first layer's gates, for all steps in one product.

        In training loops that is the inputs themselves, where a step reads everything at once.
        """
        first = self._layer(0)
        return inputs if first.at_once else first.project(inputs)

    def step(
        self,
        projected: Float[Tensor, "batch target gates"],
        feed: Float[Tensor, "batch target feed"] | None,
        state: tuple[LayerState, ...],
        masks: Masks | None = None,
        base: Float[Tensor, "batch target hidden"] | None = None,
    ) -> tuple[LayerState, ...]:
        """Advances every layer by one step; the target axis holds parallel hypotheses."""
        states = [None] * self.layers if masks is None else masks.states
        after = [self._first(projected, feed, state[0], states[0])]
        for index in range(1, self.layers):
            layer, inputs = self._layer(index), self._between(self.output(after, base), index, masks)
            after.append(layer.advance(inputs, state[index], states[index]))
        return tuple(after)

    def _first(self, given: Tensor, feed: Tensor | None, state: LayerState, mask: Tensor | None) -> LayerState:
        """Advances the first layer, from what `project` gives and what is fed."""
        layer = self._layer(0)
        if self.feed is None or feed is None:
            if layer.at_once:
                return layer.advance(given, state, mask)
            return layer.step(given, state, mask, feed if self.joined else None)
        if layer.at_once:
            return layer.read([given, feed], [cast(Tensor, layer.weight_ih), self.feed.weight], state, mask)
        return layer.step(given + self.feed(feed), state, mask)

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
        return dropout(values, self.options.dropout, self.training)

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
            return dropout(values, self.options.dropout, self.training)
        return values * masks.between[index - 1]
