"""Coverage against its formulas, written out step by step; and each hypothesis with its own."""

from itertools import combinations
from typing import Any

import pytest
import torch
from torch import Tensor

from nmt.config import AttentionSettings, SearchOptions
from nmt.config.attention import COVERAGES
from nmt.modules.attention import Attention, AttentionHistory, build_attention
from nmt.search import beam_search, forced_decode
from tests.unit.attention.asking import attend, build_layer, mask_of, vectors
from tests.unit.models import DECODERS, TARGET, random_batch, tiny_model

LENGTHS, STEPS, SIZE = (5, 2, 1), 4, 6
EXACT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}
kinds = pytest.mark.parametrize("kind", COVERAGES)


def walk(layer: Attention, query: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, list[AttentionHistory]]:
    """Returns the weights of successive steps, each with the history of those before, and the histories."""
    history = AttentionHistory.start(mask, layer.needs_history, query.dtype)
    rows, histories = [], []
    for step in torch.split(query, 1, dim=1):
        weights = attend(layer, step, memory, mask, history.state(mask)).weights
        history = history.after(weights)
        rows.append(weights)
        histories.append(history)
    return torch.cat(rows, dim=1), histories


def by_hand(layer: Attention, kind: str, query: Tensor, memory: Tensor, heads: int, additive: bool) -> list[Tensor]:
    """Returns the weights of successive steps of one sentence without padding."""
    p = dict(layer.named_parameters())
    fertility = torch.ones(len(memory)).double()
    if kind == "fertility":
        fertility = torch.stack([2 / (1 + torch.exp(-(p["coverage.fertility.weight"][0] @ m))) for m in memory])
    total, rows = torch.zeros(len(memory)).double(), []
    for q in query:
        covered, found = total / fertility, []
        for head in range(heads):
            wide = slice(head * SIZE // heads, (head + 1) * SIZE // heads)
            prefix = f"score.{head}." if heads > 1 else "score."
            own = q if heads == 1 else (p["heads.query.weight"] @ q)[wide]
            scores = []
            for m, c in zip(memory, covered, strict=True):
                part = m if heads == 1 else (p["heads.key.weight"] @ m)[wide]
                if additive:
                    inner = p[f"{prefix}query.weight"] @ own + p[f"{prefix}key.weight"] @ part + p[f"{prefix}key.bias"]
                    inner = inner + p[f"{prefix}feature.weight"][:, 0] * c
                    scores.append(p[f"{prefix}energy"] @ torch.tanh(inner))
                else:
                    scores.append(own @ (part + c * p["coverage.weight"][head]))
            found.append(torch.softmax(torch.stack(scores), dim=0))
        rows.append(torch.stack(found).mean(0))
        total = total + rows[-1]
    return rows


@pytest.mark.parametrize("heads", [1, 2, 3])
@pytest.mark.parametrize("score", ["additive", "dot"])
@kinds
def test_weights_are_those_of_the_formula(kind: str, score: str, heads: int) -> None:
    layer = build_layer(SIZE, SIZE, score=score, coverage=kind, heads=heads)
    query, memory = vectors(1, 3, STEPS, SIZE), vectors(2, 3, 5, SIZE)
    weights, _ = walk(layer, query, memory, mask_of(LENGTHS))
    for b, length in enumerate(LENGTHS):
        expected = by_hand(layer, kind, query[b], memory[b, :length], heads, score == "additive")
        torch.testing.assert_close(weights[b, :, :length], torch.stack(expected), **EXACT)
        assert (weights[b, :, length:] == 0).all()


@pytest.mark.parametrize("normalizer", ["softmax", "sparsemax"])
@kinds
def test_history_sums_the_weights_that_are_returned(kind: str, normalizer: str) -> None:
    layer = build_layer(SIZE, SIZE, score="general", coverage=kind, heads=2, normalizer=normalizer)
    weights, histories = walk(layer, vectors(1, 3, STEPS, SIZE), vectors(2, 3, 5, SIZE), mask_of(LENGTHS))
    for step, history in enumerate(histories):
        assert history.total is not None
        torch.testing.assert_close(history.total[:, 0], weights[:, : step + 1].sum(1), **EXACT)


@pytest.mark.parametrize("score", ["additive", "concat", "location_aware"])
@kinds
def test_energies_read_coverage_themselves(kind: str, score: str) -> None:
    layer = build_layer(SIZE, SIZE, score=score, coverage=kind)
    assert layer.coverage is not None
    assert layer.coverage.weight is None
    feature = layer.get_parameter("score.feature.weight")
    assert feature.shape == (SIZE, 11 if score == "location_aware" else 1)


@pytest.mark.parametrize("score", ["general", "euclidean", "location"])
def test_coverage_starts_without_influence(score: str) -> None:
    layer = build_attention(AttentionSettings(score, coverage="sum"), SIZE, SIZE)
    assert isinstance(layer, Attention)
    assert layer.coverage is not None
    assert layer.coverage.weight is not None
    assert not layer.coverage.weight.any()


@kinds
@pytest.mark.parametrize("score", ["additive", "dot", "location_aware"])
@pytest.mark.parametrize("wiring", DECODERS)
def test_each_hypothesis_of_a_beam_has_its_own_coverage(wiring: str, score: str, kind: str) -> None:
    attention = {"score": score, "coverage": kind, "heads": 2}
    model = tiny_model(3, decoder_layers=2, attention=attention, **DECODERS[wiring])
    with torch.no_grad():
        model.output.linear.weight.mul_(0.3)  # flat enough that hypotheses part early
        model.output.linear.bias.zero_()[TARGET.eos_id] = 1.0
    batch = random_batch([5, 2, 4])
    results = beam_search(model, batch, TARGET, SearchOptions(beam_size=4, n_best=4, max_length=6))
    fed = [[found.tokens[:-1] for found in hypotheses] for hypotheses in results]
    pairs = [pair for beam in fed for pair in combinations(beam, 2)]
    assert any(a[:n] != b[:n] for a, b in pairs for n in [min(len(a), len(b))]), "no hypotheses part"
    for rank in range(4):
        column = [hypotheses[rank] for hypotheses in results]
        width = max(len(found.tokens) for found in column)
        target = torch.tensor([found.tokens + [TARGET.pad_id] * (width - len(found.tokens)) for found in column])
        forced = forced_decode(model, batch, target, TARGET)
        for row, found in enumerate(column):
            steps, source = found.weights.shape
            torch.testing.assert_close(found.weights, forced.weights[row, :steps, :source], rtol=0, atol=1e-9)
            assert found.log_prob == pytest.approx(float(forced.log_probs[row, :steps].sum()), abs=1e-9)
