"""Dropout: other units at every position, or variational, the same units of a sentence at all of its positions."""

from typing import NamedTuple

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


class Masks(NamedTuple):
    """What variational dropout does to one batch of sentences in a recurrent stack (Gal & Ghahramani 2016, section 4).

    Every mask is (batch, 1, hidden), of 0 and 1 / (1 - dropout), and serves all steps.

    Attributes:
        states: for each layer, the state of the step before, where it enters the gates.
        between: for each layer but the first, what it reads of the layer below.
        output: what is made of the stack's output.
    """

    states: tuple[Float[Tensor, "batch 1 hidden"], ...]
    between: tuple[Float[Tensor, "batch 1 hidden"], ...]
    output: Float[Tensor, "batch 1 hidden"]


def draw_mask(like: Float[Tensor, "batch position any"], size: int, rate: float) -> Float[Tensor, "batch 1 size"]:
    """Returns a mask for each sentence of the batch `like`: 0 for the share `rate` of units, else 1 / (1 - rate)."""
    return F.dropout(like.new_ones(like.shape[0], 1, size), rate)


def drop(
    values: Float[Tensor, "batch position size"], rate: float, training: bool, variational: bool
) -> Float[Tensor, "batch position size"]:
    """Drops units while training: anew at each position, or if `variational` once for all positions of a sentence."""
    if variational and training and rate:
        return values * draw_mask(values, values.shape[2], rate)
    return F.dropout(values, rate, training)
