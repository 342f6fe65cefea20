"""Gradients of what all steps of a loop multiply with, made in one product after the last step.

Autograd makes the gradient of a weight, of keys or of a memory at every step and adds it to that of the steps before,
reading and writing the whole of it each time. Here a step's node hands on the gradient of its own input alone, and
leaves input and output gradient with a collector: a node before the loop, so that its backward pass runs after those of
all steps. Nothing outlives the loop but what autograd keeps.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nmt.modules.int8 import Int8Matrix
from nmt.modules.products import product


@contextmanager
def shared_products() -> Iterator[None]:
    """Makes the products below share one gradient product a matrix; in mixed precision they stay autograd's.

    Matrices are told apart by identity: a step must multiply with the tensor itself, not with a new view of it.
    """
    mixed = any(torch.is_autocast_enabled(device) for device in ("cpu", "cuda"))
    token = _loop.set(_Loop({}, {}) if torch.is_grad_enabled() and not mixed else None)
    try:
        yield
    finally:
        _loop.reset(token)


def in_loop() -> bool:
    """Returns whether products share their gradients now."""
    return _loop.get() is not None


def beside(*matrices: Float[Tensor, "out _"]) -> Tensor:
    """Returns matrices side by side, joined once a loop: W such that W [x; y] = U x + V y."""
    return matrices[0] if len(matrices) == 1 else _once(lambda: torch.cat(matrices, dim=1), *matrices)


def total(left: Float[Tensor, " out"], right: Float[Tensor, " out"]) -> Float[Tensor, " out"]:
    """Returns the sum of two biases, added once a loop."""
    return _once(lambda: left + right, left, right)


def linear(
    values: Float[Tensor, "batch target size"],
    weight: Float[Tensor, "out size"] | Int8Matrix,
    bias: Float[Tensor, " out"] | None = None,
    *,
    columns: bool = False,
) -> Float[Tensor, "batch target out"]:
    """Returns W x + b.

    Args:
        values: x, a row each.
        weight: W.
        bias: b.
        columns: lets a CPU make W x^T, so that each output of all rows stands together in memory, and the rows of the
            result apart. With some hundred rows that takes two thirds of the time, and arithmetic on single numbers
            does not mind.
    """
    shared = _find(weight, bias, transposed=True, columns=columns) if isinstance(weight, Tensor) else None
    return product(values, weight, bias) if shared is None else shared(values)


def compare(
    query: Float[Tensor, "batch target size"], keys: Float[Tensor, "batch source size"]
) -> Float[Tensor, "batch target source"]:
    """Returns q . k of every query and key."""
    shared = _find(keys, None, transposed=True)
    return torch.bmm(query, keys.transpose(1, 2)) if shared is None else shared(query)


def mix(
    weights: Float[Tensor, "batch target source"], memory: Float[Tensor, "batch source size"]
) -> Float[Tensor, "batch target size"]:
    """Returns the sums of what stands in the memory that have these weights."""
    shared = _find(memory, None, transposed=False)
    return torch.bmm(weights, memory) if shared is None else shared(weights)


class Linear(nn.Linear):
    """nn.Linear for use in loops."""

    def forward(self, values: Float[Tensor, "batch target size"]) -> Float[Tensor, "batch target out"]:
        """Returns W x + b."""
        return linear(values, self.weight, self.bias)


class _Shared:
    """What the collector of one matrix and the nodes of its steps have in common; it holds no part of the graph."""

    def __init__(self, matrix: Tensor, bias: Tensor | None, transposed: bool, columns: bool) -> None:
        self.matrix, self.bias, self.transposed = matrix.detach(), None if bias is None else bias.detach(), transposed
        self.columns = columns and matrix.device.type == "cpu"
        self._kept: list[tuple[Tensor, Tensor]] = []
        self._task = -1

    def keep(self, values: Tensor, grad: Tensor) -> None:
        """Keeps a step's part; those of a backward pass that never came to the collector are forgotten."""
        task = torch._C._current_graph_task_id()
        if task != self._task:
            self._kept, self._task = [], task
        self._kept.append((values, grad))

    def gradients(self, biased: bool) -> tuple[Tensor | None, Tensor | None]:
        """Returns the gradients of matrix and bias of what was kept, and forgets it."""
        if not self._kept:
            return None, None
        kept, self._kept = self._kept, []
        if self.columns:
            columns = torch.cat([grad.flatten(0, 1).T for _, grad in kept], dim=1)
            rows = torch.cat([values.flatten(0, 1) for values, _ in kept])
            return columns @ rows, columns.sum(1) if biased else None
        whole = self.matrix.dim() == 2  # one matrix for the whole batch, so that the order of rows is all the same
        values, grads = (
            torch.cat([one.flatten(0, 1) for one in part]) if whole else torch.cat(part, dim=1)
            for part in zip(*kept, strict=True)
        )
        left, right = (grads, values) if self.transposed else (values, grads)
        return left.transpose(-1, -2) @ right, grads.sum(0) if biased else None


