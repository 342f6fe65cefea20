import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nmt.modules.output import OutputLayer
from nmt.training import losses
from nmt.training.losses import coverage_sum, loss_sums
from tests.unit.largest import LargestTensor
from tests.unit.models import TARGET, random_ids, randomise, tiny_model


def identity(size: int = TARGET.size, dtype: torch.dtype = torch.float64) -> OutputLayer:
    """Returns an output layer whose attentional vectors are its logits."""
    output = OutputLayer(size, nn.Embedding(size, size), tied=False).to(dtype)
    output.load_state_dict({"linear.weight": torch.eye(size), "linear.bias": torch.zeros(size)})
    return output


def output_layer(tied: bool, hidden: int = 6) -> OutputLayer:
    """Returns an output layer with a projection if it is tied, of numbers that are not 0 anywhere."""
    output = OutputLayer(hidden, nn.Embedding(TARGET.size, 4), tied).double()
    randomise(output, seed=3)
    return output


def logits_and_target(seed: int = 1) -> tuple[Tensor, Tensor]:
    logits = 2 * torch.randn(3, 5, TARGET.size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    target = random_ids(seed, 3, 5, size=TARGET.size)
    target[0, 2:] = target[2, 4:] = TARGET.pad_id
    return logits.requires_grad_(), target


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_sums_are_those_of_torch_over_real_tokens(smoothing: float) -> None:
    logits, target = logits_and_target()
    smoothed, plain = loss_sums(identity(), logits, target, TARGET.pad_id, smoothing)
    real = [(b, t) for b in range(3) for t in range(5) if target[b, t] != TARGET.pad_id]
    assert len(real) == 11
    rows = torch.stack([logits[b, t] for b, t in real])
    chosen = torch.stack([target[b, t] for b, t in real])
    expected = F.cross_entropy(rows, chosen, label_smoothing=smoothing, reduction="sum")
    torch.testing.assert_close(smoothed.double(), expected, rtol=1e-6, atol=0)
    torch.testing.assert_close(
        plain.double(), F.cross_entropy(rows, chosen, reduction="sum").detach(), rtol=1e-6, atol=0
    )
    (found,) = torch.autograd.grad(smoothed, logits, retain_graph=True)
    (wanted,) = torch.autograd.grad(expected, logits)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
    assert not plain.requires_grad


def test_uniform_logits_cost_the_logarithm_of_the_vocabulary() -> None:
    target = torch.tensor([[4, 5, 2, 0]])
    for smoothing in (0.0, 0.3):
        sums = loss_sums(identity(dtype=torch.float32), torch.zeros(1, 4, 11), target, 0, smoothing)
        assert [float(one.detach()) for one in sums] == pytest.approx([3 * math.log(11)] * 2)


def test_smoothing_by_hand() -> None:
    logits = torch.tensor([[[math.log(0.5), math.log(0.25), math.log(0.25)]]])
    smoothed, plain = loss_sums(identity(3, torch.float32), logits, torch.tensor([[1]]), 0, 0.3)
    expected = 0.7 * math.log(4) + 0.3 * (math.log(2) + 2 * math.log(4)) / 3
    assert float(smoothed.detach()) == pytest.approx(expected, rel=1e-6)
    assert float(plain) == pytest.approx(math.log(4), rel=1e-6)


def test_what_stands_at_padding_has_no_influence() -> None:
    logits, target = logits_and_target()
    other = torch.where((target == TARGET.pad_id)[:, :, None], 1e6 * torch.ones_like(logits), logits)
    for one, two in zip(
        loss_sums(identity(), logits, target, TARGET.pad_id, 0.1),
        loss_sums(identity(), other, target, TARGET.pad_id, 0.1),
        strict=True,
    ):
        assert float(one.detach()) == float(two.detach())


def test_logits_are_made_for_some_real_tokens_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary, tokens, chunk = 500, 40, 5
    monkeypatch.setattr(losses, "CHUNK_NUMBERS", chunk * vocabulary)
    output = OutputLayer(3, nn.Embedding(vocabulary, 3), tied=False)
    attentional = torch.randn(2, tokens, 3, requires_grad=True)
    target = torch.randint(1, vocabulary, (2, tokens))
    target[1] = 0
    with LargestTensor() as measured:
        smoothed, _ = loss_sums(output, attentional, target, 0, 0.1)
        smoothed.backward()  # type: ignore[no-untyped-call]
    assert measured.largest == chunk * vocabulary


@pytest.mark.parametrize("chunk", [1, 25, 1000])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_gradients_are_those_of_torch_however_rows_are_cut(
    smoothing: float, tied: bool, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "CHUNK_NUMBERS", chunk)
    output, (_, target) = output_layer(tied), logits_and_target()
    attentional = torch.randn(3, 5, 6, dtype=torch.float64, requires_grad=True)
    wanted = [attentional, *output.parameters()]
    smoothed, _ = loss_sums(output, attentional, target, TARGET.pad_id, smoothing)
    real = target != TARGET.pad_id
    logits = output(attentional[real])
    expected = F.cross_entropy(logits, target[real], label_smoothing=smoothing, reduction="sum")
    torch.testing.assert_close(smoothed, expected, rtol=1e-12, atol=0)
    for _ in range(2):  # a graph that is kept may be gone through again
        found = torch.autograd.grad(3 * smoothed, wanted, retain_graph=True)
        torch.testing.assert_close(
            found, torch.autograd.grad(3 * expected, wanted, retain_graph=True), rtol=1e-10, atol=1e-12
        )


def test_frozen_parts_get_no_gradient_and_none_is_made_where_nobody_asks() -> None:
    output, (_, target) = output_layer(tied=False), logits_and_target()
    output.linear.weight.requires_grad_(False)
    attentional = torch.randn(3, 5, 6, dtype=torch.float64, requires_grad=True)
    smoothed, _ = loss_sums(output, attentional, target, TARGET.pad_id, 0.1)
    smoothed.backward()  # type: ignore[no-untyped-call]
    assert output.linear.weight.grad is None
    assert output.linear.bias.grad is not None
    assert attentional.grad is not None
    with torch.no_grad():
        again, _ = loss_sums(output, attentional, target, TARGET.pad_id, 0.1)
    assert not again.requires_grad
    assert float(again) == float(smoothed.detach())


def test_mixed_precision_has_sums_and_gradients_in_the_types_of_the_parameters() -> None:
    output, (_, target) = output_layer(tied=True).float(), logits_and_target()
    attentional = torch.randn(3, 5, 6, requires_grad=True)
    precise, _ = loss_sums(output, attentional, target, TARGET.pad_id, 0.1)
    with torch.autocast("cpu", torch.bfloat16):
        smoothed, plain = loss_sums(output, attentional, target, TARGET.pad_id, 0.1)
    smoothed.backward()  # type: ignore[no-untyped-call]
    assert smoothed.dtype == plain.dtype == torch.float32
    assert {one.grad.dtype for one in [attentional, *output.parameters()] if one.grad is not None} == {torch.float32}
    assert float(smoothed.detach()) == pytest.approx(float(precise.detach()), rel=0.02)


@pytest.mark.parametrize("scale", [1e3, -1e3])
def test_logits_far_apart_give_finite_sums(scale: float) -> None:
    logits = scale * torch.tensor([[[1.0, 0.0, 0.5]]])
    smoothed, plain = loss_sums(identity(3, torch.float32), logits, torch.tensor([[1]]), 0, 0.1)
    expected = F.cross_entropy(logits[0], torch.tensor([1]), label_smoothing=0.1)
    torch.testing.assert_close(smoothed, expected)
    assert float(plain) == pytest.approx(max(scale, 0.0), rel=1e-6)


def test_sums_of_halves_add_up() -> None:
    logits, target = logits_and_target()
    whole = loss_sums(identity(), logits, target, TARGET.pad_id, 0.1)
    halves: list[Any] = [
        loss_sums(identity(), logits[part], target[part], TARGET.pad_id, 0.1) for part in (slice(0, 1), slice(1, 3))
    ]
    for index in range(2):
        assert float(whole[index].detach()) == pytest.approx(sum(float(half[index].detach()) for half in halves))


def test_output_layer_of_a_model_is_used() -> None:
    model, target = tiny_model().float(), torch.tensor([[4, 2, 0]])
    attentional = torch.randn(1, 3, 6)
    _, plain = loss_sums(model.output, attentional, target, TARGET.pad_id, 0.0)
    log_probs = F.log_softmax(model.output(attentional), dim=-1)
    assert float(plain) == pytest.approx(-float((log_probs[0, 0, 4] + log_probs[0, 1, 2]).detach()), rel=1e-5)


def test_coverage_loss_counts_what_is_looked_at_again() -> None:
    weights = torch.tensor([[[0.5, 0.5, 0.0], [0.25, 0.25, 0.5], [1.0, 0.0, 0.0], [0.2, 0.2, 0.6]]])
    real = torch.tensor([[True, True, True, False]])
    # Steps one by one: nothing yet; 0.25 + 0.25; min(1, 0.75); the last is padding.
    torch.testing.assert_close(coverage_sum(weights, real), torch.tensor(0.5 + 0.75))
