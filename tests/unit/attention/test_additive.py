import pytest
import torch
from torch import Tensor

from nmt.config import AttentionSettings
from nmt.modules.attention import Attention, AttentionHistory, additive, build_score
from nmt.modules.attention.additive import additive_energy


def inputs(batch: int, target: int, source: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(4)
    query, keys, energy = (
        torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()
        for shape in ((batch, target, size), (batch, source, size), (size,))
    )
    return query, keys, energy


def energy_and_gradients(query: Tensor, keys: Tensor, energy: Tensor) -> list[Tensor]:
    scores = additive_energy(query, keys, energy)
    pull = torch.randn(scores.shape, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    return [scores, *torch.autograd.grad((scores * pull).sum(), (query, keys, energy))]


@pytest.mark.parametrize("numbers", [1, 2 * 4 * 3 * 2, 1 << 20])
def test_gradient_is_that_of_the_function(numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(additive, "CHUNK_NUMBERS", numbers)
    assert torch.autograd.gradcheck(additive_energy, inputs(2, 5, 4, 3))


@pytest.mark.parametrize("steps", [1, 2, 3, 6])
def test_chunks_change_nothing(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    batch, target, source, size = 2, 7, 4, 3
    values = inputs(batch, target, source, size)
    whole = energy_and_gradients(*values)
    monkeypatch.setattr(additive, "CHUNK_NUMBERS", steps * batch * source * size)
    for got, wanted in zip(energy_and_gradients(*values), whole, strict=True):
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-12)


def test_no_tensor_over_target_source_and_size_is_kept() -> None:
    batch, target, source, size = 3, 20, 30, 16
    layer = Attention(build_score(AttentionSettings("additive"), size, size))
    query, memory = torch.randn(batch, target, size).requires_grad_(), torch.randn(batch, source, size).requires_grad_()
    kept: list[int] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor.untyped_storage().nbytes() // tensor.element_size())
        return tensor

    state = AttentionHistory().state(torch.ones(batch, source, dtype=torch.bool), target)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        context, _ = layer(query, memory, layer.project_keys(memory), state)
    assert len(kept) >= 3
    assert max(kept) <= batch * target * source
    context.sum().backward()
    assert query.grad is not None


def test_chunks_bound_what_is_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    hidden = additive._hidden

    def measured(query: Tensor, keys: Tensor) -> Tensor:
        found = hidden(query, keys)
        made.append(found.numel())
        return found

    monkeypatch.setattr(additive, "_hidden", measured)
    monkeypatch.setattr(additive, "CHUNK_NUMBERS", 100)
    energy_and_gradients(*inputs(2, 9, 4, 3))
    assert max(made) <= 100
    assert sum(made) == 2 * (2 * 9 * 4 * 3)  # once forward, once backward
