"""The steps of recurrent cells on CUDA: one kernel each, those that torch's own LSTMCell and GRUCell launch there.

They take and return what the kernels of `cell_steps` do, and can stand for these.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

_ops = torch.ops.aten
Tensors = tuple[Tensor, ...]


def _call(kernel: Any, *given: Any) -> Any:
    """Calls a kernel in the type of what it is given: mixed precision, which would lower that, is for products."""
    with torch.autocast("cuda", enabled=False):
        return kernel(*given)


def _rows(values: Tensor) -> Tensor:
    """Returns (batch * target, units): the kernels take no more dimensions than two."""
    return values.flatten(0, -2).contiguous()


def gru(gates: Tensor, recurrent: Tensor, state: Sequence[Tensor]) -> tuple[Tensors, Tensors]:
    """Returns the new (h,) and what `gru_backward` needs."""
    hidden, workspace = _call(_ops._thnn_fused_gru_cell, _rows(gates), _rows(recurrent), _rows(state[0]))
    return (hidden.view_as(state[0]),), (workspace,)


def gru_backward(kept: Tensors, grads: Sequence[Tensor | None]) -> tuple[Tensor, Tensor, tuple[Tensor | None, ...]]:
    """Returns the gradients of gates, recurrent parts and state."""
    ((workspace,), (grad,)) = kept, grads
    assert grad is not None
    shape = (*grad.shape[:-1], -1)
    found = _call(_ops._thnn_fused_gru_cell_backward, _rows(grad), workspace, False)[:3]
    gates, recurrent, hidden = (one.view(shape) for one in found)
    return gates, recurrent, (hidden,)


def lstm(gates: Tensor, recurrent: Tensor | None, state: Sequence[Tensor]) -> tuple[Tensors, Tensors]:
    """Returns the new (h, c) and what `lstm_backward` needs; without `recurrent`, `gates` is the sum of both."""
    before = _rows(state[1])
    other = torch.zeros_like(gates) if recurrent is None else recurrent
    hidden, cell, workspace = _call(_ops._thnn_fused_lstm_cell, _rows(gates), _rows(other), before)
    return (hidden.view_as(state[1]), cell.view_as(state[1])), (before, cell, workspace)


def lstm_backward(kept: Tensors, grads: Sequence[Tensor | None]) -> tuple[Tensor, Tensor, tuple[Tensor | None, ...]]:
    """Returns the gradients of gates, recurrent parts and state."""
    of_hidden, of_cell = (None if one is None else _rows(one) for one in grads)
    shape = next(one.shape for one in grads if one is not None)[:-1]
    gates, cell, _ = _call(_ops._thnn_fused_lstm_cell_backward_impl, of_hidden, of_cell, *kept, False)
    gates = gates.view(*shape, -1)
    return gates, gates, (None, cell.view(*shape, -1))
