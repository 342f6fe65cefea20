"""Attention without modules, against formulas written out in plain Python, one query and one key at a time."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import nmt
from nmt.config import SettingsError
from nmt.modules.attention import SCORES
from nmt.modules.attention.functional import PLAIN_SCORES

Vector = list[float]


def dot(q: Vector, k: Vector) -> float:
    return math.fsum(a * b for a, b in zip(q, k, strict=True))


FORMULAS: dict[str, Callable[[Vector, Vector], float]] = {
    "dot": dot,
    "scaled_dot": lambda q, k: dot(q, k) / math.sqrt(len(q)),
    "cosine": lambda q, k: dot(q, k) / (math.hypot(*q) * math.hypot(*k) or 1.0),
    "euclidean": lambda q, k: -math.dist(q, k),
    "squared_euclidean": lambda q, k: -(math.dist(q, k) ** 2),
}
each_score = pytest.mark.parametrize("score", sorted(PLAIN_SCORES))


def by_hand(score: str, query: Any, keys: Any, temperature: float = 1.0) -> Tensor:
    """Weights (T, S) by the textbook: alpha_ij = exp s(i, j) / sum_k exp s(i, k)."""
    rows = [
        [math.exp(FORMULAS[score](q.tolist(), k.tolist()) / temperature) for k in keys.double()] for q in query.double()
    ]
    return torch.tensor([[power / math.fsum(row) for power in row] for row in rows], dtype=torch.float64)


def normal(*shape: int, seed: int = 3) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_names_are_those_of_the_formulas() -> None:
    assert sorted(PLAIN_SCORES) == sorted(FORMULAS)


@each_score
@pytest.mark.parametrize("temperature", [1.0, 0.25, 7.0])
def test_weights_and_context_follow_the_formulas(score: str, temperature: float) -> None:
    query, keys, values = normal(3, 5), normal(4, 5, seed=4), normal(4, 2, seed=5)
    expected = by_hand(score, query, keys, temperature)
    context, weights = nmt.attend(query, keys, values, score=score, temperature=temperature)
    torch.testing.assert_close(weights, expected, rtol=0, atol=1e-14)
    for t in range(3):
        for m in range(2):
            wanted = math.fsum(float(expected[t, s] * values[s, m]) for s in range(4))
            assert float(context[t, m]) == pytest.approx(wanted, abs=1e-14)
    alone = nmt.attention_weights(query, keys, score, None, temperature)
    assert torch.equal(alone, weights)


@pytest.mark.parametrize("score", ["cosine", "euclidean"])
def test_a_sequence_over_itself(score: str) -> None:
    x = normal(6, 4)
    context, weights = nmt.attend(x, x, x, score=score)
    torch.testing.assert_close(weights, by_hand(score, x, x), rtol=0, atol=1e-14)
    torch.testing.assert_close(context, sum(weights[:, j, None] * x[j] for j in range(6)), rtol=0, atol=1e-14)


def test_cosine_is_the_default() -> None:
    x = normal(4, 3)
    assert torch.equal(nmt.attention_weights(x, x), nmt.attention_weights(x, x, score="cosine"))
    assert torch.equal(nmt.attend(x, x, x)[1], nmt.attention_weights(x, x, score="cosine"))


@each_score
@pytest.mark.parametrize("leading", [(), (2,), (1,), (2, 3)])
def test_leading_dimensions_are_independent(score: str, leading: tuple[int, ...]) -> None:
    query, keys, values = normal(*leading, 3, 5), normal(*leading, 4, 5, seed=4), normal(*leading, 4, 2, seed=5)
    context, weights = nmt.attend(query, keys, values, score)
    assert (context.shape, weights.shape) == ((*leading, 3, 2), (*leading, 3, 4))
    for place in np.ndindex(*leading):
        torch.testing.assert_close(weights[place], by_hand(score, query[place], keys[place]), rtol=0, atol=1e-14)
        torch.testing.assert_close(context[place], weights[place] @ values[place], rtol=0, atol=1e-14)


def test_keys_and_values_are_shared_where_they_have_fewer_dimensions() -> None:
    query, keys, values = normal(2, 3, 5), normal(4, 5, seed=4), normal(1, 4, 2, seed=5)
    context, weights = nmt.attend(query, keys, values)
    for b in range(2):
        torch.testing.assert_close(context[b], nmt.attend(query[b], keys, values[0])[0])
        torch.testing.assert_close(weights[b], nmt.attention_weights(query[b], keys))


@each_score
def test_one_query_vector_gives_one_row(score: str) -> None:
    query, keys, values = normal(5), normal(4, 5, seed=4), normal(4, 2, seed=5)
    mask = torch.tensor([True, False, True, True])
    context, weights = nmt.attend(query, keys, values, score, mask)
    rows = nmt.attend(query[None], keys, values, score, mask)
    assert torch.equal(context, rows[0][0])
    assert torch.equal(weights, rows[1][0])
    assert isinstance(nmt.attention_weights(query.numpy(), keys.numpy()), np.ndarray)


class TestMask:
    @each_score
    def test_is_as_if_the_rest_were_not_there(self, score: str) -> None:
        query, keys, values = normal(2, 3, 5), normal(2, 6, 5, seed=4), normal(2, 6, 2, seed=5)
        mask = torch.tensor([[True, False, True, True, False, False], [False, True, True, True, True, True]])
        context, weights = nmt.attend(query, keys, values, score, mask)
        assert not weights[~mask[:, None].expand_as(weights)].any()
        for b in range(2):
            few = nmt.attend(query[b], keys[b, mask[b]], values[b, mask[b]], score)
            torch.testing.assert_close(context[b], few[0])
            torch.testing.assert_close(weights[b][:, mask[b]], few[1])

    @each_score
    def test_of_nothing_gives_zeros_and_no_gradient_but_numbers(self, score: str) -> None:
        query, keys, values = (normal(2, 3, 4, seed=seed).requires_grad_() for seed in (3, 4, 5))
        mask = torch.tensor([[False] * 3, [True] * 3])
        context, weights = nmt.attend(query, keys, values, score, mask)
        assert not context[0].any()
        assert not weights[0].any()
        torch.testing.assert_close(weights[1].sum(-1), torch.ones(3, dtype=torch.float64))
        for gradient in torch.autograd.grad(context.sum() + weights.square().sum(), [query, keys, values]):
            assert gradient.isfinite().all()
            assert not gradient[0].any()

    @each_score
    def test_hides_anything(self, score: str) -> None:
        query, keys, values = normal(3, 5), normal(4, 5, seed=4), normal(4, 2, seed=5)
        mask = torch.tensor([True, True, False, True])
        expected = nmt.attend(query, keys, values, score, mask)
        keys[2], values[2] = math.nan, math.inf
        for got, wanted in zip(nmt.attend(query, keys, values, score, mask), expected, strict=True):
            assert torch.equal(got, wanted)

    def test_of_one_sequence_serves_all(self) -> None:
        query, keys, mask = normal(2, 3, 5), normal(2, 4, 5), torch.tensor([True, False, True, True])
        expected = nmt.attention_weights(query, keys, mask=mask.expand(2, 4))
        assert torch.equal(nmt.attention_weights(query, keys, mask=mask), expected)
        assert torch.equal(nmt.attention_weights(query, keys, mask=mask[None]), expected)

    def test_for_each_query_of_its_own(self) -> None:
        x = normal(4, 5)
        context, weights = nmt.attend(x, x, x, mask=torch.ones(4, 4, dtype=torch.bool).tril())
        assert not weights.triu(1).any()
        for t in range(4):
            torch.testing.assert_close(context[t], nmt.attend(x[t], x[: t + 1], x[: t + 1])[0])


@each_score
@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64"])
def test_type_and_dtype_are_kept(score: str, kind: str) -> None:
    dtype = getattr(torch, kind)
    query, keys, values = (normal(3, 4, seed=seed).to(dtype) for seed in (3, 4, 5))
    found = nmt.attend(query, keys, values, score, temperature=0.5)
    assert [one.dtype for one in found] == [dtype] * 2
    torch.testing.assert_close(
        found[1].double(), by_hand(score, query, keys, 0.5), rtol=0, atol=8 * torch.finfo(dtype).eps
    )
    if kind != "bfloat16":
        arrays = nmt.attend(query.numpy(), keys.numpy(), values.numpy(), score, temperature=0.5)
        assert all(isinstance(one, np.ndarray) and one.dtype == kind for one in arrays)
        assert all(np.array_equal(one, other.numpy()) for one, other in zip(arrays, found, strict=True))


def test_arrays_may_be_views_and_read_only_and_are_left_alone() -> None:
    keys = np.arange(12.0).reshape(4, 3)
    before, mask = keys.copy(), np.array([True, True, True, False])
    for array in (keys, mask):
        array.setflags(write=False)
    weights = nmt.attention_weights(keys[::-1, ::-1], keys[:, ::-1], "euclidean", mask)
    np.testing.assert_allclose(weights, nmt.attention_weights(keys[::-1].copy(), keys, "euclidean", mask))
    np.testing.assert_array_equal(keys, before)


@each_score
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_are_those_of_the_formulas(score: str, masked: bool) -> None:
    inputs = tuple(normal(2, size, 3, seed=size).requires_grad_() for size in (2, 4, 4))
    mask = torch.tensor([[True] * 4, [True, False, True, False]]) if masked else None
    assert torch.autograd.gradcheck(lambda q, k, v: nmt.attend(q, k, v, score, mask, 0.7), inputs)


@each_score
@pytest.mark.parametrize("kind", [torch.float16, torch.float32])
@pytest.mark.parametrize("zero", [False, True])
def test_equal_and_zero_vectors_have_finite_gradients(score: str, kind: torch.dtype, zero: bool) -> None:
    x = (normal(3, 4) * (not zero)).to(kind).requires_grad_()
    (gradient,) = torch.autograd.grad(nmt.attend(x, x, x, score)[0].sum(), x)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("score", ["euclidean", "squared_euclidean"])
def test_near_vectors_far_from_the_origin_keep_their_distance(score: str) -> None:
    far = torch.tensor([[1000.0, 1000.0, 1000.0]])
    keys = far + torch.tensor([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 2.0, 0.0]])
    torch.testing.assert_close(nmt.attention_weights(far, keys, score).double(), by_hand(score, far, keys))


@pytest.mark.parametrize("size", [1e-30, 1e-3, 1e30])
def test_lengths_do_not_matter_to_a_cosine(size: float) -> None:
    x = normal(3, 4).float()
    torch.testing.assert_close(nmt.attention_weights(size * x, x / 7), nmt.attention_weights(x, x))


@each_score
@pytest.mark.parametrize("temperature", [1e-300, 1e-6])
def test_a_low_temperature_picks_the_best(score: str, temperature: float) -> None:
    query, keys = normal(3, 5).float(), 30 * normal(4, 5, seed=4).float()
    weights = nmt.attention_weights(query, keys, score, temperature=temperature)
    best = nmt.attention_weights(query, keys, score, temperature=10.0).argmax(-1)
    assert torch.equal(weights, torch.nn.functional.one_hot(best, 4).float())


@given(
    score=st.sampled_from(sorted(PLAIN_SCORES)),
    sizes=st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(1, 5)),
    scale=st.floats(1e-3, 1e4),
    temperature=st.floats(1e-3, 1e3),
    seed=st.integers(0, 2**16),
    data=st.data(),
)
@settings(max_examples=80, deadline=None)
def test_rows_are_shares(
    score: str, sizes: tuple[int, int, int], scale: float, temperature: float, seed: int, data: st.DataObject
) -> None:
    target, source, size = sizes
    query, keys = scale * normal(target, size, seed=seed), scale * normal(source, size, seed=seed + 1)
    values = normal(source, 2, seed=seed + 2)
    mask = torch.tensor(data.draw(st.lists(st.booleans(), min_size=source, max_size=source)), dtype=torch.bool)
    context, weights = nmt.attend(query, keys, values, score, mask, temperature)
    assert weights.shape == (target, source)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.full((target,), float(mask.any()), dtype=torch.float64))
    if mask.any():
        lowest, highest = values[mask].aminmax(dim=0)
        assert (context >= lowest - 1e-9).all()
        assert (context <= highest + 1e-9).all()
    order = torch.tensor(data.draw(st.permutations(range(source))), dtype=torch.long)
    moved = nmt.attend(query, keys[order], values[order], score, mask[order], temperature)
    torch.testing.assert_close(moved[0], context)
    torch.testing.assert_close(moved[1], weights[:, order])


@given(temperature=st.floats(0.02, 10.0), source=st.integers(1, 40), seed=st.integers(0, 2**16))
@settings(max_examples=50, deadline=None)
def test_no_weight_of_a_cosine_passes_its_bound(temperature: float, source: int, seed: int) -> None:
    beta = 1 / temperature
    weights = nmt.attention_weights(normal(5, 2, seed=seed), normal(source, 2, seed=seed + 1), temperature=temperature)
    assert float(weights.max()) <= math.exp(2 * beta) / (math.exp(2 * beta) + source - 1) * (1 + 1e-9)


Q, K, V = torch.ones(2, 3, 5), torch.ones(2, 4, 5), torch.ones(2, 4, 6)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ((Q, K[..., :4], V), ["(2, 3, 5)", "(2, 4, 4)", "last dimension"]),
        ((Q, K, V[:, :3]), ["(2, 4, 5)", "(2, 3, 6)", "S"]),
        ((Q, K[:1].expand(3, 4, 5), V), ["(2, 3, 5)", "(3, 4, 5)", "leading"]),
        ((Q[:, 0], K, V), ["(2, 5)", "(2, 4, 5)", "query[..., None, :]"]),
        ((Q, K[0, 0], V), ["keys", "(5,)", "(..., S, d)"]),
        ((Q, K, V[..., 0]), ["keys (2, 4, 5) and values (2, 4)"]),
        ((Q[..., :0], K[..., :0], V), ["(2, 3, 0)", "at least 1"]),
        ((Q.long(), K, V), ["query is int64", "query.float()"]),
        ((Q.numpy().astype(int), K, V), ["query is int64", "query.astype(float)"]),
        ((Q, K.double(), V), ["float32", "keys float64"]),
        ((Q, K, V.numpy()), ["torch tensor", "values a NumPy array"]),
        ((Q, K.tolist(), V), ["keys is a list", "numpy.array(keys)"]),
    ],
)
def test_inputs_that_do_not_fit_are_told_in_one_line(inputs: tuple[Any, Any, Any], words: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        nmt.attend(*inputs)
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (torch.ones(2, 4), ["mask is float32", "booleans"]),
        ([True] * 4, ["mask is a list"]),
        (torch.tensor(True), ["()", "(2, 4)", "(2, 3, 4)"]),
        (torch.ones(2, 3, dtype=torch.bool), ["(2, 3)", "should be (2, 4)"]),
        (torch.ones(3, 4, dtype=torch.bool), ["(3, 4)", "should be (2, 4)"]),
        (torch.ones(2, 1, dtype=torch.bool), ["(2, 1)", "should be (2, 4)"]),
        (torch.ones(5, 2, 3, 4, dtype=torch.bool), ["(5, 2, 3, 4)", "should be (2, 4)"]),
    ],
)
def test_masks_that_do_not_fit_are_told_in_one_line(mask: Any, words: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        nmt.attention_weights(Q, K, mask=mask)
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize("temperature", [0, -1.0, math.inf, math.nan])
def test_temperatures_that_are_none(temperature: float) -> None:
    with pytest.raises(SettingsError, match=f"temperature={temperature} is no number above 0"):
        nmt.attention_weights(Q, K, temperature=temperature)


@pytest.mark.parametrize("score", sorted(set(SCORES) - set(PLAIN_SCORES) | {"none"}))
def test_scores_of_models_are_refused_by_name(score: str) -> None:
    why = "does not compare" if score in {"uniform", "none"} else "has parameters that are learnt"
    with pytest.raises(SettingsError, match=f"^score '{score}' {why}.*use a model.*cosine"):
        nmt.attend(Q, K, V, score)


@pytest.mark.parametrize(
    ("typed", "meant"), [("cosin", "cosine"), ("euclid", "euclidean"), ("scaled-dot", "scaled_dot")]
)
def test_a_typo_gets_the_nearest_name(typed: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"score={typed} is not known; did you mean '{meant}'"):
        nmt.attention_weights(Q, K, typed)
