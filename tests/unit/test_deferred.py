"""Gradients made by hand or in one product after a loop, against those of plain autograd."""

import gc
import weakref
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from nmt.config.model import CELLS
from nmt.modules import cell_steps, deferred
from nmt.modules.cell_steps import gru_step, lstm_step
from nmt.modules.seq2seq import Seq2Seq
from tests.unit.models import DECODERS, random_batch, random_ids, tiny_model

pytestmark = pytest.mark.grid

DEEP: dict[str, Any] = {"decoder_layers": 2, "encoder_layers": 2, "residual": True}
STACKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "deep": DEEP,
    "normalised": {"layer_norm": True, "decoder_layers": 2},
    "variational": {"variational_dropout": True, "dropout": 0.3, **DEEP},
}
ATTENTIONS: dict[str, dict[str, Any]] = {
    "additive": {"score": "additive"},
    "concat": {"score": "concat", "dropout": 0.3},
    "dot": {"score": "dot"},
    "scaled_dot": {"score": "scaled_dot", "normalizer": "sparsemax"},
    "general": {"score": "general"},
    "cosine": {"score": "cosine"},
    "euclidean": {"score": "euclidean"},
    "squared_euclidean": {"score": "squared_euclidean"},
    "location": {"score": "location"},
    "location_aware": {"score": "location_aware", "coverage": "fertility"},
    "uniform": {"score": "uniform"},
    "none": {"score": "none"},
    "heads": {"score": "general", "heads": 3},
    "covered": {"score": "dot", "coverage": "fertility"},
    "window": {"score": "general", "window": "local_p", "window_size": 1},
}


def numbers(seed: int, *shape: int) -> Tensor:
    made = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return made.requires_grad_()


def loss(model: Seq2Seq, seed: int = 7) -> Tensor:
    torch.manual_seed(seed)
    decoded = model(*random_batch([6, 3, 4]), random_ids(3, 3, 5))
    value: Tensor = model.output(decoded.attentional).square().sum() + decoded.weights.square().sum()
    return value


def gradients(model: Seq2Seq, **options: Any) -> tuple[Tensor, ...]:
    wanted = [one for one in model.parameters() if one.requires_grad]
    return torch.autograd.grad(loss(model), wanted, **{"allow_unused": True, "materialize_grads": True, **options})


def plain(patch: pytest.MonkeyPatch) -> None:
    """Leaves everything to autograd."""
    patch.setattr(deferred, "_find", lambda *_, **__: None)
    patch.setattr(cell_steps, "_of_one_type", lambda *_: False)


def assert_as_autograd(model: Seq2Seq) -> None:
    found = gradients(model)
    with pytest.MonkeyPatch.context() as patch:
        plain(patch)
        expected = gradients(model)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    assert any(one.any() for one in found)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("wiring", DECODERS)
def test_every_cell_and_stack(wiring: str, cell: str, stack: str) -> None:
    assert_as_autograd(tiny_model(cell=cell, tying="target", **DECODERS[wiring], **STACKS[stack]).train())


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("wiring", DECODERS)
def test_every_attention(wiring: str, attention: str) -> None:
    settings: dict[str, Any] = {"attention": ATTENTIONS[attention], "dropout": 0.3}
    assert_as_autograd(tiny_model(**settings, **DECODERS[wiring]).train())


@pytest.mark.parametrize("frozen", ["weight_hh", "bias_hh", "decoder", "encoder"])
@pytest.mark.parametrize("wiring", DECODERS)
def test_frozen_parameters(wiring: str, frozen: str) -> None:
    model = tiny_model(**DECODERS[wiring]).train()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(frozen not in name)
    assert_as_autograd(model)


