"""Bridges: from an encoded source to the first state of the decoder."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nmt.config import SettingsError
from nmt.modules.cell_steps import LayerState
from nmt.modules.encoder import Encoded, take


def last_states(encoded: Encoded) -> Float[Tensor, "batch memory"]:
    """Returns the last state of each direction: the forward one's at the end mark, the backward one's at the start."""
    if encoded.last is not None:
        return encoded.last
    half = encoded.memory.shape[2] // 2
    ahead = take(encoded.memory[:, :, :half], encoded.lengths[:, None] - 1)[:, 0]
    return torch.cat([ahead, encoded.memory[:, 0, half:]], dim=-1)


def mean_state(encoded: Encoded) -> Float[Tensor, "batch memory"]:
    """Returns the mean of the memory over the real tokens, whose last bits do not depend on the padding on a CPU."""
    memory = encoded.memory
    total = memory.sum(1, dtype=torch.float64 if memory.device.type == "cpu" else None)
    return (total / encoded.lengths[:, None].to(total.dtype)).type_as(memory)


class Bridge(nn.Module):
    """Makes the first state of every decoder layer.

    `zero`: zeros. `last`: the last states of both directions, joined as in the memory. `mean`: the mean of the memory.
    `dense`: tanh(W x + b) of the last states, one W for each layer (after Bahdanau et al. 2015, A.2.2). With LSTMs
    `last` and `mean` set h and leave c at zero; `dense` makes both.
    """

    def __init__(self, kind: str, cell: str, memory_size: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        self.kind, self.hidden_size, self.layers = kind, hidden_size, layers
        self.parts = 1 if cell == "gru" else 2
        if kind in ("last", "mean") and memory_size != hidden_size:
            raise SettingsError(
                f"model.bridge={kind} needs model.decoder_size={memory_size}, as wide as the memory, "
                f"not {hidden_size}; or use model.bridge=dense"
            )
        self.dense = nn.Linear(memory_size, hidden_size * layers * self.parts) if kind == "dense" else None

    def forward(self, encoded: Encoded) -> tuple[LayerState, ...]:
        """Returns the state of each layer, every tensor (batch, 1, hidden)."""
        if self.dense is not None:
            states = torch.tanh(self.dense(last_states(encoded)))[:, None].chunk(self.layers * self.parts, dim=-1)
            return tuple(states[start : start + self.parts] for start in range(0, len(states), self.parts))
        zeros = encoded.memory.new_zeros(encoded.memory.shape[0], 1, self.hidden_size)
        hidden = zeros
        if self.kind != "zero":
            hidden = (last_states(encoded) if self.kind == "last" else mean_state(encoded))[:, None]
        return tuple((hidden, zeros)[: self.parts] for _ in range(self.layers))
