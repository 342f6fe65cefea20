import pytest
import torch
from torch import Tensor

from nmt.modules.attention import additive
from nmt.modules.attention.additive import additive_energy
from tests.unit.attention.asking import vectors


def inputs(batch: int, target: int, source: int, size: int, features: int = 0) -> list[Tensor]:
    """Returns query, keys, energy, and if there are any the features with their weight."""
    shapes: list[tuple[int, ...]] = [(batch, target, size), (batch, source, size), (size,)]
    shapes += [(batch, target, source, features), (size, features)] if features else []
    return [vectors(4 + place, *shape).requires_grad_() for place, shape in enumerate(shapes)]


def energy_and_gradients(*values: Tensor) -> list[Tensor]:
    scores = additive_energy(*values)
    return [scores, *torch.autograd.grad((scores * vectors(6, *scores.shape)).sum(), values)]


@pytest.mark.parametrize("features", [0, 1, 3])
@pytest.mark.parametrize("target", [1, 5])
def test_energy_follows_its_formula(target: int, features: int) -> None:
    values = inputs(2, target, 4, 3, features)
    inside = values[0][:, :, None] + values[1][:, None]
    if features:
        inside = inside + torch.einsum("btsf,df->btsd", *values[3:])
    expected = torch.einsum("btsd,d->bts", torch.tanh(inside), values[2])
    slopes = torch.autograd.grad((expected * vectors(6, *expected.shape)).sum(), values)
    for got, wanted in zip(energy_and_gradients(*values), [expected, *slopes], strict=True):
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("numbers", [1, 2 * 4 * 3 * 2, 1 << 20])
@pytest.mark.parametrize("features", [0, 2])
def test_gradient_is_that_of_the_function(features: int, numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(additive, "CHUNK_NUMBERS", numbers)
    assert torch.autograd.gradcheck(additive_energy, inputs(2, 5, 4, 3, features))


@pytest.mark.parametrize("features", [0, 2])
@pytest.mark.parametrize("steps", [1, 2, 3, 6])
def test_chunks_change_nothing(steps: int, features: int, monkeypatch: pytest.MonkeyPatch) -> None:
    batch, target, source, size = 2, 7, 4, 3
    values = inputs(batch, target, source, size, features)
    whole = energy_and_gradients(*values)
    monkeypatch.setattr(additive, "CHUNK_NUMBERS", steps * batch * source * size)
    for got, wanted in zip(energy_and_gradients(*values), whole, strict=True):
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("features", [0, 2])
def test_chunks_bound_what_is_held_at_once(features: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    hidden = additive._hidden

    def measured(query: Tensor, keys: Tensor, features: Tensor | None = None, weight: Tensor | None = None) -> Tensor:
        found = hidden(query, keys, features, weight)
        made.append(found.numel())
        return found

    monkeypatch.setattr(additive, "_hidden", measured)
    monkeypatch.setattr(additive, "CHUNK_NUMBERS", 100)
    energy_and_gradients(*inputs(2, 9, 4, 3, features))
    assert max(made) <= 100
    assert sum(made) == 2 * (2 * 9 * 4 * 3)  # once forward, once backward
