"""The encoder: bidirectional recurrent layers over right-padded sources."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from nmt.modules.cells import CellOptions
from nmt.modules.dropout import draw_mask, drop
from nmt.modules.layer import Layer, fused_layer


class Encoded(NamedTuple):
    """An encoded batch.

    Attributes:
        memory: encoder outputs, both directions side by side or their sum, 0 at padding.
        mask: True = real token.
        lengths: real tokens of each source, end mark counted.
        last: last states of both directions, joined as in the memory; None where the memory shows them: the forward
            one's in its first half at the end mark, the backward one's in its second half at the start.
    """

    memory: Float[Tensor, "batch source memory"]
    mask: Bool[Tensor, "batch source"]
    lengths: Int[Tensor, " batch"]
    last: Float[Tensor, "batch memory"] | None = None


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
    """Layers of one RNN a direction, the backward one on length-reversed input.

    Packed sequences would do the same several times slower on a CPU. Padding stands behind the real tokens in both
    directions, so it cannot reach them. The directions are joined after every layer, `concat` or `sum`; with residual
    connections each layer above the first adds its input: x_l = h_l + x_{l-1} (Wu et al. 2016, equation 6).
    """

    def __init__(
        self, options: CellOptions, input_size: int, hidden_size: int, layers: int, merge: str = "concat"
    ) -> None:
        super().__init__()
        self.options, self.merge, self.hidden_size = options, merge, hidden_size
        self.memory_size = 2 * hidden_size if merge == "concat" else hidden_size
        sizes = [input_size] + [self.memory_size] * (layers - 1)
        self.forwards = nn.ModuleList(fused_layer(options.cell, size, hidden_size) for size in sizes)
        self.backwards = nn.ModuleList(fused_layer(options.cell, size, hidden_size) for size in sizes)
        self.forward_norms, self.backward_norms = (options.norms(hidden_size, layers) for _ in range(2))

    def forward(self, embedded: Float[Tensor, "batch source embedding"], lengths: Int[Tensor, " batch"]) -> Encoded:
        """Encodes embedded sources; what stands at padding has no influence."""
        size, options = embedded.shape[1], self.options
        mask, reverse = length_mask(lengths, size), reverse_index(lengths, size)
        ahead, back = self._run(0, embedded, reverse)
        outputs = self._join(ahead, back)
        for layer in range(1, len(self.forwards)):
            below = drop(outputs, options.dropout, self.training, options.variational)
            ahead, back = self._run(layer, below, reverse)
            outputs = self._join(ahead, back) + outputs if options.residual else self._join(ahead, back)
        last = None
        if self.merge == "sum" or (options.residual and len(self.forwards) > 1):
            last = self._join(take(ahead, lengths[:, None] - 1), back[:, :1])[:, 0]
        return Encoded(outputs * mask[:, :, None], mask, lengths, last)

    def _run(self, layer: int, inputs: Tensor, reverse: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the outputs of both directions, each (batch, source, hidden) in the order of the source."""
        ahead = self._direction(self.forwards[layer], self.forward_norms, layer, inputs)
        back = self._direction(self.backwards[layer], self.backward_norms, layer, take(inputs, reverse))
        return ahead, take(back, reverse)

    def _direction(self, rnn: nn.Module, norms: nn.ModuleList, layer: int, inputs: Tensor) -> Tensor:
        options, mask = self.options, None
        if self.training and options.drops_states:
            mask = draw_mask(inputs, self.hidden_size, options.dropout)
        zeros = inputs.new_zeros(inputs.shape[0], 1, self.hidden_size)
        start = (zeros,) if options.cell == "gru" else (zeros, zeros)
        norm = norms[layer] if options.layer_norm else None
        return Layer.of(rnn, 0, norm).run(inputs, start, mask)[0]

    def _join(self, ahead: Tensor, back: Tensor) -> Tensor:
        return torch.cat([ahead, back], dim=-1) if self.merge == "concat" else ahead + back
