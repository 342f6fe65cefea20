"""Gradients of what all steps of a loop multiply with, made in one product after the last step.

Autograd makes the gradient of a weight, of keys or of a memory at every step and adds it to that of the steps before,
reading and writing the whole of it each time. Here a step's node hands on the gradient of its own input alone, and
leaves input and output gradient with a collector: a node before the loop, so that its backward pass runs after those of
all steps. Nothing outlives the loop but what autograd keeps.
"""

from collections.abc import Iterator
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
    token = _loop.set({} if torch.is_grad_enabled() and not mixed else None)
    try:
        yield
    finally:
        _loop.reset(token)


def linear(
    values: Float[Tensor, "batch target size"],
    weight: Float[Tensor, "out size"] | Int8Matrix,
    bias: Float[Tensor, " out"] | None = None,
) -> Float[Tensor, "batch target out"]:
    """Returns W x + b."""
    shared = _find(weight, bias, transposed=True) if isinstance(weight, Tensor) else None
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

    def __init__(self, matrix: Tensor, bias: Tensor | None, transposed: bool) -> None:
        self.matrix, self.bias, self.transposed = matrix.detach(), None if bias is None else bias.detach(), transposed
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
        rows = self.matrix.dim() == 2  # one matrix for the whole batch, so that the order of rows is all the same
        values, grads = (
            torch.cat([one.flatten(0, 1) for one in part]) if rows else torch.cat(part, dim=1)
            for part in zip(*self._kept, strict=True)
        )
        self._kept = []
        left, right = (grads, values) if self.transposed else (values, grads)
        return left.transpose(-1, -2) @ right, grads.sum(0) if biased else None


class _Product(NamedTuple):
    """A matrix of the current loop, (m, n) of a linear layer or (batch, m, n), by its identity."""

    shared: _Shared
    token: Tensor
    given: tuple[Tensor, Tensor | None]

    @classmethod
    def of(cls, matrix: Tensor, bias: Tensor | None, transposed: bool) -> "_Product":
        shared = _Shared(matrix, bias, transposed)
        return cls(shared, _Collector.apply(shared, matrix, bias), (matrix, bias))  # type: ignore[no-untyped-call]

    def __call__(self, values: Tensor) -> Tensor:
        found: Tensor = _Step.apply(self.shared, self.token, values)  # type: ignore[no-untyped-call]
        return found


_loop: ContextVar[dict[tuple[int, int, bool], _Product] | None] = ContextVar("_loop", default=None)


def _find(matrix: Tensor, bias: Tensor | None, transposed: bool) -> _Product | None:
    """Returns what stands for a matrix in the current loop; None outside of loops, or if it has no gradient."""
    known = _loop.get()
    if known is None or not matrix.requires_grad:
        return None
    key = id(matrix), id(bias), transposed
    if key not in known:  # what it holds lives as long as the loop, so ids stay those of the same tensors
        known[key] = _Product.of(matrix, bias, transposed)
    return known[key]


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
        return None, None, grad @ (matrix if ctx.shared.transposed else matrix.transpose(1, 2))
