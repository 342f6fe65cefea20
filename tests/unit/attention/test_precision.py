"""Distances where they are zero, and scores in half and in mixed precision."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from nmt.modules.attention import SCORES
from nmt.modules.attention.distances import distances, squared_distances
from tests.unit.attention.asking import build_layer, gradients, mask_of, state_of, vectors
from tests.unit.models import DECODERS, random_batch, random_ids, tiny_model

SIZE = 6
nearness = pytest.mark.parametrize("score", ["euclidean", "squared_euclidean"])


@nearness
@pytest.mark.parametrize("length", [1e-6, 1.0, 1e3])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_gradient_is_finite_where_query_and_key_are_the_same(score: str, length: float, dtype: torch.dtype) -> None:
    layer = build_layer(SIZE, SIZE, score=score)
    with torch.no_grad():
        layer.get_parameter("score.key.weight").copy_(torch.eye(SIZE))
        layer.get_parameter("score.log_scale").zero_()
    layer.to(dtype)
    memory = (length * vectors(1, 2, 3, SIZE)).to(dtype)
    query, memory = memory.clone().requires_grad_(), memory.requires_grad_()
    score_of: Any = layer.score
    found = score_of(query, layer.project_keys(memory), state_of(mask_of([3, 3]), 3, dtype))
    assert found.dtype == dtype
    noise = math.sqrt(torch.finfo(torch.promote_types(dtype, torch.float32)).eps) * 10 * length
    zero = found.diagonal(dim1=1, dim2=2)
    assert (zero.abs() <= (noise if score == "euclidean" else noise**2)).all()
    assert (zero <= 0).all()
    slopes = gradients(found.sum(), [query, memory, *layer.score.parameters()])
    assert all(one.isfinite().all() for one in slopes)
    if score == "euclidean":  # the slope of a distance is a unit vector, or 0
        assert (slopes[0].norm(dim=-1) <= 3.1).all()


def test_gradient_of_a_distance_is_zero_at_zero_and_the_root_elsewhere() -> None:
    squared = torch.tensor([[0.0, 1e-300, 4.0, 9.0]], dtype=torch.float64, requires_grad=True)
    found = distances(squared)
    torch.testing.assert_close(found, torch.tensor([[0.0, 1e-150, 2.0, 3.0]], dtype=torch.float64), rtol=1e-15, atol=0)
    (slope,) = gradients(found.sum(), [squared])
    assert slope[0, 0] == 0
    torch.testing.assert_close(slope[0, 1:], 0.5 / found.detach()[0, 1:])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_squared_distances_are_those_of_differences(dtype: torch.dtype) -> None:
    query, keys = vectors(1, 2, 3, SIZE).to(dtype), vectors(2, 2, 4, SIZE).to(dtype)
    expected = (query.double()[:, :, None] - keys.double()[:, None]).square().sum(-1)
    torch.testing.assert_close(squared_distances(query, keys).double(), expected, rtol=1e-5, atol=1e-5)
    assert squared_distances(query[0, 0:1], keys[0]).shape == (1, 4)


def test_distances_are_precise_in_bfloat16() -> None:
    query, keys = vectors(1, 1, 3, SIZE).to(torch.bfloat16), vectors(2, 1, 4, SIZE).to(torch.bfloat16)
    found = squared_distances(query, keys)
    assert found.dtype == torch.float32
    expected = (query.double()[:, :, None] - keys.double()[:, None]).square().sum(-1)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("coverage", [None, "fertility"])
@pytest.mark.parametrize("score", sorted(set(SCORES) - {"uniform"}))
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mixed_precision_is_near_to_single(score: str, coverage: str | None, heads: int, dtype: torch.dtype) -> None:
    """As in `trainer.precision=bf16-mixed`, where projections are half, but parameters and weights are not."""
    options = {"max_positions": 3} if score == "location" else None
    attention = {"score": score, "coverage": coverage, "heads": heads, "options": options}
    for window in (None, "local_p"):
        model = tiny_model(attention={**attention, "window": window}, **DECODERS["parallel"]).float().train()
        batch, targets = random_batch([5, 2]), random_ids(3, 2, 4)
        expected: Tensor = model.eval()(*batch, targets).weights
        with torch.autocast("cpu", dtype=dtype):
            decoded = model(*batch, targets)
            loss = model.output(decoded.attentional).float().logsumexp(-1).sum()
        loss.backward()
        torch.testing.assert_close(decoded.weights.float(), expected, rtol=0, atol=0.1)
        assert all(one.grad.isfinite().all() for one in model.parameters() if one.grad is not None)
