import math
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from nmt.modules.seq2seq import Seq2Seq
from nmt.training.losses import coverage_sum, loss_sums
from tests.unit.models import TARGET, random_ids, tiny_model

IDENTITY = cast(Seq2Seq, SimpleNamespace(output=lambda attentional: attentional))
"""A model whose attentional vectors are its logits."""


def logits_and_target(seed: int = 1) -> tuple[Tensor, Tensor]:
    logits = 2 * torch.randn(3, 5, TARGET.size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    target = random_ids(seed, 3, 5, size=TARGET.size)
    target[0, 2:] = target[2, 4:] = TARGET.pad_id
    return logits.requires_grad_(), target


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_sums_are_those_of_torch_over_real_tokens(smoothing: float) -> None:
    logits, target = logits_and_target()
    smoothed, plain = loss_sums(IDENTITY, logits, target, TARGET.pad_id, smoothing)
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
        sums = loss_sums(IDENTITY, torch.zeros(1, 4, 11), target, 0, smoothing)
        assert [float(one) for one in sums] == pytest.approx([3 * math.log(11)] * 2)


def test_smoothing_by_hand() -> None:
    logits = torch.tensor([[[math.log(0.5), math.log(0.25), math.log(0.25)]]])
    smoothed, plain = loss_sums(IDENTITY, logits, torch.tensor([[1]]), 0, 0.3)
    expected = 0.7 * math.log(4) + 0.3 * (math.log(2) + 2 * math.log(4)) / 3
    assert float(smoothed) == pytest.approx(expected, rel=1e-6)
    assert float(plain) == pytest.approx(math.log(4), rel=1e-6)


def test_what_stands_at_padding_has_no_influence() -> None:
    logits, target = logits_and_target()
    other = torch.where((target == TARGET.pad_id)[:, :, None], 1e6 * torch.ones_like(logits), logits)
    for one, two in zip(
        loss_sums(IDENTITY, logits, target, TARGET.pad_id, 0.1),
        loss_sums(IDENTITY, other, target, TARGET.pad_id, 0.1),
        strict=True,
    ):
        assert float(one.detach()) == float(two.detach())


def test_logits_are_made_for_real_tokens_alone() -> None:
    rows: list[tuple[int, ...]] = []

    def output(attentional: Tensor) -> Tensor:
        rows.append(tuple(attentional.shape))
        return attentional

    logits, target = logits_and_target()
    loss_sums(cast(Seq2Seq, SimpleNamespace(output=output)), logits, target, TARGET.pad_id, 0.1)
    assert rows == [(11, TARGET.size)]


def test_sums_of_halves_add_up() -> None:
    logits, target = logits_and_target()
    whole = loss_sums(IDENTITY, logits, target, TARGET.pad_id, 0.1)
    halves: list[Any] = [
        loss_sums(IDENTITY, logits[part], target[part], TARGET.pad_id, 0.1) for part in (slice(0, 1), slice(1, 3))
    ]
    for index in range(2):
        assert float(whole[index].detach()) == pytest.approx(sum(float(half[index].detach()) for half in halves))


def test_output_layer_of_a_model_is_used() -> None:
    model, target = tiny_model().float(), torch.tensor([[4, 2, 0]])
    attentional = torch.randn(1, 3, 6)
    _, plain = loss_sums(model, attentional, target, TARGET.pad_id, 0.0)
    log_probs = F.log_softmax(model.output(attentional), dim=-1)
    assert float(plain) == pytest.approx(-float((log_probs[0, 0, 4] + log_probs[0, 1, 2]).detach()), rel=1e-5)


def test_coverage_loss_counts_what_is_looked_at_again() -> None:
    weights = torch.tensor([[[0.5, 0.5, 0.0], [0.25, 0.25, 0.5], [1.0, 0.0, 0.0], [0.2, 0.2, 0.6]]])
    real = torch.tensor([[True, True, True, False]])
    # Steps one by one: nothing yet; 0.25 + 0.25; min(1, 0.75); the last is padding.
    torch.testing.assert_close(coverage_sum(weights, real), torch.tensor(0.5 + 0.75))
