from collections.abc import Iterator
from typing import Any

import pytest

from nmt.config import AttentionSettings, SettingsError
from nmt.modules.attention import SCORES, AttentionScore, build_score, register_score
from tests.unit.models import tiny_model


@pytest.fixture(autouse=True)
def unchanged_register() -> Iterator[None]:
    before = dict(SCORES)
    yield
    SCORES.clear()
    SCORES.update(before)


def error(score: str, options: dict[str, Any] | None = None, sizes: tuple[int, int] = (4, 4)) -> str:
    with pytest.raises(SettingsError) as caught:
        build_score(AttentionSettings(score, options), *sizes)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(("name", "near"), [("aditive", "additive"), ("cosin", "cosine"), ("scaleddot", "scaled_dot")])
def test_misspelt_score_is_answered_with_the_nearest(name: str, near: str) -> None:
    assert error(name) == f"model.attention.score={name} is not known; did you mean '{near}'?"


def test_score_that_is_near_to_none_is_answered_with_all() -> None:
    assert all(name in error("zzzzzz") for name in SCORES)


def test_misspelt_option_is_answered_with_the_nearest() -> None:
    text = error("cosine", {"scal": 3.0})
    assert text.startswith("model.attention.options.scal:")
    assert text.endswith("did you mean 'scale'?")


@pytest.mark.parametrize("option", ["query_size", "memory_size", "self"])
def test_sizes_are_no_options(option: str) -> None:
    assert f"model.attention.options.{option}" in error("additive", {option: 3})


def test_option_of_a_score_without_options_is_refused() -> None:
    assert "it has none" in error("dot", {"scale": 2.0})


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 0.0},
        {"scale": 50.0},
        {"scale": -1.0},
        {"scale": 3.0, "max_scale": 2.0},
        {"scale": float("nan")},
        {"scale": 1.0, "max_scale": float("inf")},
    ],
)
def test_cosine_scale_lies_below_its_bound(options: dict[str, float]) -> None:
    text = error("cosine", options)
    assert "model.attention.options" in text
    assert f"scale={options['scale']}" in text


@pytest.mark.parametrize(("score", "options"), [("cosine", {"scale": "ten"}), ("additive", {"size": "wide"})])
def test_option_of_another_type_is_a_settings_error(score: str, options: dict[str, Any]) -> None:
    assert "model.attention.options" in error(score, options)


@pytest.mark.parametrize("size", [0, -3, 2.5, True])
def test_additive_size_that_cannot_be_is_a_settings_error(size: float) -> None:
    assert "model.attention.options" in error("additive", {"size": size})


@pytest.mark.parametrize("score", ["dot", "scaled_dot"])
def test_unequal_sizes_are_refused_with_the_remedy(score: str) -> None:
    text = error(score, sizes=(4, 6))
    for part in ("4", "6", "model.decoder_size", "model.encoder_size", "model.attention.score=general"):
        assert part in text
    with pytest.raises(SettingsError, match=r"model\.decoder_size"):
        tiny_model(attention={"score": score}, encoder_size=3, decoder_size=5)


def test_score_is_known_once_registered() -> None:
    @register_score("toy")
    class Toy(AttentionScore):
        def __init__(self, query_size: int, memory_size: int, *, power: float = 1.0) -> None:
            super().__init__()
            self.power = power

    found = build_score(AttentionSettings("toy", {"power": 3.0}), 4, 4)
    assert isinstance(found, Toy)
    assert found.power == 3.0
    assert "did you mean 'power'?" in error("toy", {"powr": 2.0})


def test_name_cannot_be_taken_twice() -> None:
    taken = SCORES["cosine"]
    with pytest.raises(ValueError, match="'cosine' exists already: CosineScore"):
        register_score("cosine")(type("Other", (AttentionScore,), {}))
    assert SCORES["cosine"] is taken
    assert register_score("cosine")(taken) is taken
