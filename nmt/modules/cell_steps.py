"""The steps of recurrent cells, and their backward passes by hand: one node a step instead of a dozen.

A kernel takes gates W x + b, recurrent parts U h + b and the state, and returns the new state and what its backward
kernel needs; that takes the gradients of the new state and returns those of gates, recurrent parts and state.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nmt.modules import fused_steps

LayerState = tuple[Tensor, ...]
"""State of one layer: (h,) for a GRU, (h, c) for an LSTM, each (batch, target, hidden)."""

Tensors = tuple[Tensor, ...]
Gradients = tuple[Tensor | None, ...]
_ONE = torch.tensor(1.0, dtype=torch.float32, device="cpu")
_sigmoid_backward, _tanh_backward = torch.ops.aten.sigmoid_backward, torch.ops.aten.tanh_backward


def gru_step(gates: Tensor, recurrent: Tensor, state: LayerState) -> LayerState:
    """One GRU step (Cho et al. 2014, as in torch): `gates` is W x + b, `recurrent` U h + b, of (reset, update, new)."""
    if fuses(gates.device):
        gates, recurrent = gates.type_as(state[0]), recurrent.type_as(state[0])
    if _of_one_type(gates, recurrent, *state):
        return _step("gru", gates, recurrent, state)
    (hidden,) = state
    reset_x, update_x, new_x = gates.chunk(3, dim=-1)
    reset_h, update_h, new_h = recurrent.chunk(3, dim=-1)
    reset = torch.sigmoid(reset_x + reset_h)
    update = torch.sigmoid(update_x + update_h)
    new = torch.tanh(torch.addcmul(new_x, reset, new_h))
    return (torch.lerp(new, hidden.type_as(new), update),)  # mixed precision may start from another type


def lstm_step(
    gates: Tensor, recurrent: Tensor | None, state: LayerState, norm: nn.LayerNorm | None = None
) -> LayerState:
    """One LSTM step (Hochreiter & Schmidhuber 1997, as in torch): W x + b and U h + b of (in, forget, cell, out).

    Without `recurrent`, `gates` is the sum of both, and is overwritten. `norm` normalises the new c on its way into h,
    not the c that is handed on.
    """
    if fuses(gates.device):
        gates, recurrent = gates.type_as(state[1]), None if recurrent is None else recurrent.type_as(state[1])
    if norm is None and _of_one_type(gates, *([] if recurrent is None else [recurrent]), *state):
        return _step("lstm", gates, recurrent, state)
    entry, forget, new, out = (gates if recurrent is None else gates + recurrent).chunk(4, dim=-1)
    cell = torch.addcmul(torch.sigmoid(forget) * state[1], torch.sigmoid(entry), torch.tanh(new))
    return torch.sigmoid(out) * torch.tanh(cell if norm is None else norm(cell).type_as(cell)), cell


def _of_one_type(*values: Tensor) -> bool:
    return len({one.dtype for one in values}) == 1


def _step(cell: str, gates: Tensor, recurrent: Tensor | None, state: LayerState) -> LayerState:
    if not torch.is_grad_enabled():
        return _kernels(cell, gates)[0](gates, recurrent, state)[0]
    after: LayerState = _Step.apply(cell, gates, recurrent, *state)  # type: ignore[no-untyped-call]
    return after


def _gru(gates: Tensor, recurrent: Tensor, state: Sequence[Tensor]) -> tuple[Tensors, Tensors]:
    hidden, two = state[0], 2 * state[0].shape[-1]
    new_h = recurrent[..., two:]
    opening = (gates[..., :two] + recurrent[..., :two]).sigmoid_()
    reset, update = opening.chunk(2, dim=-1)
    new = torch.addcmul(gates[..., two:], reset, new_h).tanh_()
    return (torch.lerp(new, hidden, update),), (opening, new, new_h, hidden)


def _gru_backward(kept: Tensors, grads: Sequence[Tensor | None]) -> tuple[Tensor, Tensor, Gradients]:
    (opening, new, new_h, hidden), (grad,) = kept, grads
    assert grad is not None
    reset, update = opening.chunk(2, dim=-1)
    back = grad * update
    gates = torch.cat([opening, new], dim=-1)
    of_reset, of_update, of_new = gates.chunk(3, dim=-1)
    _tanh_backward.grad_input(grad - back, new, grad_input=of_new)
    _sigmoid_backward.grad_input(of_new * new_h, reset, grad_input=of_reset)
    _sigmoid_backward.grad_input(grad * (hidden - new), update, grad_input=of_update)
    recurrent = gates.clone()
    recurrent[..., opening.shape[-1] :] *= reset
    return gates, recurrent, (back,)


def _lstm(gates: Tensor, recurrent: Tensor | None, state: Sequence[Tensor]) -> tuple[Tensors, Tensors]:
    opening = gates if recurrent is None else gates + recurrent
    entry, forget, new, out = opening.chunk(4, dim=-1)
    if opening.dtype.itemsize < 4:  # too coarse for what follows
        opening[..., : 2 * entry.shape[-1]].sigmoid_()
        new.tanh_()
        out.sigmoid_()
    else:  # tanh(x) = 2 sigmoid(2 x) - 1: torch's tanh takes four times as long as its sigmoid
        new.add_(new)  # which does not, as a number of Python's would, have to be brought to the type of the others
        opening.sigmoid_()
        new.add_(new).sub_(_ONE)
    cell = torch.addcmul(forget * state[1], entry, new)
    shown = torch.tanh(cell)
    return (out * shown, cell), (opening, state[1], shown)


def _lstm_backward(kept: Tensors, grads: Sequence[Tensor | None]) -> tuple[Tensor, Tensor, Gradients]:
    (opening, before, shown), (of_hidden, of_cell) = kept, grads
    entry, forget, new, out = opening.chunk(4, dim=-1)
    gates = torch.empty_like(opening)
    of_entry, of_forget, of_new, of_out = gates.chunk(4, dim=-1)
    if of_hidden is None:
        assert of_cell is not None
        of_out.zero_()
    else:
        through = _tanh_backward(of_hidden * out, shown)
        _sigmoid_backward.grad_input(of_hidden * shown, out, grad_input=of_out)
        of_cell = through if of_cell is None else through.add_(of_cell)
    _sigmoid_backward.grad_input(of_cell * new, entry, grad_input=of_entry)
    _sigmoid_backward.grad_input(of_cell * before, forget, grad_input=of_forget)
    _tanh_backward.grad_input(of_cell * entry, new, grad_input=of_new)
    return gates, gates, (None, of_cell * forget)


Kernel = Callable[[Tensor, Any, Sequence[Tensor]], tuple[Tensors, Tensors]]
BackwardKernel = Callable[[Tensors, Sequence[Tensor | None]], tuple[Tensor, Tensor, Gradients]]
Kernels = dict[str, tuple[Kernel, BackwardKernel]]
KERNELS: Kernels = {"gru": (_gru, _gru_backward), "lstm": (_lstm, _lstm_backward)}
FUSED_KERNELS: Kernels = {
    "gru": (fused_steps.gru, fused_steps.gru_backward),
    "lstm": (fused_steps.lstm, fused_steps.lstm_backward),
}


def _kernels(cell: str, gates: Tensor) -> tuple[Kernel, BackwardKernel]:
    return (FUSED_KERNELS if fuses(gates.device) else KERNELS)[cell]


def fuses(device: torch.device) -> bool:
    """Returns whether torch has a kernel for a whole step there."""
    return device.type == "cuda"


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, cell: str, gates: Tensor, recurrent: Tensor | None, *state: Tensor) -> Tensors:
        kernel, ctx.backward_kernel = _kernels(cell, gates)
        after, kept = kernel(gates, recurrent, state)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*kept)
        return after

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        if all(one is None for one in grads):
            return (None,) * len(ctx.needs_input_grad)
        gates, recurrent, state = ctx.backward_kernel(ctx.saved_tensors, grads)
        return None, gates, recurrent if ctx.needs_input_grad[2] else None, *state
