"""Softmax, sparsemax and 1.5-entmax against their definition: a threshold found by bisection, in float64."""

import pytest
import torch
from torch import Tensor

from nmt.config.attention import NORMALIZERS as NAMES
from nmt.modules.attention.normalizers import NORMALIZERS
from tests.unit.attention.asking import gradients, mask_of, vectors

ALPHAS = {"sparsemax": 2.0, "entmax15": 1.5}
sparse = pytest.mark.parametrize("name", ALPHAS)
every = pytest.mark.parametrize("name", NAMES)


def bisected(scores: Tensor, mask: Tensor, alpha: float) -> Tensor:
    """w_s = max((alpha - 1) z_s - tau, 0) ** (1 / (alpha - 1)), tau by halving an interval (Blondel et al. 2019)."""
    scaled = ((alpha - 1) * scores.double()).masked_fill(~mask, float("-inf"))
    high = scaled.amax(-1, keepdim=True)
    low = high - 1  # there the largest weight alone is 1
    for _ in range(100):
        tau = (low + high) / 2
        above = (scaled - tau).clamp(min=0).pow(1 / (alpha - 1)).sum(-1, keepdim=True) >= 1
        low, high = torch.where(above, tau, low), torch.where(above, high, tau)
    return (scaled - low).clamp(min=0).pow(1 / (alpha - 1))


def slopes(weights: Tensor, pull: Tensor, alpha: float) -> Tensor:
    """The derivative by the implicit function theorem: diag(u) - u u' / sum u, u = w ** (2 - alpha) on the support."""
    inner = torch.where(weights > 0, weights.pow(2 - alpha), 0.0)
    return inner * (pull - (inner * pull).sum(-1, keepdim=True) / inner.sum(-1, keepdim=True))


def ragged(width: int) -> Tensor:
    return mask_of([width, 1, max(1, width // 2), max(1, width - 1)], width)[:, None]


ROWS: dict[str, Tensor] = {
    "random": vectors(1, 4, 3, 7),
    "one token": vectors(2, 4, 3, 1),
    "large": 1e4 * vectors(3, 4, 3, 7),
    "tiny": 1e-6 * vectors(4, 4, 3, 7),
    "all equal": torch.full((4, 3, 7), 2.5, dtype=torch.float64),
    "ties": vectors(5, 4, 3, 9).round(),
    "ties at the edge": torch.tensor([0.0, -1.0, -1.0, -2.0, -2.0]).double().expand(4, 3, 5),
    "far from zero": 1e3 + vectors(6, 4, 3, 7),
    "long": vectors(7, 4, 3, 2000),
    "long and flat": 1e-3 * vectors(8, 4, 3, 2000),
    "long, one above": torch.cat([torch.full((4, 3, 1), 30.0), vectors(9, 4, 3, 1999)], -1),
    "long, two above": torch.cat([torch.tensor([30.0, 29.9]).expand(4, 3, 2), vectors(9, 4, 3, 1998)], -1),
}
rows = pytest.mark.parametrize("row", ROWS)


def test_every_name_of_the_settings_is_there() -> None:
    assert set(NORMALIZERS) == set(NAMES)


@rows
@sparse
def test_weights_are_those_of_the_definition(name: str, row: str) -> None:
    scores, mask = ROWS[row], ragged(ROWS[row].shape[-1])
    expected = bisected(scores, mask, ALPHAS[name])
    found = NORMALIZERS[name](scores, mask)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)
    torch.testing.assert_close(found.sum(-1), torch.ones(4, 3).double(), rtol=0, atol=1e-10)


@rows
@sparse
def test_what_has_no_weight_has_exactly_none(name: str, row: str) -> None:
    """Also in single precision, where a threshold is known to a few parts in ten million alone."""
    mask = ragged(ROWS[row].shape[-1])
    for dtype in (torch.float64, torch.float32):
        scores = ROWS[row].to(dtype)
        found = NORMALIZERS[name](scores, mask)
        top = scores.masked_fill(~mask, float("-inf")).amax(-1, keepdim=True)
        deep = (scores <= top - 1 / (ALPHAS[name] - 1)) | ~mask
        assert (found.masked_select(deep) == 0).all()
        clear = bisected(scores, mask, ALPHAS[name]) == 0
        below = (found > 0) & clear
        assert float(found[below].max() if below.any() else 0.0) < 1e-6


@rows
@sparse
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.bfloat16, 4e-3)])
def test_narrow_numbers_lose_no_more_than_they_must(name: str, row: str, dtype: torch.dtype, tolerance: float) -> None:
    scores, mask = ROWS[row].to(dtype).requires_grad_(), ragged(ROWS[row].shape[-1])
    found = NORMALIZERS[name](scores, mask)
    assert found.dtype == dtype
    expected = bisected(scores.detach(), mask, ALPHAS[name])
    torch.testing.assert_close(found.double(), expected, rtol=tolerance, atol=tolerance)
    assert ((found.double().sum(-1) - 1).abs() < 5 * tolerance).all()
    (gradient,) = gradients(found.sum() + found.square().sum(), [scores])
    assert gradient.dtype == dtype
    assert gradient.isfinite().all()


