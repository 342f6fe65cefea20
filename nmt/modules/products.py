"""Products of activations with weights of either kind, in the layout that is fastest for the number of rows."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from nmt.modules.int8 import Int8Matrix

FEW_ROWS = 16
"""Up to so many rows W x^T is faster on a CPU than x W^T: two to three times with 5 rows of 512 and 8,000 outputs."""


def product(
    inputs: Float[Tensor, "*rows inputs"], weight: Tensor | Int8Matrix, bias: Float[Tensor, " outputs"] | None = None
) -> Float[Tensor, "*rows outputs"]:
    """Returns inputs W^T + b."""
    if isinstance(weight, Int8Matrix):
        return weight.product(inputs, bias)
    rows = inputs.numel() // inputs.shape[-1]
    if not 1 < rows <= FEW_ROWS or torch.is_grad_enabled() or inputs.device.type != "cpu":
        return F.linear(inputs, weight, bias)
    found = (weight @ inputs.reshape(rows, -1).T).T.contiguous().view(*inputs.shape[:-1], -1)
    return found if bias is None else found.add_(bias)
