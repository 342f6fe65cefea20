"""Attention health, worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nmt.alignment import AttentionHealth, attention_health


def health(*matrices: list[list[float]]) -> AttentionHealth:
    found = attention_health(np.array(matrix, np.float32) for matrix in matrices)
    assert found is not None
    return found


def test_uniform_weights() -> None:
    found = health([[0.25] * 4] * 3)
    assert found.entropy == pytest.approx(math.log(4))
    assert found.relative_entropy == pytest.approx(1)
    assert found.end_weight == pytest.approx(0.25)
    assert found.coverage == 1  # each of three source tokens gets 2 x 0.25 from the two tokens of the text


def test_each_token_from_its_own() -> None:
    found = health([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert vars(found) == {"entropy": 0, "relative_entropy": 0, "end_weight": 0, "coverage": 1}
    assert math.copysign(1, found.entropy) == 1


def test_all_weight_on_the_end() -> None:
    found = health([[0, 0, 1]] * 4)
    assert vars(found) == {"entropy": 0, "relative_entropy": 0, "end_weight": 1, "coverage": 0}


def test_row_that_emits_the_end_may_look_there() -> None:
    assert health([[0.9, 0.1], [0, 1]]).end_weight == pytest.approx(0.1)
    # What it looks at is not thereby translated: the second word gets 0.2 from the text, and 0.8 from the end.
    assert health([[0.8, 0.2, 0], [0, 0.8, 0.2]]).coverage == 0.5


def test_half_and_half() -> None:
    found = health([[0.5, 0.5, 0, 0], [0.5, 0, 0.5, 0], [0, 0, 0, 1]])
    assert found.entropy == pytest.approx(2 / 3 * math.log(2))
    assert found.relative_entropy == pytest.approx(2 / 3 / 2)
    assert found.coverage == 1


def test_figures_are_means_over_tokens_not_sentences() -> None:
    sure, uniform = [[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5]] * 6
    assert health(sure, uniform).relative_entropy == pytest.approx(6 / 8)
    assert health(sure, uniform).end_weight == pytest.approx(2.5 / 6)


def test_shortest_sentences_are_measured() -> None:
    assert health([[0.5, 0.5], [0.5, 0.5]]).relative_entropy == pytest.approx(1)  # one word and the end
    assert vars(health([[1.0]])) == {"entropy": 0, "relative_entropy": 0, "end_weight": 0, "coverage": 0}
    assert health([[0.5, 0.5]]).end_weight == 0  # a translation without a token
    assert health([[0.5, 0.5]]).coverage == 0


def test_empty_lines_do_not_count() -> None:
    assert attention_health([]) is None
    assert attention_health([np.zeros((0, 0), np.float32)]) is None
    one = np.array([[0.7, 0.3], [0.2, 0.8]], np.float32)
    assert attention_health([np.zeros((0, 0), np.float32), one]) == attention_health([one])


@given(arrays(np.float64, st.tuples(st.integers(1, 7), st.integers(1, 9)), elements=st.floats(0, 1)))
def test_figures_lie_in_their_bounds(weights: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    rows = weights + 1e-9
    found = attention_health([(rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)])
    assert found is not None
    assert 0 <= found.entropy <= math.log(rows.shape[1]) + 1e-5
    for share in (found.relative_entropy, found.end_weight, found.coverage):
        assert -1e-6 <= share <= 1 + 1e-5
