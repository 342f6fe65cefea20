"""Layers whose weights are rounded to 8 bits, for inference; they take the places of torch's."""

from collections.abc import Collection

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nmt.modules.int8 import Int8Matrix


class Int8Linear(nn.Module):
    """nn.Linear with a weight of 8 bits.

    Args:
        linear: the layer.
        within_one: whether all that it reads lies between -1 and 1.
        dtype: of what it gives, which it computes in float32.
    """

    bias = None
    """Its matrix has it."""

    def __init__(self, linear: nn.Linear, *, within_one: bool = False, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.weight = Int8Matrix.of(linear.weight, linear.bias, within_one=within_one)
        self.dtype = dtype

    def forward(self, inputs: Float[Tensor, "*rows inputs"]) -> Float[Tensor, "*rows outputs"]:
        """Returns W x + b."""
        found = self.weight.product(inputs.float())
        return found if self.dtype == torch.float32 else found.to(self.dtype)


class Int8Layers(nn.Module):
    """The weights of a fused stack under the same names, those of matrices in 8 bits.

    Args:
        stack: the stack.
        within_one: names of weights; those of what lies between -1 and 1.
        normalised: whether the cells are layer-normalised. An LSTM that is not reads the sum of its two biases alone,
            which takes the place of the first.
    """

    def __init__(self, stack: nn.RNNBase, within_one: Collection[str] = (), *, normalised: bool = False) -> None:
        super().__init__()
        self.mode = stack.mode
        for name, weight in stack.named_parameters():
            matrix = Int8Matrix.of(weight, within_one=name in within_one) if weight.dim() == 2 else weight.detach()
            setattr(self, name, matrix)
        for index in range(stack.num_layers if stack.mode == "LSTM" and not normalised else 0):
            read, remembered = (f"bias_{kind}_l{index}" for kind in ("ih", "hh"))
            setattr(self, read, getattr(self, read) + getattr(self, remembered))
            setattr(self, remembered, None)
