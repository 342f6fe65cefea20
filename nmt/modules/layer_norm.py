"""Layer normalisation inside of recurrent cells."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

BLOCKS = {"gru": (2, 1), "lstm": (4,)}
"""How many gates are normalised together."""


class CellNorm(nn.Module):
    """What makes a recurrent layer a layer-normalised one (Ba et al. 2016, supplementary material).

    LN(z; a, b) = (z - mean(z)) / sqrt(var(z) + 1e-5) * a + b; an LSTM (equations 20 to 22) has
    gates = LN(W x; a_x, b_x) + LN(U h; a_h, b_h) and h' = sigmoid(out) tanh(LN(c'; a_c, b_c)); a GRU (26 to 28)
    normalises reset and update together and the candidate apart, new = tanh(LN(W x) + reset * LN(U h)).
    Here are the gains; b_x and b_h are the biases that the layer has anyway.
    """

    def __init__(self, cell: str, hidden_size: int) -> None:
        super().__init__()
        self.blocks = [count * hidden_size for count in BLOCKS[cell]]
        self.input_gain = nn.Parameter(torch.ones(sum(self.blocks)))
        self.state_gain = nn.Parameter(torch.ones(sum(self.blocks)))
        self.carried = nn.LayerNorm(hidden_size) if cell == "lstm" else None

    def inputs(
        self, products: Float[Tensor, "batch target gates"], bias: Float[Tensor, " gates"]
    ) -> Float[Tensor, "batch target gates"]:
        """Returns LN(W x; a_x, b_x)."""
        return self._normalised(products, self.input_gain, bias)

    def states(
        self, products: Float[Tensor, "batch target gates"], bias: Float[Tensor, " gates"]
    ) -> Float[Tensor, "batch target gates"]:
        """Returns LN(U h; a_h, b_h)."""
        return self._normalised(products, self.state_gain, bias)

    def _normalised(self, products: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
        blocks = zip(*(torch.split(one, self.blocks, dim=-1) for one in (products, gain, bias)), strict=True)
        parts = [F.layer_norm(part, part.shape[-1:], scale, offset) for part, scale, offset in blocks]
        # Mixed precision normalises in float32; the state it meets in the cell may be in less.
        return torch.cat(parts, dim=-1).type_as(products)