class Counted(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the matrix products whose result has the shape of a weight."""

    def __init__(self, *shape: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.shape, self.products = shape, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        if func in (torch.ops.aten.mm.default, torch.ops.aten.bmm.default) and tuple(found.shape) == self.shape:
            self.products += 1
        return found


@pytest.mark.parametrize(
    ("shape", "products", "name"),
    [((24, 16), 1, "weights of input, feed and state side by side"), ((3, 6, 6), 2, "keys and memory")],
)
def test_one_product_a_matrix(shape: tuple[int, ...], products: int, name: str) -> None:
    settings: dict[str, Any] = {"cell": "lstm", "attention": {"score": "general"}}
    model = tiny_model(**settings, **DECODERS["luong"]).train()
    value = loss(model)
    with Counted(*shape) as counted:
        value.backward()  # type: ignore[no-untyped-call]
    assert counted.products == products, name  # of all that have this shape, not as many a step


def test_a_matrix_in_two_roles_and_in_two_loops() -> None:
    matrix, bias, values = numbers(1, 4, 4), numbers(2, 4), numbers(3, 2, 1, 4)

    def value() -> Tensor:
        found, total = values, torch.zeros((), dtype=torch.float64)
        for _ in range(2):
            with deferred.shared_products():
                for _ in range(3):
                    found = deferred.linear(torch.tanh(deferred.linear(found, matrix, bias)), matrix) + found
                    total = total + found.square().sum() + (found @ matrix).sum()
        return total

    wanted = [matrix, bias, values]
    found = torch.autograd.grad(value(), wanted)
    with pytest.MonkeyPatch.context() as patch:
        plain(patch)
        expected = torch.autograd.grad(value(), wanted)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_a_graph_that_is_kept_gives_the_same_again() -> None:
    model = tiny_model(**DECODERS["luong"]).train()
    wanted = list(model.parameters())
    value = loss(model)
    first = torch.autograd.grad(value, wanted, retain_graph=True)
    torch.autograd.grad(value, wanted[:1], retain_graph=True)  # never comes to the collectors of the decoder
    assert all(torch.equal(*pair) for pair in zip(first, torch.autograd.grad(value, wanted), strict=True))


def test_nothing_is_left_in_the_loop_or_made_without_gradients() -> None:
    model = tiny_model(**DECODERS["luong"]).train()
    loss(model)
    assert deferred._loop.get() is None
    with torch.no_grad(), deferred.shared_products():
        assert deferred._loop.get() is None
    with pytest.raises(ZeroDivisionError), deferred.shared_products():
        raise ZeroDivisionError
    assert deferred._loop.get() is None


@pytest.mark.parametrize("backward", [False, True])
def test_a_graph_is_freed_without_the_garbage_collector(backward: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[weakref.ref[Any]] = []
    original = deferred._Shared.__init__

    def noted(self: Any, *given: Any) -> None:
        original(self, *given)
        made.append(weakref.ref(self))

    monkeypatch.setattr(deferred._Shared, "__init__", noted)
    model = tiny_model(**DECODERS["luong"]).train()
    gc.disable()
    try:
        value = loss(model)
        assert any(one() for one in made)
        if backward:
            value.backward()  # type: ignore[no-untyped-call]
        del value
        assert not any(one() for one in made)
    finally:
        gc.enable()


@pytest.mark.parametrize("cell", CELLS)
def test_steps_of_cells(cell: str) -> None:
    size = {"gru": 9, "lstm": 12}[cell]
    state = tuple(numbers(seed, 2, 2, 3) for seed in range({"gru": 1, "lstm": 2}[cell]))

    def step(gates: Tensor, recurrent: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        return gru_step(gates, recurrent, state) if cell == "gru" else lstm_step(gates, recurrent, state)

    inputs = (numbers(5, 2, 2, size), numbers(6, 2, 2, size), *state)
    assert torch.autograd.gradcheck(step, inputs)
    with torch.no_grad():
        expected = step(*inputs)
    torch.testing.assert_close(step(*inputs), expected, rtol=1e-12, atol=1e-12)
    for index in range(len(state)):  # one part of the new state alone is used
        assert torch.autograd.gradcheck(lambda *given, at=index: step(*given)[at], inputs)
