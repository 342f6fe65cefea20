"""Agreement with gold links: AER = 1 - (|A & S| + |A & P|) / (|A| + |S|)   (Och & Ney 2003)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.alignment import Agreement, agreement, segment_accuracy

Links = set[tuple[int, int]]


def test_worked_example() -> None:
    links = {(0, 0), (1, 1), (2, 3), (3, 3)}
    sure, possible = {(0, 0), (1, 1), (2, 2)}, {(2, 3)}
    found = agreement([links], [sure], [possible])
    # |A| = 4, |S| = 3, |A & S| = 2, |A & P| = 3 with P = S and (2, 3).
    assert found == Agreement(links=4, sure=3, in_sure=2, in_possible=3)
    assert found.error_rate == pytest.approx(1 - 5 / 7)
    assert found.precision == pytest.approx(3 / 4)
    assert found.recall == pytest.approx(2 / 3)


def test_sentences_are_summed_before_they_are_divided() -> None:
    links: list[Links] = [{(0, 0)}, {(0, 0), (1, 1), (2, 2)}, set()]
    sure: list[Links] = [{(0, 1)}, {(0, 0), (1, 1), (2, 2)}, {(4, 4)}]
    found = agreement(links, sure, [set()] * 3)
    assert found.error_rate == pytest.approx(1 - (3 + 3) / (4 + 5))  # not the mean of 1, 0 and 1


def test_sure_links_count_as_possible() -> None:
    sure, extra = {(0, 0), (1, 1)}, {(2, 2)}
    assert agreement([sure], [sure], [extra]) == agreement([sure], [sure], [sure | extra])


def test_extremes() -> None:
    gold, other = {(0, 0), (1, 1)}, {(0, 1), (1, 0)}
    assert agreement([gold], [gold], [gold]).error_rate == 0
    assert agreement([other], [gold], [gold]).error_rate == 1
    assert agreement([set()], [gold], [gold]).error_rate == 1
    assert agreement([gold], [set()], [gold]).error_rate == 0
    assert agreement([gold], [set()], [set()]).error_rate == 1


def test_nothing_to_link_and_nothing_linked_is_no_error() -> None:
    empty = agreement([], [], [])
    assert (empty.error_rate, empty.precision, empty.recall) == (0, 1, 1)
    assert agreement([set()], [set()], [{(0, 0)}]).error_rate == 0


def test_possible_links_cost_nothing_when_missed() -> None:
    sure, possible = {(0, 0)}, {(1, 1), (2, 2)}
    assert agreement([sure], [sure], [possible]).error_rate == 0
    assert agreement([sure | {(1, 1)}], [sure], [possible]).error_rate == 0


def test_f1_is_the_harmonic_mean() -> None:
    found = agreement([{(0, 0), (1, 1), (2, 3), (3, 3)}], [{(0, 0), (1, 1), (2, 2)}], [{(2, 3)}])
    assert found.f1 == pytest.approx(2 * (3 / 4) * (2 / 3) / (3 / 4 + 2 / 3))
    assert agreement([{(0, 1)}], [{(0, 0)}], [set()]).f1 == 0


def test_repeated_links_count_once() -> None:
    assert agreement([[(0, 0), (0, 0)]], [[(0, 0)]], [[]]) == Agreement(1, 1, 1, 1)


def test_unequal_numbers_of_sentences_are_refused() -> None:
    with pytest.raises(ValueError):
        agreement([{(0, 0)}], [{(0, 0)}], [])


LINKS = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)))


@settings(deadline=None)
@given(sentences=st.lists(st.tuples(LINKS, LINKS, LINKS), min_size=1, max_size=4))
def test_error_rate_equals_the_formula_on_grids(sentences: list[tuple[Links, Links, Links]]) -> None:
    grids = np.zeros((3, len(sentences), 4, 4), bool)
    for row, parts in enumerate(sentences):
        for kind, links in enumerate(parts):
            for source, target in links:
                grids[kind, row, source, target] = True
    a, s, p = grids[0], grids[1], grids[1] | grids[2]
    total = a.sum() + s.sum()
    expected = 1 - ((a & s).sum() + (a & p).sum()) / total if total else 0.0
    found = agreement(*(list(part) for part in zip(*sentences, strict=True)))
    assert found.error_rate == pytest.approx(expected)
    assert 0 <= found.error_rate <= 1


class TestSegments:
    def test_share_of_links_inside_one_segment(self) -> None:
        segments = [((0, 1), (0,)), ((2,), (1, 2))]
        links = [(0, 0), (1, 0), (2, 2), (2, 0), (1, 1)]  # the last two lead from one segment to the other
        assert segment_accuracy([links], [segments]) == pytest.approx(3 / 5)

    def test_sentences_are_summed(self) -> None:
        one = [((0,), (0,))]
        assert segment_accuracy([[(0, 0)], [(0, 0), (0, 1), (1, 0)]], [one, one]) == pytest.approx(2 / 4)

    def test_no_link_is_no_error(self) -> None:
        assert segment_accuracy([[]], [[((0,), (0,))]]) == 1

    def test_unequal_numbers_of_sentences_are_refused(self) -> None:
        with pytest.raises(ValueError):
            segment_accuracy([[(0, 0)]], [])
