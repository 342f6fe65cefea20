"""The encoder with weights of 8 bits."""

from collections.abc import Collection
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from nmt.modules.cell_steps import KERNELS, LayerState
from nmt.modules.encoder import Encoder
from nmt.modules.int8 import Int8Matrix
from nmt.modules.int8_layers import Int8Layers
from nmt.modules.layer import Layer

FEW_SENTENCES = 4
"""Up to so many sentences one product for both directions is quicker than one for each, though half of it is unused."""


class Int8Encoder(Encoder):
    """An encoder, its weights rounded to 8 bits. Both directions of a layer take their steps together.

    Args:
        encoder: the encoder.
        within_one: names of its weights; those of what lies between -1 and 1.
    """

    def __init__(self, encoder: Encoder, within_one: Collection[str]) -> None:
        nn.Module.__init__(self)
        self.options, self.merge = encoder.options, encoder.merge
        self.hidden_size, self.memory_size = encoder.hidden_size, encoder.memory_size
        self.forward_norms, self.backward_norms = encoder.forward_norms, encoder.backward_norms
        for side in ("forwards", "backwards"):
            layers = nn.ModuleList()
            for index, rnn in enumerate(getattr(encoder, side)):
                names = [name for name, _ in rnn.named_parameters() if f"{side}.{index}.{name}" in within_one]
                layers.append(Int8Layers(rnn, names))
            setattr(self, side, layers)
        self._both = [_BothDirections(*layers) for layers in zip(self.forwards, self.backwards, strict=True)]

    def _run(self, layer: int, inputs: Tensor, reverse: Tensor) -> tuple[Tensor, Tensor]:
        if self.options.layer_norm:
            return super()._run(layer, inputs, reverse)
        ahead, back = self._both[layer].run(inputs, reverse)
        return ahead, _reordered(back, reverse)


class _BothDirections:
    """One layer in both directions."""

    def __init__(self, ahead: nn.Module, back: nn.Module) -> None:
        layers = [Layer.of(one, 0, None) for one in (ahead, back)]
        self._cell = layers[0].cell
        reading = [cast(Int8Matrix, one.weight_ih) for one in layers]
        self._reading, self._reading_bias = reading[0].above(reading[1]), torch.cat([one.bias_ih for one in layers])
        self._each = [cast(Int8Matrix, one.weight_hh) for one in layers]
        self._joined, self._bias = self._each[0].above(self._each[1]), torch.stack([one.bias_hh for one in layers])
        if self._cell == "lstm":  # which adds up all that it reads and remembers
            self._reading_bias += self._bias.flatten()

    def run(
        self, inputs: Float[Tensor, "batch source size"], reverse: Int[Tensor, "batch source"]
    ) -> Float[Tensor, "2 batch source hidden"]:
        """Returns the outputs of both directions, the backward one's in the order of `reverse`."""
        ahead, back = self._reading.product(inputs, self._reading_bias).chunk(2, dim=-1)
        gates = torch.stack([ahead, _reordered(back, reverse)])
        kernel = KERNELS[self._cell][0]
        zeros = inputs.new_zeros(2, len(inputs), self._joined.inputs)
        state: LayerState = (zeros, zeros) if self._cell == "lstm" else (zeros,)
        outputs = []
        for gate in gates.unbind(2):
            if self._cell == "lstm":
                state, _ = kernel(self._recurrent(state[0], gate), None, state)
            else:
                state, _ = kernel(gate, self._recurrent(state[0], self._bias[:, None]), state)
            outputs.append(state[0])
        return torch.stack(outputs, dim=2)

    def _recurrent(
        self, states: Float[Tensor, "2 batch hidden"], added: Float[Tensor, "2 #batch gates"]
    ) -> Float[Tensor, "2 batch gates"]:
        """Returns U h + b, by each direction's U and what is `added`."""
        batch = states.shape[1]
        if batch > FEW_SENTENCES:
            each = zip(self._each, states.unbind(), added.unbind(), strict=True)
            return torch.stack([weight.product(part).add_(one) for weight, part, one in each])
        found = self._joined.product(states).view(2, batch, 2, -1)
        return found.diagonal(0, 0, 2).permute(2, 0, 1) + added


def _reordered(
    values: Float[Tensor, "batch source size"], index: Int[Tensor, "batch source"]
) -> Float[Tensor, "batch source size"]:
    """Returns `values[b, index[b, s]]`, whole rows at a time."""
    batch, size = index.shape
    rows = index + torch.arange(0, batch * size, size)[:, None]
    return values.reshape(batch * size, -1).index_select(0, rows.flatten()).view(batch, size, -1)
