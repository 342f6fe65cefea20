"""Alignments: from weights over pieces to words and links, worked by hand."""

from typing import Any

import numpy as np
import pytest

from nmt.alignment import LEVELS, Alignment
from nmt.alignment.words import piece_words
from nmt.config import SettingsError

SOURCE, TARGET = "ab cd", "XY Z"


def alignment(matrix: list[list[float]], **changes: Any) -> Alignment:
    """Returns the alignment of `ab cd` in pieces a, b, cd with `XY Z` in pieces X, Y, Z."""
    parts: dict[str, Any] = {
        "source_tokens": ("▁a", "b", "▁cd", "</s>"),
        "target_tokens": ("▁X", "Y", "▁Z", "</s>"),
        "source_text": SOURCE,
        "target_text": TARGET,
        "source_spans": ((0, 1), (1, 2), (2, 5), (5, 5)),
        "target_spans": ((0, 1), (1, 2), (2, 4), (4, 4)),
    }
    return Alignment(np.array(matrix, np.float32), **{**parts, **changes})


MATRIX = [
    [0.5, 0.2, 0.2, 0.1],
    [0.1, 0.1, 0.6, 0.2],
    [0.1, 0.1, 0.2, 0.6],
    [0.3, 0.4, 0.1, 0.2],
]


class TestWords:
    def test_sums_over_source_pieces_means_over_target_pieces(self) -> None:
        words = alignment(MATRIX).words()
        # XY: pieces (.5+.2, .2) and (.1+.1, .6), their mean (.45, .4) over .85; Z: (.2, .2) over .4.
        expected = np.array([[0.45 / 0.85, 0.4 / 0.85], [0.5, 0.5]])
        np.testing.assert_allclose(words.matrix, expected, atol=1e-6)
        assert words.matrix.dtype == np.float32
        assert (words.source_tokens, words.target_tokens) == (("ab", "cd"), ("XY", "Z"))
        assert (words.source_spans, words.target_spans) == (((0, 2), (3, 5)), ((0, 2), (3, 4)))
        assert words.level == "word"

    def test_shift_reads_the_next_row_and_the_end_marks_for_the_last(self) -> None:
        expected = [[(0.2 + 0.2) / 2 / 0.6, (0.6 + 0.2) / 2 / 0.6], [0.7 / 0.8, 0.1 / 0.8]]
        np.testing.assert_allclose(alignment(MATRIX, shift=1).words().matrix, expected, atol=1e-6)
        np.testing.assert_allclose(alignment(MATRIX).words(shift=1).matrix, expected, atol=1e-6)

    def test_shift_can_be_overridden_and_never_moves_the_matrix(self) -> None:
        shifted = alignment(MATRIX, shift=1)
        np.testing.assert_array_equal(shifted.matrix, np.array(MATRIX, np.float32))
        np.testing.assert_array_equal(shifted.words(shift=0).matrix, alignment(MATRIX).words().matrix)
        assert shifted.links(shift=0) == alignment(MATRIX).links()

    def test_row_that_gave_all_to_the_end_mark_stays_empty(self) -> None:
        matrix = [[0, 0, 0, 1.0], [0, 0, 0, 1.0], *MATRIX[2:]]
        np.testing.assert_allclose(alignment(matrix).words().matrix, np.array([[0, 0], [0.5, 0.5]]), atol=1e-6)

    def test_rows_sum_to_one_for_random_weights(self) -> None:
        matrix = np.random.default_rng(1).dirichlet(np.ones(4), 4)
        np.testing.assert_allclose(alignment(matrix.tolist()).words().matrix.sum(1), 1, atol=1e-6)

    def test_words_of_words_are_the_same(self) -> None:
        words = alignment(MATRIX).words()
        assert words.words() is words


class TestLinks:
    def test_each_piece_takes_its_largest_weight_unless_that_is_the_end_mark(self) -> None:
        assert alignment(MATRIX).links("piece") == [(0, 0), (2, 1)]  # the row of Z has its maximum at the end mark

    def test_words_are_linked_if_any_of_their_pieces_are(self) -> None:
        assert alignment(MATRIX).links() == [(0, 0), (1, 0)]

    def test_words_are_linked_once(self) -> None:
        assert alignment([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 1.0, 0], MATRIX[3]]).links() == [(0, 0), (1, 1)]

    def test_argmax_is_that_of_pieces_not_of_words(self) -> None:
        row = [0.35, 0.25, 0.4, 0.0]  # the word ab has more weight than cd, but cd is the largest piece
        found = alignment([row, row, row, row])
        assert found.links() == [(1, 0), (1, 1)]
        assert found.words().matrix.argmax(1).tolist() == [0, 0]

    def test_shift(self) -> None:
        assert alignment(MATRIX, shift=1).links("piece") == [(1, 2), (2, 0)]
        assert alignment(MATRIX).links(shift=1) == [(0, 1), (1, 0)]

    def test_links_are_sorted_by_source(self) -> None:
        crossing = [[0, 0, 1.0, 0], [0, 0, 1.0, 0], [1.0, 0, 0, 0], [0, 0, 0, 1.0]]
        assert alignment(crossing).links() == [(0, 1), (1, 0)]

    def test_alignment_of_words_keeps_the_links_of_its_pieces(self) -> None:
        assert alignment(MATRIX, shift=1).words().links() == alignment(MATRIX, shift=1).links()

    def test_alignment_of_words_has_none_between_pieces(self) -> None:
        with pytest.raises(SettingsError, match="pieces"):
            alignment(MATRIX).words().links("piece")

    def test_pharaoh(self) -> None:
        assert alignment(MATRIX).to_pharaoh() == "0-0 1-0"
        assert alignment(MATRIX).to_pharaoh("piece") == "0-0 2-1"
        assert alignment(MATRIX).to_pharaoh(shift=1) == "0-1 1-0"
        assert alignment(MATRIX).words().to_pharaoh() == "0-0 1-0"

    def test_pharaoh_without_links_is_empty(self) -> None:
        assert alignment([[0, 0, 0, 1.0]] * 4).to_pharaoh() == ""

    @pytest.mark.parametrize("ask", [Alignment.links, Alignment.to_pharaoh, Alignment.at])
    def test_unknown_level_is_refused_with_the_nearest(self, ask: Any) -> None:
        for found in (alignment(MATRIX), alignment(MATRIX).words()):
            with pytest.raises(SettingsError, match="level=words is not known; did you mean 'word'"):
                ask(found, "words")


