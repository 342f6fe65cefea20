"""What holds for the weights of every score, whatever its formula."""

import pytest
import torch
from torch import Tensor

from nmt.config import AttentionSettings
from nmt.modules.attention import SCORES, Attention, build_score
from tests.unit.attention import asking
from tests.unit.attention.asking import attend, gradients, mask_of
from tests.unit.models import randomise

BATCH, TARGET, SIZE = 3, 4, 6
LENGTHS = (5, 1, 3)

pytestmark = [pytest.mark.usefixtures("forgetful"), pytest.mark.parametrize("name", [*sorted(SCORES), "forgetful"])]


def attention(name: str) -> Attention:
    found = Attention(build_score(AttentionSettings(name), SIZE, SIZE)).double()
    randomise(found, seed=2)
    return found


def vectors(seed: int, *shape: int) -> Tensor:
    return asking.vectors(seed, *shape, SIZE)


def test_rows_sum_to_one_and_padding_has_no_weight_at_all(name: str) -> None:
    mask = mask_of(LENGTHS, 5)
    context, weights = attend(attention(name), vectors(1, BATCH, TARGET), vectors(2, BATCH, 5), mask)
    assert context.shape == (BATCH, TARGET, SIZE)
    assert (weights.masked_select(~mask[:, None]) == 0).all()
    assert (weights.masked_select(mask[:, None]) > 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(BATCH, TARGET).double(), rtol=0, atol=1e-12)


def test_what_stands_at_padding_has_no_influence(name: str) -> None:
    layer, query, memory, mask = attention(name), vectors(1, BATCH, TARGET), vectors(2, BATCH, 5), mask_of(LENGTHS, 5)
    other = torch.where(mask[:, :, None], memory, 1e3 * vectors(3, BATCH, 5))
    for got, wanted in zip(attend(layer, query, other, mask), attend(layer, query, memory, mask), strict=True):
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-13)


def test_longer_padding_changes_nothing(name: str) -> None:
    layer, query, memory = attention(name), vectors(1, BATCH, TARGET), vectors(2, BATCH, 9)
    context, weights = attend(layer, query, memory[:, :5], mask_of(LENGTHS, 5))
    longer_context, longer_weights = attend(layer, query, memory, mask_of(LENGTHS, 9))
    torch.testing.assert_close(longer_context, context, rtol=0, atol=1e-13)
    torch.testing.assert_close(longer_weights[:, :, :5], weights, rtol=0, atol=1e-13)
    assert (longer_weights[:, :, 5:] == 0).all()


def test_gradients_do_not_reach_padding(name: str) -> None:
    memory, mask = vectors(2, BATCH, 5).requires_grad_(), mask_of(LENGTHS, 5)
    context, _ = attend(attention(name), vectors(1, BATCH, TARGET), memory, mask)
    (gradient,) = gradients(context.square().sum(), [memory])
    assert (gradient[~mask] == 0).all()
    assert (gradient[mask] != 0).any()


def test_source_of_one_token_takes_all_weight(name: str) -> None:
    memory = vectors(2, BATCH, 1)
    context, weights = attend(
        attention(name), vectors(1, BATCH, TARGET), memory, torch.ones(BATCH, 1, dtype=torch.bool)
    )
    assert (weights == 1).all()
    assert torch.equal(context, memory.expand(-1, TARGET, -1))


def test_very_long_source_stays_finite(name: str) -> None:
    layer = attention(name).float()
    query = (5 * vectors(1, 1, 2)).float().requires_grad_()
    memory = (5 * vectors(2, 1, 2000)).float().requires_grad_()
    context, weights = attend(layer, query, memory, torch.ones(1, 2000, dtype=torch.bool))
    torch.testing.assert_close(weights.sum(-1), torch.ones(1, 2), rtol=0, atol=1e-4)
    slopes = gradients(context.sum(), [query, memory, *layer.parameters()])
    assert all(found.isfinite().all() for found in (context, weights, *slopes))


def test_half_precision_is_kept_and_rows_sum_to_about_one(name: str) -> None:
    layer = attention(name).to(torch.bfloat16)
    query, memory = (vectors(seed, BATCH, 5).to(torch.bfloat16).requires_grad_() for seed in (1, 2))
    context, weights = attend(layer, query, memory, mask_of(LENGTHS, 5))
    assert (context.dtype, weights.dtype) == (torch.bfloat16, torch.bfloat16)
    assert ((weights.float().sum(-1) - 1).abs() < 0.02).all()
    assert all(found.isfinite().all() for found in gradients(context.sum(), [query, memory]))


def test_calls_leave_nothing_behind(name: str) -> None:
    layer, mask = attention(name), mask_of(LENGTHS, 5)
    first = attend(layer, vectors(1, BATCH, TARGET), vectors(2, BATCH, 5), mask)
    attend(layer, vectors(5, 2, 1), vectors(6, 2, 3), mask_of((3, 2), 3))
    again = attend(layer, vectors(1, BATCH, TARGET), vectors(2, BATCH, 5), mask)
    assert torch.equal(first.weights, again.weights)
    assert torch.equal(first.context, again.context)