class _Product(NamedTuple):
    """A matrix of the current loop, (m, n) of a linear layer or (batch, m, n), by its identity."""

    shared: _Shared
    token: Tensor
    given: tuple[Tensor, Tensor | None]

    @classmethod
    def of(cls, matrix: Tensor, bias: Tensor | None, *layout: bool) -> "_Product":
        shared = _Shared(matrix, bias, *layout)
        return cls(shared, _Collector.apply(shared, matrix, bias), (matrix, bias))  # type: ignore[no-untyped-call]

    def __call__(self, values: Tensor) -> Tensor:
        found: Tensor = _Step.apply(self.shared, self.token, values)  # type: ignore[no-untyped-call]
        return found


class _Loop(NamedTuple):
    """What the steps of a loop share: products, and tensors made of parameters; it holds what its keys are ids of."""

    products: dict[tuple[int, ...], _Product]
    made: dict[tuple[int, ...], tuple[Tensor, tuple[Tensor, ...]]]


_loop: ContextVar[_Loop | None] = ContextVar("_loop", default=None)


def _find(matrix: Tensor, bias: Tensor | None, transposed: bool, columns: bool = False) -> _Product | None:
    """Returns what stands for a matrix in the current loop; None outside of loops, or if it has no gradient."""
    loop = _loop.get()
    if loop is None or not matrix.requires_grad:
        return None
    key = id(matrix), id(bias), transposed, columns
    if key not in loop.products:
        loop.products[key] = _Product.of(matrix, bias, transposed, columns)
    return loop.products[key]


def _once(make: Callable[[], Tensor], *of: Tensor) -> Tensor:
    """Returns what is made of some tensors, the same at each step of a loop."""
    loop = _loop.get()
    if loop is None:
        return make()
    key = tuple(id(one) for one in of)
    if key not in loop.made:
        loop.made[key] = make(), of
    return loop.made[key][0]


class _Collector(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, shared: _Shared, matrix: Tensor, bias: Tensor | None) -> Tensor:
        ctx.shared = shared
        ctx.set_materialize_grads(False)
        return matrix.new_zeros(())

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, _: Tensor | None) -> tuple[Tensor | None, ...]:
        return None, *ctx.shared.gradients(ctx.needs_input_grad[2])


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, shared: _Shared, token: Tensor, values: Tensor) -> Tensor:
        matrix = shared.matrix
        ctx.shared = shared
        ctx.save_for_backward(values, matrix)
        if shared.columns:
            return _columns(matrix, values.flatten(0, 1).T, shared.bias, values.shape[:2])
        if matrix.dim() == 2:
            return F.linear(values, matrix, shared.bias)
        return torch.bmm(values, matrix.transpose(1, 2) if shared.transposed else matrix)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        values, matrix = ctx.saved_tensors
        ctx.shared.keep(values, grad)
        if not ctx.needs_input_grad[2]:
            return None, None, None
        if ctx.shared.columns:
            return None, None, _columns(matrix.T, grad.flatten(0, 1).T, None, grad.shape[:2])
        return None, None, grad @ (matrix if ctx.shared.transposed else matrix.transpose(1, 2))


def _columns(
    matrix: Float[Tensor, "out size"],
    values: Float[Tensor, "size rows"],
    bias: Float[Tensor, " out"] | None,
    shape: torch.Size,
) -> Float[Tensor, "batch target out"]:
    """Returns W x + b of `values`, a column each, in the memory order of (out, batch, target)."""
    size, rows = len(matrix), values.shape[1]
    found = values.new_empty_strided(
        (*shape, size), (shape[1], 1, rows)
    )  # no view: what it is given to may write to it
    flat = found.as_strided((size, rows), (rows, 1))
    if bias is None:
        torch.mm(matrix, values, out=flat)
    else:
        torch.addmm(bias[:, None], matrix, values, out=flat)
    return found
