"""Every score against its formula, written out for one query and one memory vector at a time."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from nmt.config import AttentionSettings
from nmt.modules.attention import SCORES, Attention, AttentionHistory, AttentionScore, build_score
from tests.unit.models import randomise

Parameters = Mapping[str, Tensor]
BATCH, TARGET, SOURCE, SIZE = 2, 3, 4, 5


def additive(p: Parameters, q: Tensor, m: Tensor) -> Tensor:
    return (p["energy"] * torch.tanh(p["query.weight"] @ q + p["key.weight"] @ m + p["key.bias"])).sum()


def cosine(p: Parameters, q: Tensor, m: Tensor) -> Tensor:
    key = p["key.weight"] @ m
    strength = 50 / (1 + torch.exp(-p["strength"]))
    return strength * (q * key).sum() / ((q * q).sum() * (key * key).sum()) ** 0.5


FORMULAS: dict[str, Callable[[Parameters, Tensor, Tensor], Tensor]] = {
    "additive": additive,
    "dot": lambda p, q, m: (q * m).sum(),
    "scaled_dot": lambda p, q, m: p["scale"] * (q * m).sum(),
    "general": lambda p, q, m: (q * (p["key.weight"] @ m)).sum(),
    "cosine": cosine,
}


def build(name: str, size: int = SIZE, **options: Any) -> AttentionScore:
    return build_score(AttentionSettings(name, options or None), size, size)


def score_all(score: AttentionScore, query: Tensor, memory: Tensor) -> Tensor:
    mask = torch.ones(memory.shape[:2], dtype=torch.bool)
    state = AttentionHistory.start(mask, score.needs_history, memory.dtype).state(mask, query.shape[1])
    scores: Tensor = score(query, score.project_keys(memory), state)
    return scores


@pytest.fixture
def inputs() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    query = torch.randn(BATCH, TARGET, SIZE, generator=generator, dtype=torch.float64, requires_grad=True)
    return query, torch.randn(BATCH, SOURCE, SIZE, generator=generator, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("name", sorted(SCORES))
def test_score_and_gradient_follow_the_formula(name: str, inputs: tuple[Tensor, Tensor]) -> None:
    query, memory = inputs
    score = build(name).double()
    randomise(score, seed=7)
    parameters = dict(score.named_parameters())
    expected = torch.stack(
        [FORMULAS[name](parameters, q, m) for b in range(BATCH) for q in query[b] for m in memory[b]]
    ).view(BATCH, TARGET, SOURCE)
    found = score_all(score, query, memory)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)

    variables = [query, memory, *parameters.values()]
    pull = torch.randn(expected.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    gradients = torch.autograd.grad((found * pull).sum(), variables)
    for got, wanted in zip(gradients, torch.autograd.grad((expected * pull).sum(), variables), strict=True):
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", sorted(SCORES))
def test_weights_are_a_softmax_and_contexts_a_weighted_sum(name: str, inputs: tuple[Tensor, Tensor]) -> None:
    query, memory = inputs
    score = build(name).double()
    randomise(score, seed=7)
    scores = score_all(score, query, memory)
    mask = torch.tensor([[True] * SOURCE, [True, True, False, False]])
    context, weights = Attention(score)(
        query, memory, score.project_keys(memory), AttentionHistory().state(mask, TARGET)
    )
    for b, count in enumerate((SOURCE, 2)):
        for t in range(TARGET):
            parts = [scores[b, t, s].exp() for s in range(count)]
            for s in range(count):
                torch.testing.assert_close(weights[b, t, s], parts[s] / sum(parts))
            wanted = torch.stack([weights[b, t, s] * memory[b, s] for s in range(count)]).sum(0)
            torch.testing.assert_close(context[b, t], wanted)


@pytest.mark.parametrize("name", ["additive", "general", "cosine"])
def test_scores_with_a_projection_take_memories_of_any_width(name: str) -> None:
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


@pytest.mark.parametrize("name", sorted(SCORES))
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
    gradients = torch.autograd.grad(scores.sum(), [query, memory, *score.parameters()])
    assert all(gradient.isfinite().all() for gradient in gradients)