def test_at_gives_each_level() -> None:
    found = alignment(MATRIX)
    assert [found.at(level).level for level in LEVELS] == ["word", "piece"]
    assert found.at("piece") is found


class TestSpaces:
    """Pieces and white-space words do not always begin together."""

    def test_lone_word_marks_belong_to_the_word_that_follows(self) -> None:
        found = alignment(
            [[0.1, 0.2, 0.3, 0.4], [0, 0.7, 0.3, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0]],
            source_tokens=("▁", "ab", "▁", "</s>"),
            source_text="ab ",
            source_spans=((0, 0), (0, 2), (2, 3), (3, 3)),
        )
        # The last mark has no word after it and belongs to the last one.
        np.testing.assert_allclose(found.words().matrix, [[1], [1]], atol=1e-6)
        assert found.links() == [(0, 0), (0, 1)]

    def test_double_and_outer_spaces_make_no_words(self) -> None:
        text = "  ab   cd "
        found = alignment(
            [[0, 0, 1.0, 0], [1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 0, 1.0]],
            source_text=text,
            source_spans=((2, 3), (3, 4), (4, 9), (10, 10)),
        )
        assert found.words().source_tokens == ("ab", "cd")
        assert found.links() == [(0, 0), (0, 1), (1, 0)]
        np.testing.assert_allclose(found.words().matrix, np.array([[0.5, 0.5], [1, 0]]), atol=1e-6)

    def test_mark_between_words_goes_with_the_second(self) -> None:
        eye = np.eye(4).tolist()
        found = alignment(eye, source_tokens=("▁ab", "▁", "cd", "</s>"), source_spans=((0, 2), (2, 3), (3, 5), (5, 5)))
        assert found.links() == [(0, 0), (1, 0), (1, 1)]

    def test_zero_width_parts_of_a_character_belong_to_its_word(self) -> None:
        found = alignment(
            np.eye(4).tolist(),
            source_tokens=("▁1⁄", "2", "▁ab", "</s>"),
            source_text="½ ab",
            source_spans=((0, 0), (0, 1), (1, 4), (4, 4)),
        )
        assert found.links() == [(0, 0), (1, 1)]

    @pytest.mark.parametrize(
        ("span", "word"),
        [
            ((0, 0), 0),
            ((0, 2), 0),
            ((0, 3), 0),
            ((2, 2), 0),
            ((3, 5), 0),
            ((5, 5), 1),  # of no width behind a word: the one that is next
            ((5, 7), 1),
            ((5, 8), 1),
            ((7, 7), 1),
            ((9, 10), 1),
            ((10, 10), 1),
        ],
    )
    def test_piece_belongs_to_the_word_of_its_first_character(self, span: tuple[int, int], word: int) -> None:
        assert piece_words("  abc  de ", [span]) == [word]

    @pytest.mark.parametrize("side", ["source", "target"])
    def test_side_without_words_has_no_links(self, side: str) -> None:
        changes = {
            f"{side}_tokens": ("▁", "▁", "▁", "</s>"),
            f"{side}_text": "",
            f"{side}_spans": ((0, 0), (0, 0), (0, 0), (0, 0)),
        }
        found = alignment(np.eye(4).tolist(), **changes)
        assert found.links() == []
        assert found.to_pharaoh() == ""
        assert found.words().matrix.size == 0
        assert found.words().links() == []


def test_empty_alignment_answers_everything() -> None:
    empty = Alignment.empty()
    assert empty.matrix.shape == (0, 0)
    for found in (empty, empty.words(), empty.at("word")):
        assert found.links() == []
        assert found.to_pharaoh() == ""
    assert empty.links("piece") == []
    assert empty.words().target_tokens == ()


def test_translation_of_no_pieces_has_no_links() -> None:
    only_end = alignment([[0.1, 0.2, 0.3, 0.4]], target_tokens=("</s>",), target_text="", target_spans=((0, 0),))
    for shift in (0, 1):
        assert only_end.links(shift=shift) == only_end.links("piece", shift=shift) == []
        assert only_end.words(shift=shift).matrix.shape == (0, 2)


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (4, 4, 1)])
def test_matrix_must_fit_its_tokens(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        alignment(np.zeros(shape).tolist())


@pytest.mark.parametrize("shift", [-1, 2])
def test_shift_is_zero_or_one(shift: int) -> None:
    with pytest.raises(SettingsError, match=f"shift={shift} is neither 0 nor 1"):
        alignment(MATRIX, shift=shift)
    for ask in (alignment(MATRIX).links, alignment(MATRIX).words):
        with pytest.raises(SettingsError, match=f"shift={shift}"):
            ask(shift=shift)
