"""What stands around a score: heads, temperature, dropout; and what there is without one."""

from typing import Any

import pytest
import torch

from nmt.config import AttentionSettings, SettingsError
from nmt.modules.attention import SCORES, NoAttention, build_attention
from nmt.modules.attention.normalizers import NORMALIZERS
from tests.unit.attention.asking import attend, build_layer, mask_of, vectors
from tests.unit.models import random_batch, random_ids, tiny_model

LENGTHS, TARGET, SIZE = (5, 1, 3), 4, 6
MASK = mask_of(LENGTHS)
QUERY, MEMORY = vectors(1, 3, TARGET, SIZE), vectors(2, 3, 5, SIZE)
EXACT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}
normalizers = pytest.mark.parametrize("normalizer", NORMALIZERS)


@normalizers
@pytest.mark.parametrize(("query_size", "memory_size", "heads"), [(6, 6, 2), (6, 6, 6), (4, 10, 2)])
def test_heads_are_attentions_side_by_side(query_size: int, memory_size: int, heads: int, normalizer: str) -> None:
    layer = build_layer(query_size, memory_size, score="general", heads=heads, normalizer=normalizer)
    p = {name: one.detach() for name, one in layer.named_parameters()}
    query, memory = vectors(1, 3, TARGET, query_size), vectors(2, 3, 5, memory_size)
    found = attend(layer, query, memory, MASK)
    for b, length in enumerate(LENGTHS):
        for t in range(TARGET):
            rows, contexts = [], []
            for head in range(heads):
                own = slice(head * query_size // heads, (head + 1) * query_size // heads)
                part = slice(head * memory_size // heads, (head + 1) * memory_size // heads)
                keys = memory[b, :length] @ p["heads.key.weight"][part].T @ p[f"score.{head}.key.weight"].T
                scores = keys @ (p["heads.query.weight"][own] @ query[b, t])
                rows.append(NORMALIZERS[normalizer](scores[None], torch.ones(1, length, dtype=torch.bool))[0])
                contexts.append(rows[-1] @ memory[b, :length] @ p["heads.value.weight"][part].T)
            torch.testing.assert_close(found.weights[b, t, :length], torch.stack(rows).mean(0), **EXACT)
            torch.testing.assert_close(found.context[b, t], torch.cat(contexts), **EXACT)


@pytest.mark.parametrize("score", sorted(SCORES))
def test_heads_of_every_score_ignore_padding(score: str) -> None:
    layer = build_layer(SIZE, SIZE, score=score, heads=3)
    context, weights = attend(layer, QUERY, MEMORY, MASK)
    noise = torch.where(MASK[:, :, None], MEMORY, 1e3)
    assert context.shape == (3, TARGET, SIZE)
    assert (weights.masked_select(~MASK[:, None]) == 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, TARGET).double(), **EXACT)
    torch.testing.assert_close(attend(layer, QUERY, noise, MASK).context, context, **EXACT)


@pytest.mark.parametrize(("heads", "named"), [(4, "decoder_size"), (5, "decoder_size"), (6, "encoder_size")])
def test_heads_that_do_not_divide_are_refused(heads: int, named: str) -> None:
    line = rf"^model\.attention\.heads={heads} does not divide the \d+ of [^\n]*{named}[^\n]*$"
    with pytest.raises(SettingsError, match=line):
        build_attention(AttentionSettings("general", heads=heads), 6, 10)


@normalizers
def test_temperature_divides_scores(normalizer: str) -> None:
    plain = build_layer(SIZE, SIZE, score="general", normalizer=normalizer)
    warm = build_layer(SIZE, SIZE, score="general", normalizer=normalizer, temperature=2.5)
    found = attend(warm, QUERY, MEMORY, MASK).weights
    for b, length in enumerate(LENGTHS):
        scores = QUERY[b] @ plain.get_parameter("score.key.weight").detach() @ MEMORY[b, :length].T / 2.5
        expected = NORMALIZERS[normalizer](scores, torch.ones(1, length, dtype=torch.bool))
        torch.testing.assert_close(found[b, :, :length], expected, **EXACT)
    torch.testing.assert_close(attend(plain, QUERY, MEMORY, MASK, temperature=2.5).weights, found, **EXACT)
    at_call = attend(warm, QUERY, MEMORY, MASK, temperature=1.0).weights
    torch.testing.assert_close(at_call, attend(plain, QUERY, MEMORY, MASK).weights, **EXACT)


def test_temperature_leaves_the_gaussian_of_a_window_alone() -> None:
    cold, warm = (
        build_layer(SIZE, SIZE, score="uniform", window="local_p", window_size=3, temperature=value)
        for value in (0.1, 10.0)
    )
    torch.testing.assert_close(
        attend(cold, QUERY, MEMORY, MASK).weights, attend(warm, QUERY, MEMORY, MASK).weights, **EXACT
    )


def test_temperature_of_a_call_reaches_the_attention_of_a_model() -> None:
    settings: dict[str, Any] = {"score": "general", "temperature": 0.5}
    batch, targets = random_batch([4, 2]), random_ids(7, 2, 3)
    own, other = tiny_model(attention=settings), tiny_model(attention={"score": "general"})
    torch.testing.assert_close(own(*batch, targets).weights, other(*batch, targets, 0.5).weights, **EXACT)
    flat = other(*batch, targets, 1e3).weights
    torch.testing.assert_close(flat[0], torch.full((3, 4), 0.25).double(), rtol=0, atol=1e-2)
    source, state = other.start(*batch, 0.5)
    _, first, _ = other.step(targets[:, :1], source, state)
    torch.testing.assert_close(first, own(*batch, targets).weights[:, :1], **EXACT)


@pytest.mark.parametrize("window", [None, "local_m"])
@pytest.mark.parametrize("heads", [1, 2])
def test_dropout_takes_from_contexts_alone(heads: int, window: str | None) -> None:
    settings: dict[str, Any] = {"score": "general", "heads": heads, "window": window}
    layer, still = build_layer(SIZE, SIZE, dropout=0.5, **settings), build_layer(SIZE, SIZE, **settings)
    whole = attend(still, QUERY, MEMORY, MASK)
    for got, wanted in zip(attend(layer.eval(), QUERY, MEMORY, MASK), whole, strict=True):
        assert torch.equal(got, wanted)
    layer.train()
    torch.manual_seed(1)
    contexts = []
    for _ in range(500):
        context, weights = attend(layer, QUERY, MEMORY, MASK)
        assert torch.equal(weights, whole.weights)
        contexts.append(context)
    assert not torch.equal(contexts[0], contexts[1])
    torch.testing.assert_close(torch.stack(contexts).mean(0), whole.context, rtol=0, atol=0.4)
    one = torch.stack(contexts)[:, 1]  # a source of a single token: its weight is kept, doubled, or not at all
    if heads == 1:
        assert all(torch.equal(row, 0 * row) or torch.allclose(row, 2 * whole.context[1, 0]) for row in one[:50, 0])


@pytest.mark.parametrize("heads", [1, 2])
@normalizers
def test_uniform_weights_are_one_over_the_length(normalizer: str, heads: int) -> None:
    layer = build_layer(SIZE, SIZE, score="uniform", normalizer=normalizer, heads=heads)
    context, weights = attend(layer, QUERY, MEMORY, MASK)
    for b, length in enumerate(LENGTHS):
        torch.testing.assert_close(
            weights[b, :, :length], torch.full((TARGET, length), 1 / length, dtype=torch.float64), **EXACT
        )
        if heads == 1:
            torch.testing.assert_close(context[b], MEMORY[b, :length].mean(0).expand(TARGET, -1), **EXACT)


class TestNone:
    def test_contexts_have_no_width_and_weights_say_nothing(self) -> None:
        layer = build_attention(AttentionSettings("none"), SIZE, SIZE)
        assert isinstance(layer, NoAttention)
        assert not layer.aligns
        assert not layer.needs_history
        assert list(layer.parameters()) == []
        context, weights = attend(layer, QUERY, MEMORY, MASK)
        assert context.shape == (3, TARGET, 0)
        assert weights.shape == (3, TARGET, 5)
        assert not weights.any()

    def test_model_does_not_align(self) -> None:
        assert not tiny_model(attention={"score": "none"}).aligns
        assert tiny_model(attention={"score": "uniform"}).aligns

    def test_bridge_zero_would_tell_nothing_of_the_source(self) -> None:
        with pytest.raises(SettingsError, match=r"^model\.bridge=zero with .*score=none.*use model\.bridge=dense$"):
            tiny_model(attention={"score": "none"}, bridge="zero")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("options", {"size": 3}),
            ("heads", 2),
            ("normalizer", "sparsemax"),
            ("temperature", 0.5),
            ("dropout", 0.1),
            ("window", "local_m"),
            ("coverage", "sum"),
        ],
    )
    def test_nothing_stands_around_it(self, name: str, value: object) -> None:
        with pytest.raises(SettingsError, match=rf"^model\.attention\.{name}=.* does not attend$"):
            AttentionSettings(**{"score": "none", name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("normalizer", "sofmax"),
        ("window", "local"),
        ("coverage", "all"),
        ("heads", 0),
        ("window_size", 0),
        ("temperature", 0.0),
        ("temperature", -1.0),
        ("temperature", float("nan")),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("dropout", float("nan")),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=rf"^model\.attention\.{name}=\S+ is [^\n]+$"):
        AttentionSettings(**{name: value})  # type: ignore[arg-type]


def test_uniform_with_coverage_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^model\.attention\.coverage: score 'uniform'[^\n]+$"):
        tiny_model(attention={"score": "uniform", "coverage": "sum"})
