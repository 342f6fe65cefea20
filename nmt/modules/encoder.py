"""The encoder: bidirectional recurrent layers over right-padded sources."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from nmt.modules.cells import fused_layer


class Encoded(NamedTuple):
    """An encoded batch.

    Attributes:
        memory: encoder outputs, both directions side by side, 0 at padding.
        mask: True = real token.
        lengths: real tokens of each source, end mark counted.
    """

    memory: Float[Tensor, "batch source memory"]
    mask: Bool[Tensor, "batch source"]
    lengths: Int[Tensor, " batch"]


def length_mask(lengths: Int[Tensor, " batch"], size: int) -> Bool[Tensor, "batch source"]:
    """Returns a mask that is True at the first `lengths[b]` of `size` positions."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]


def reverse_index(lengths: Int[Tensor, " batch"], size: int) -> Int[Tensor, "batch source"]:
    """Returns the index that reverses the real tokens of each row and leaves its padding where it is."""
    positions = torch.arange(size, device=lengths.device)
    return torch.where(positions < lengths[:, None], lengths[:, None] - 1 - positions, positions)


def take(
    values: Float[Tensor, "batch source size"], index: Int[Tensor, "batch target"]
) -> Float[Tensor, "batch target size"]:
    """Returns `values[b, index[b, t]]`."""
    return values.gather(1, index[:, :, None].expand(-1, -1, values.shape[2]))


class Encoder(nn.Module):
    """Layers of one fused RNN a direction, the backward one on length-reversed input.

    Packed sequences would do the same several times slower on a CPU. Padding stands behind the real tokens in both
    directions, so it cannot reach them.
    """

    def __init__(self, cell: str, input_size: int, hidden_size: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.memory_size, self.dropout = 2 * hidden_size, dropout
        sizes = [input_size] + [2 * hidden_size] * (layers - 1)
        self.forwards = nn.ModuleList(fused_layer(cell, size, hidden_size) for size in sizes)
        self.backwards = nn.ModuleList(fused_layer(cell, size, hidden_size) for size in sizes)

    def forward(self, embedded: Float[Tensor, "batch source embedding"], lengths: Int[Tensor, " batch"]) -> Encoded:
        """Encodes embedded sources; what stands at padding has no influence."""
        size = embedded.shape[1]
        mask, reverse = length_mask(lengths, size), reverse_index(lengths, size)
        outputs = embedded
        for layer, (ahead, back) in enumerate(zip(self.forwards, self.backwards, strict=True)):
            if layer:
                outputs = F.dropout(outputs, self.dropout, self.training)
            outputs = torch.cat([ahead(outputs)[0], take(back(take(outputs, reverse))[0], reverse)], dim=-1)
        return Encoded(outputs * mask[:, :, None], mask, lengths)
