"""Dropout: other units at every position, or variational, the same units of a sentence at all of its positions."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

LEVELS = 1 << 16
"""A rate is rounded to so many steps; what it keeps is weighted by the rounded one."""


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
    return dropout(like.new_ones(like.shape[0], 1, size), rate)


def drop(
    values: Float[Tensor, "batch position size"], rate: float, training: bool, variational: bool
) -> Float[Tensor, "batch position size"]:
    """Drops units while training: anew at each position, or if `variational` once for all positions of a sentence."""
    if variational and training and rate:
        return values * draw_mask(values, values.shape[2], rate)
    return dropout(values, rate, training)


def dropout(values: Float[Tensor, "*any"], rate: float, training: bool = True) -> Float[Tensor, "*any"]:
    """Returns values of which the share `rate` is 0 and the others are divided by 1 - rate, drawn anew for each.

    On a CPU four units share one draw of 64 bits: torch's own dropout draws for each, which takes eight times as long,
    some 4 % of a training step.
    """
    steps = round(rate * LEVELS)
    if not training or steps == 0:
        return values
    if values.device.type != "cpu" or steps >= LEVELS:
        return F.dropout(values, rate)
    return values * _kept(values, steps).to(values.dtype).mul_(LEVELS / (LEVELS - steps))


def _kept(values: Float[Tensor, "*any"], steps: int) -> Bool[Tensor, "*any"]:
    """Returns what is kept of values, on a CPU, if `steps` of LEVELS are dropped."""
    count = values.numel()
    drawn = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    return drawn.view(torch.int16)[:count].view(values.shape) >= steps - LEVELS // 2