@rows
@sparse
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_gradient_is_the_implicit_derivative(name: str, row: str, dtype: torch.dtype) -> None:
    scores, mask = ROWS[row].to(dtype).requires_grad_(), ragged(ROWS[row].shape[-1])
    pull = vectors(11, *scores.shape)
    found = NORMALIZERS[name](scores, mask)
    (gradient,) = gradients((found * pull.to(dtype)).sum(), [scores])
    expected = slopes(found.detach().double(), pull, ALPHAS[name])
    tolerance = 1e-10 if dtype == torch.float64 else 1e-5
    torch.testing.assert_close(gradient.double(), expected, rtol=0, atol=tolerance)
    exact = bisected(scores.detach(), mask, ALPHAS[name])
    if row not in ("ties", "ties at the edge"):  # there the map has a corner, and either slope will do
        torch.testing.assert_close(gradient.double(), slopes(exact, pull, ALPHAS[name]), rtol=0, atol=2e-3)
    assert (gradient[~mask.expand_as(gradient)] == 0).all()


@every
@pytest.mark.parametrize("width", [1, 2, 6])
def test_gradient_is_that_of_the_function(name: str, width: int) -> None:
    mask = ragged(width)
    for seed in range(3):
        scores = vectors(20 + seed, 4, 2, width).requires_grad_()
        assert torch.autograd.gradcheck(lambda values: NORMALIZERS[name](values, mask), scores)


@every
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_padding_changes_nothing_and_has_no_weight(name: str, dtype: torch.dtype) -> None:
    tolerance = 1e-14 if dtype == torch.float64 else 1e-6
    for scores in (vectors(1, 4, 3, 6), 30 * vectors(1, 4, 3, 6)):
        near = NORMALIZERS[name](scores.to(dtype), ragged(6))
        noise = torch.cat([scores, 1e4 * vectors(2, 4, 3, 3000)], dim=-1)
        far = NORMALIZERS[name](noise.to(dtype), mask_of([6, 1, 3, 5], 3006)[:, None])
        torch.testing.assert_close(far[..., :6], near, rtol=0, atol=tolerance)
        assert (far[..., 6:] == 0).all()
        assert (near[~ragged(6).expand_as(near)] == 0).all()


@every
def test_a_constant_changes_nothing(name: str) -> None:
    scores, mask = vectors(1, 4, 3, 7), ragged(7)
    for constant in (-40.0, 3.5, 1e3):
        moved = NORMALIZERS[name](scores + constant, mask)
        torch.testing.assert_close(moved, NORMALIZERS[name](scores, mask), rtol=0, atol=1e-12)


@sparse
def test_scores_far_apart_leave_one_token_and_no_gradient(name: str) -> None:
    scores = torch.cat([torch.tensor([3.0]), -2 * torch.rand(1999, generator=torch.Generator().manual_seed(1))])
    scores = scores[None, None].requires_grad_()
    weights = NORMALIZERS[name](scores, torch.ones(1, 1, 2000, dtype=torch.bool))
    assert weights[0, 0].tolist() == [1.0] + [0.0] * 1999
    (gradient,) = gradients((weights * vectors(3, 2000).float()).sum(), [scores])
    assert not gradient.any()


def test_sparsemax_of_two_tokens_is_a_hard_sigmoid() -> None:
    """Martins & Astudillo 2016, section 2.3: w = (t + 1) / 2 for scores t and 0 with |t| < 1."""
    gap = torch.linspace(-2, 2, 41, dtype=torch.float64)
    scores = torch.stack([gap, torch.zeros(41).double()], dim=-1)[:, None]
    found = NORMALIZERS["sparsemax"](scores, torch.ones(41, 1, 2, dtype=torch.bool))[:, 0, 0]
    torch.testing.assert_close(found, ((gap + 1) / 2).clamp(0, 1))


def test_entmax_of_two_tokens_solves_its_equation() -> None:
    """Scores t and 0: sqrt(w) - sqrt(1 - w) = t / 2 inside of |t| < 2, so w = (1 + (t / 2) sqrt(2 - t^2 / 4)) / 2."""
    gap = torch.linspace(-3, 3, 41, dtype=torch.float64)
    half = (gap / 2).clamp(-1, 1)
    scores = torch.stack([gap, torch.zeros(41).double()], dim=-1)[:, None]
    found = NORMALIZERS["entmax15"](scores, torch.ones(41, 1, 2, dtype=torch.bool))[:, 0, 0]
    torch.testing.assert_close(found, (1 + half * (2 - half.square()).sqrt()) / 2)


@every
def test_no_number_stays_no_number(name: str) -> None:
    scores = torch.tensor([[[0.5, float("nan"), 1.0]], [[0.5, 0.0, 1.0]]])
    found = NORMALIZERS[name](scores, torch.ones(2, 1, 3, dtype=torch.bool))
    assert found[0].isnan().any()
    assert found[1].isfinite().all()
