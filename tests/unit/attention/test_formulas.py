"""Every score against its formula, written out for one query and one memory vector at a time."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from nmt.config import AttentionSettings
from nmt.modules.attention import SCORES, Attention, AttentionScore, build_score
from tests.unit.attention.asking import earlier_weights, gradients, state_of
from tests.unit.models import randomise

Parameters = Mapping[str, Tensor]
BATCH, TARGET, SOURCE, SIZE = 2, 3, 4, 5


class Asked(NamedTuple):
    """One query, one memory vector, its place in the source, and the weights of all places at the step before."""

    q: Tensor
    m: Tensor
    place: int
    last: Tensor


def additive(p: Parameters, a: Asked) -> Tensor:
    return (p["energy"] * torch.tanh(p["query.weight"] @ a.q + p["key.weight"] @ a.m + p["key.bias"])).sum()


def concat(p: Parameters, a: Asked) -> Tensor:
    both = torch.cat([p["query.weight"], p["key.weight"]], dim=1)  # W of [q; m]
    return (p["energy"] * torch.tanh(both @ torch.cat([a.q, a.m]))).sum()


def location_aware(p: Parameters, a: Asked) -> Tensor:
    filters, features = p["filters"], []
    for channel in range(filters.shape[0]):
        feature = torch.zeros((), dtype=torch.float64)
        for tap in range(filters.shape[2]):
            place = a.place + tap - filters.shape[2] // 2
            if 0 <= place < len(a.last):
                feature = feature + filters[channel, 0, tap] * a.last[place]
        features.append(feature)
    inside = p["query.weight"] @ a.q + p["key.weight"] @ a.m + p["key.bias"]
    return (p["energy"] * torch.tanh(inside + p["feature.weight"] @ torch.stack(features))).sum()


def cosine(p: Parameters, a: Asked) -> Tensor:
    key = p["key.weight"] @ a.m
    strength = 50 / (1 + torch.exp(-p["strength"]))
    return strength * (a.q * key).sum() / ((a.q * a.q).sum() * (key * key).sum()) ** 0.5


def squared_euclidean(p: Parameters, a: Asked) -> Tensor:
    return -torch.exp(p["log_scale"]) * ((a.q - p["key.weight"] @ a.m) ** 2).sum()


def euclidean(p: Parameters, a: Asked) -> Tensor:
    return -torch.exp(p["log_scale"]) * ((a.q - p["key.weight"] @ a.m) ** 2).sum() ** 0.5


FORMULAS: dict[str, Callable[[Parameters, Asked], Tensor]] = {
    "additive": additive,
    "concat": concat,
    "location_aware": location_aware,
    "dot": lambda p, a: (a.q * a.m).sum(),
    "scaled_dot": lambda p, a: p["scale"] * (a.q * a.m).sum(),
    "general": lambda p, a: (a.q * (p["key.weight"] @ a.m)).sum(),
    "cosine": cosine,
    "euclidean": euclidean,
    "squared_euclidean": squared_euclidean,
    "location": lambda p, a: (p["places.weight"][a.place] * a.q).sum(),
    "uniform": lambda p, a: 0 * (a.q.sum() + a.m.sum()),
}
CASES: list[tuple[str, dict[str, int]]] = [
    *((name, {}) for name in sorted(SCORES)),
    ("location_aware", {"channels": 2, "kernel_size": 1}),
    ("location_aware", {"channels": 1, "kernel_size": 5}),
]
UNREAD = {"location": {"memory"}, "uniform": {"query", "memory"}}
"""What a score does not look at, of query and memory."""


def build(name: str, size: int = SIZE, **options: Any) -> AttentionScore:
    return build_score(AttentionSettings(name, options or None), size, size)


def score_all(score: AttentionScore, query: Tensor, memory: Tensor, last: Tensor | None = None) -> Tensor:
    state = state_of(torch.ones(memory.shape[:2], dtype=torch.bool), query.shape[1], memory.dtype)
    last = earlier_weights(state.mask, query.shape[1]) if last is None else last
    around = F.pad(last.to(memory.dtype), (score.margin, score.margin))
    scores: Tensor = score(query, score.project_keys(memory), state._replace(last=around))
    return scores


@pytest.fixture
def inputs() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    query = torch.randn(BATCH, TARGET, SIZE, generator=generator, dtype=torch.float64, requires_grad=True)
    return query, torch.randn(BATCH, SOURCE, SIZE, generator=generator, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_score_and_gradient_follow_the_formula(
    name: str, options: dict[str, int], inputs: tuple[Tensor, Tensor]
) -> None:
    query, memory = inputs
    score = build(name, **options).double()
    randomise(score, seed=7)
    parameters = dict(score.named_parameters())
    last = earlier_weights(torch.ones(BATCH, SOURCE, dtype=torch.bool), TARGET).requires_grad_()
    asked = [
        Asked(query[b, t], memory[b, s], s, last[b, t])
        for b in range(BATCH)
        for t in range(TARGET)
        for s in range(SOURCE)
    ]
    expected = torch.stack([FORMULAS[name](parameters, one) for one in asked]).view(BATCH, TARGET, SOURCE)
    found = score_all(score, query, memory, last)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)

    pull = torch.randn(expected.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    variables = [query, memory, last, *parameters.values()]
    got = (
        gradients((found * pull).sum(), variables) if found.requires_grad else [torch.zeros_like(v) for v in variables]
    )
    for one, wanted in zip(got, gradients((expected * pull).sum(), variables), strict=True):
        torch.testing.assert_close(one, wanted, rtol=0, atol=1e-11)
    unread = {side for side, gradient in zip(("query", "memory"), got, strict=False) if not gradient.any()}
    assert unread == UNREAD.get(name, set())
    assert all(gradient.any() for gradient in got[3:])


@pytest.mark.parametrize("name", sorted(SCORES))
def test_weights_are_a_softmax_and_contexts_a_weighted_sum(name: str, inputs: tuple[Tensor, Tensor]) -> None:
    query, memory = inputs
    score = build(name).double()
    randomise(score, seed=7)
    mask = torch.tensor([[True] * SOURCE, [True, True, False, False]])
    scores = score_all(score, query, memory, state_of(mask, TARGET).last)
    context, weights = Attention(score)(query, memory, score.project_keys(memory), state_of(mask, TARGET))
    for b, count in enumerate((SOURCE, 2)):
        for t in range(TARGET):
            parts = [scores[b, t, s].exp() for s in range(count)]
            for s in range(count):
                torch.testing.assert_close(weights[b, t, s], parts[s] / sum(parts))
            wanted = torch.stack([weights[b, t, s] * memory[b, s] for s in range(count)]).sum(0)
            torch.testing.assert_close(context[b, t], wanted)


@pytest.mark.parametrize("name", sorted(set(SCORES) - {"dot", "scaled_dot"}))
def test_scores_without_a_plain_product_take_memories_of_any_width(name: str) -> None:
    score = build_score(AttentionSettings(name), 4, 7)
    assert score_all(score, torch.randn(2, 3, 4), torch.randn(2, 6, 7)).shape == (2, 3, 6)


def test_additive_hidden_layer_is_as_wide_as_asked() -> None:
    assert score_all(build("additive", size=5), torch.randn(2, 3, 5), torch.randn(2, 6, 5)).shape == (2, 3, 6)
    score = build_score(AttentionSettings("additive", {"size": 9}), 4, 7)
    assert score.project_keys(torch.randn(2, 6, 7)).shape == (2, 6, 9)


def test_scale_starts_where_the_papers_say() -> None:
    query, memory = torch.randn(1, 1, 16), torch.randn(1, 1, 16)
    torch.testing.assert_close(score_all(build("scaled_dot", 16), query, memory), (query * memory).sum(-1)[None] / 4)


class TestCosine:
    @pytest.mark.parametrize(("scale", "most"), [(10.0, 50.0), (0.5, 2.0)])
    def test_strength_starts_at_scale_and_never_passes_its_bound(self, scale: float, most: float) -> None:
        score = build("cosine", scale=scale, max_scale=most)
        torch.nn.init.eye_(score.get_parameter("key.weight"))
        vectors = 1e3 * torch.randn(1, 6, SIZE)
        torch.testing.assert_close(score_all(score, vectors, vectors)[0].diagonal(), torch.full((6,), scale))
        score.get_parameter("strength").data.fill_(1e6)
        assert score_all(score, vectors, vectors).abs().max() <= most * (1 + 1e-6)
        torch.testing.assert_close(score_all(score, vectors, vectors)[0].diagonal(), torch.full((6,), most))

    def test_lengths_do_not_matter(self) -> None:
        score = build("cosine").double()
        query, memory = torch.randn(2, 3, SIZE).double(), torch.randn(2, 4, SIZE).double()
        torch.testing.assert_close(score_all(score, 7 * query, 0.01 * memory), score_all(score, query, memory))


@pytest.mark.parametrize("name", sorted(set(SCORES) - {"uniform"}))
@pytest.mark.parametrize("zero", ["query", "memory", "both"])
def test_zero_vectors_give_finite_scores_and_gradients(name: str, zero: str) -> None:
    query, memory = (
        torch.randn(1, 2, SIZE) * (zero == "memory"),
        torch.randn(1, 3, SIZE) * (zero == "query"),
    )
    query.requires_grad_()
    memory.requires_grad_()
    score = build(name)
    scores = score_all(score, query, memory)
    assert scores.isfinite().all()
    found = gradients(scores.sum(), [query, memory, *score.parameters()])
    assert all(gradient.isfinite().all() for gradient in found)
