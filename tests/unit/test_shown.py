"""The parts that show a run: chosen sentences, tables, the warning about attention, extras that may fail."""

import logging
import warnings
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmt.data.text import ParallelText
from nmt.training.harmless import Harmless
from nmt.training.loggers import markdown_table
from nmt.training.samples import is_kept, sample_text, spread
from nmt.training.validation import AttentionWarning, Validation, summary
from nmt.translation.card import figures_table


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 12))
def test_sentences_are_spread_over_lengths(lengths: list[int], count: int) -> None:
    chosen = spread(lengths, count)
    full = [length for length in lengths if length]
    assert len(chosen) == len(set(chosen)) == min(count, len(full))
    found = [lengths[index] for index in chosen]
    assert found == sorted(found)
    assert 0 not in found
    if len(chosen) % 2 and len(full) % 2:
        assert found[len(found) // 2] == sorted(full)[len(full) // 2]  # the median


def test_long_runs_leave_a_bounded_number_of_pictures() -> None:
    assert all(is_kept(ordinal) for ordinal in range(100))
    assert sum(is_kept(ordinal) for ordinal in range(200)) == 150
    assert sum(is_kept(ordinal) for ordinal in range(10_000)) < 450


def test_table_shows_texts_as_they_are() -> None:
    table = markdown_table(("source", "translation"), [("a | b", "<s> *x* `y`\nz")])
    lines = table.splitlines()
    assert lines[:2] == ["| source | translation |", "| --- | --- |"]
    assert lines[2] == "| a &#124; b | &lt;s> &#42;x&#42; &#96;y&#96; z |"


def test_samples_are_paragraphs() -> None:
    assert sample_text("head", [("a", "b", "c"), ("d", "e", "")]) == (
        "head\n\nsource       a\nreference    b\ntranslation  c\n\nsource       d\nreference    e\ntranslation  \n"
    )


def test_figures_stand_beside_each_other() -> None:
    table = figures_table({"valid/bleu": 38.6612, "valid/loss": 1.5, "test/bleu": 0.0, "steps": 7})
    assert table[0] == "| | valid | test |"
    assert "| BLEU | 38.66 | 0.000 |" in table
    assert "| loss, nats a token | 1.500 |  |" in table
    assert not figures_table({"steps": 7})


FIGURES = {f"valid/{name}": 0.5 for name in ("bleu", "chrf", "exact_match", "loss", "attention_entropy")}


def warned(caplog: pytest.LogCaptureFixture, steps: list[tuple[float, float, float]]) -> list[str]:
    """Returns the warnings of validations with (learning rate, relative entropy, weight on the end)."""
    callback = AttentionWarning()
    for number, (rate, entropy, end) in enumerate(steps):
        trainer = SimpleNamespace(optimizers=[SimpleNamespace(param_groups=[{"lr": rate}])])
        figures = {"valid/attention_relative_entropy": entropy, "valid/attention_end_weight": end}
        callback.on_translated(cast(Any, trainer), Validation(number, ParallelText([], []), [], figures))
        fresh = AttentionWarning()  # as after a resumption
        fresh.load_state_dict(callback.state_dict())
        callback = fresh
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_model_that_attends_is_left_in_peace(caplog: pytest.LogCaptureFixture) -> None:
    assert warned(caplog, [(0.1, 0.99, 0.1), (0.1, 0.5, 0.1), (0.1, 0.89, 0.59)]) == []


def test_first_validation_and_warm_up_are_not_judged(caplog: pytest.LogCaptureFixture) -> None:
    assert warned(caplog, [(0.1, 0.99, 0.1)]) == []
    assert warned(caplog, [(0.1, 0.99, 0.1), (0.2, 0.99, 0.1), (0.3, 0.99, 0.1)]) == []


def test_uniform_attention_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    (message,) = warned(caplog, [(0.1, 0.99, 0.1), (0.1, 0.95, 0.1), (0.05, 0.95, 0.1)])
    assert "almost uniform: entropy 0.95" in message
    assert "model.attention.score=" in message
    assert "\n" not in message


def test_attention_on_the_end_is_said(caplog: pytest.LogCaptureFixture) -> None:
    (message,) = warned(caplog, [(0.1, 0.2, 0.7), (0.1, 0.2, 0.7)])
    assert "0.70 of its weight lies on </s>" in message


def test_summary_is_a_line() -> None:
    known = FIGURES | {f"valid/attention_{name}": 0.5 for name in ("relative_entropy", "end_weight", "coverage")}
    assert "(0.50 of uniform)" in summary(250, known)
    assert "attention" not in summary(250, {name: value for name, value in FIGURES.items() if "att" not in name})


def test_failure_of_an_extra_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    harmless = Harmless("the picture")
    for _ in range(3):
        with harmless():
            raise OSError("no space\nleft")
    assert [record.getMessage() for record in caplog.records] == [
        "the picture: cannot be written, training goes on: OSError: no space left"
    ]


def test_warning_of_an_extra_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with Harmless("the picture")():
        warnings.warn("no font", UserWarning, stacklevel=1)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert [record.getMessage() for record in caplog.records] == ["the picture: no font"]


def test_interruption_is_no_failure() -> None:
    with pytest.raises(KeyboardInterrupt), Harmless("the picture")():
        raise KeyboardInterrupt
