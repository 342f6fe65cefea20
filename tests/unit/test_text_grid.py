"""Alignments as text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from nmt.alignment import Alignment
from nmt.visual.text import text_grid
from tests.unit.views import HOSTILE, weights

MATRIX = [[0.04, 0.96, 0.0], [0.3, 0.5, 0.2]]


def test_text_worked_by_hand() -> None:
    assert text_grid(MATRIX, ["the", "red", "dog"], ["le", "chien"], legend=False).split("\n") == [
        "      the",
        "      │ red",
        "      │ │ dog",
        "   le ··██··  0.96 red",
        "chien ▒▒▓▓░░  0.50 red",
    ]


def test_plain_text_is_ascii_but_for_labels() -> None:
    lines = text_grid(MATRIX, ["the", "red", "dog"], ["le", "chien"], plain=True).split("\n")
    assert lines[3:5] == ["   le ..@@..  0.96 red", "chien ++##::  0.50 red"]
    assert "\n".join(lines).isascii()


def test_wide_characters_take_two_cells_and_marks_none() -> None:
    lines = text_grid([[1.0, 0.0], [0.0, 1.0]], ["本", "e\u0301te\u0301"], ["日本語", "ha\u0300"], legend=False).split(
        "\n"
    )
    assert lines == [
        "       本",
        "       │ e\u0301te\u0301",
        "日本語 ██··  1.00 本",
        "    ha\u0300 ··██  1.00 e\u0301te\u0301",
    ]


def test_right_to_left_labels_do_not_turn_the_line() -> None:
    mark = "\N{LEFT-TO-RIGHT MARK}"
    assert text_grid([[1.0]], ["כלב"], ["dog"], legend=False).split("\n") == [
        f"    {mark}כלב{mark}",
        f"dog ██  1.00 {mark}כלב{mark}",
    ]


def test_a_wide_source_is_cut_into_blocks_that_show_each_weight_once() -> None:
    source, target = [f"s{i}" for i in range(70)], [f"t{i}" for i in range(70)]
    text = text_grid(np.eye(70), source, target, width=80, legend=False)
    assert max(map(cell_len, text.split("\n"))) <= 80
    assert [line.split()[-1] for line in text.split("\n") if "1.00" in line] == source
    assert [line.split()[0] for line in text.split("\n") if "1.00" in line] == target


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(30, 120))
def test_lines_keep_within_the_width(rows: int, columns: int, width: int) -> None:
    labels = ["x" * 99, "a", "日本語" * 9, "שלום"] * 8
    text = text_grid(
        weights(rows, columns) if columns else np.zeros((rows, 0)),
        labels[:columns],
        labels[:rows],
        width=width,
        legend=False,
    )
    # A narrow terminal has room for two labels of 24 cells, a weight and four columns.
    assert max(map(cell_len, text.split("\n"))) <= max(width, 24 + 1 + 8 + 7 + 24)


def test_hostile_labels_stay_in_their_lines() -> None:
    lines = text_grid(weights(10, 10), HOSTILE, HOSTILE, legend=False).split("\n")
    assert len(lines) == 20
    assert not {character for line in lines for character in line if ord(character) < 32}


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match=r"\(target, source\) = \(2, 1\)"):
        text_grid([[1.0]], ["a"], ["b", "c"])


def test_printing_an_alignment_prints_it() -> None:
    one = Alignment(np.eye(2, dtype=np.float32), ("a", "</s>"), ("b", "</s>"))
    assert str(one) == one.to_text() == text_grid(one.matrix, one.source_tokens, one.target_tokens)
