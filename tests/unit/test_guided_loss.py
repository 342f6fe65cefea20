"""The loss of guided training: numbers worked by hand, and gradients against autograd without our loops."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from nmt.modules.seq2seq import Seq2Seq
from nmt.search.forced import shift_right
from nmt.training.losses import guided_sum
from tests.unit.models import DECODERS, TARGET, random_batch, tiny_model

TARGETS = torch.tensor([[4, 5, 6, 2], [7, 8, 2, 0]])
LENGTHS = torch.tensor([5, 3])
LINKS = torch.tensor([[0, 0, 1], [0, 0, 3], [0, 2, 0], [1, 1, 0]])
"""Row, target, source: token 0 has two links, token 1 of the first sentence and 0 of the second none."""


def summed(weights: Tensor, shift: int, unlinked: str) -> Tensor:
    return guided_sum(weights, LINKS, TARGETS, LENGTHS, pad_id=TARGET.pad_id, shift=shift, unlinked=unlinked)


@pytest.mark.parametrize(
    ("shift", "unlinked", "expected"),
    [
        # (ln 10 + ln 4) / 2 of the token with two links, ln 5 of token 2; ln 2 of the second sentence.
        (0, "skip", (math.log(10) + math.log(4)) / 2 + math.log(5) + math.log(2)),
        # Token 1 and </s> shall look at column 4; in the second sentence tokens 0 and 2 at column 2.
        (0, "end", (math.log(10) + math.log(4)) / 2 + math.log(5) + math.log(2) + 2 * math.log(5) + math.log(8) * 2),
        # One row later: row 1 for token 0 and row 3 for token 2, all 1/5; row 2 of the second sentence.
        (1, "skip", math.log(5) + math.log(5) + math.log(2)),
        (1, "end", 3 * math.log(5) + math.log(2) + math.log(8)),
    ],
)
def test_cross_entropy_worked_by_hand(shift: int, unlinked: str, expected: float) -> None:
    even = [0.2] * 5
    first = [[0.2, 0.1, 0.25, 0.25, 0.2], even, even, even]
    second = [[0.5, 0.375, 0.125, 0.0, 0.0]] * 4
    found = summed(torch.tensor([first, second], dtype=torch.float64), shift, unlinked)
    assert float(found) == pytest.approx(expected, rel=1e-6)


def test_a_weight_of_zero_costs_much_and_not_infinitely_much() -> None:
    weights = torch.zeros(2, 4, 5, dtype=torch.float32, requires_grad=True)
    loss = summed(weights, 0, "end")
    loss.backward()  # type: ignore[no-untyped-call]
    assert weights.grad is not None
    assert math.isfinite(float(loss.detach()))
    assert bool(weights.grad.isfinite().all())


def stepwise_weights(model: Seq2Seq, batch: Any, inputs: Tensor) -> Tensor:
    """Returns the weights of one step after another, which are made without shared gradient products."""
    source, state = model.start(batch.source, batch.source_lengths)
    rows = []
    for tokens in inputs.unbind(1):
        _, row, state = model.step(tokens[:, None], source, state)
        rows.append(row)
    return torch.cat(rows, dim=1)


def dense_loss(weights: Tensor, shift: int) -> Tensor:
    """The cross-entropy against a written-out distribution of each token, tokens without a link at </s>."""
    wanted = torch.zeros_like(weights)
    for row, target, source in LINKS.tolist():
        wanted[row, target, source] = 1
    real = TARGETS.ne(TARGET.pad_id)
    for row, target in ((wanted.sum(2) == 0) & real).nonzero().tolist():
        wanted[row, target, LENGTHS[row] - 1] = 1
    wanted = wanted / wanted.sum(2, keepdim=True).clamp_min(1)
    total = weights.new_zeros(())
    for row in range(2):
        steps = int(real[row].sum()) - shift
        logs = torch.log(weights[row, shift : shift + steps] + 1e-8)
        total = total - (wanted[row, :steps] * logs).sum()
    return total


@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("score", ["additive", "general"])
@pytest.mark.parametrize("decoder", DECODERS)
def test_gradients_are_those_of_autograd(decoder: str, score: str, shift: int) -> None:
    model = tiny_model(**DECODERS[decoder], decoder_layers=2, attention={"score": score})
    batch = random_batch(LENGTHS.tolist(), width=6)
    inputs = shift_right(TARGETS, TARGET.bos_id)
    decoded = model(batch.source, batch.source_lengths, inputs)
    found = summed(decoded.weights, shift, "end") + decoded.attentional.square().sum()
    parameters = [one for one in model.parameters() if one.requires_grad]
    grads = torch.autograd.grad(found, parameters, allow_unused=True)

    weights = stepwise_weights(model, batch, inputs)
    loss = dense_loss(weights, shift)
    assert float(summed(decoded.weights.detach(), shift, "end")) == pytest.approx(float(loss.detach()), rel=1e-10)
    guided = torch.autograd.grad(loss, parameters, allow_unused=True)
    others = torch.autograd.grad(
        model(batch.source, batch.source_lengths, inputs).attentional.square().sum(), parameters, allow_unused=True
    )
    assert any(one is not None and bool(one.abs().max() > 1e-6) for one in guided)
    for grad, *parts in zip(grads, guided, others, strict=True):
        present = [part for part in parts if part is not None]
        assert (grad is None) == (not present)
        if grad is not None:
            torch.testing.assert_close(grad, torch.stack(present).sum(0), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shift", [0, 1])
def test_loss_does_not_depend_on_the_batch(shift: int) -> None:
    weights = torch.rand(2, 4, 5, dtype=torch.float64)
    alone = sum(
        float(
            guided_sum(
                weights[row : row + 1, :steps],
                LINKS[LINKS[:, 0] == row] * torch.tensor([0, 1, 1]),
                TARGETS[row : row + 1, :steps],
                LENGTHS[row : row + 1],
                pad_id=TARGET.pad_id,
                shift=shift,
                unlinked="end",
            )
        )
        for row, steps in ((0, 4), (1, 3))
    )
    assert float(summed(weights, shift, "end")) == pytest.approx(alone, rel=1e-12)
