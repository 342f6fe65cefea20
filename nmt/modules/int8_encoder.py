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

FEW_SENTENCES, NARROW = 4, 256
"""Up to so many sentences, and states of so many numbers, one product for both directions is quicker than one each.

Half of it is with zeros: with 512 numbers that takes what is saved, with 1,024 half as long again.
"""


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
                layers.append(Int8Layers(rnn, names, normalised=encoder.options.layer_norm))
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
        self._joined = self._each[0].beside(self._each[1]) if self._each[0].inputs <= NARROW else None
        biases = [one.bias_hh for one in layers if one.bias_hh is not None]
        self._bias = torch.stack(biases) if biases else None

    def run(
        self, inputs: Float[Tensor, "batch source size"], reverse: Int[Tensor, "batch source"]
    ) -> tuple[Float[Tensor, "batch source hidden"], Float[Tensor, "batch source hidden"]]:
        """Returns the outputs of both directions, the backward one's in the order of `reverse`."""
        few = self._joined is not None and len(inputs) <= FEW_SENTENCES
        axis = 1 if few else 0  # of the directions, beside that of the sentences
        ahead, back = self._reading.product(inputs, self._reading_bias).chunk(2, dim=-1)
        gates = torch.stack([ahead, _reordered(back, reverse)], dim=axis)
        bias = None if self._bias is None else self._bias.unsqueeze(1 - axis)
        multiply, kernel = self._at_once if few else self._each_alone, KERNELS[self._cell][0]
        zeros = inputs.new_zeros(*gates.shape[:2], self._each[0].inputs)
        state: LayerState = (zeros, zeros) if self._cell == "lstm" else (zeros,)
        outputs = []
        for gate in gates.unbind(2):
            recurrent = multiply(state[0])
            state, _ = kernel(gate, recurrent if bias is None else recurrent.add_(bias), state)
            outputs.append(state[0])
        ahead, back = torch.stack(outputs, dim=2).unbind(axis)
        return ahead, back

    def _at_once(self, states: Float[Tensor, "batch 2 hidden"]) -> Float[Tensor, "batch 2 gates"]:
        assert self._joined is not None
        return self._joined.product(states.flatten(1)).view(*states.shape[:2], -1)

    def _each_alone(self, states: Float[Tensor, "2 batch hidden"]) -> Float[Tensor, "2 batch gates"]:
        return torch.stack([weight.product(one) for weight, one in zip(self._each, states.unbind(), strict=True)])


def _reordered(
    values: Float[Tensor, "batch source size"], index: Int[Tensor, "batch source"]
) -> Float[Tensor, "batch source size"]:
    """Returns `values[b, index[b, s]]`, whole rows at a time."""
    batch, size = index.shape
    rows = index + torch.arange(0, batch * size, size)[:, None]
    return values.reshape(batch * size, -1).index_select(0, rows.flatten()).view(batch, size, -1)
