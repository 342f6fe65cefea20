"""Symmetrisation against an implementation on grids, written from the pseudo-code of Koehn, Och & Marcu 2003."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.alignment import SYMMETRIZATIONS, symmetrize
from nmt.config import SettingsError

Links = set[tuple[int, int]]
SIZE = 5
LINKS = st.sets(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=12)


Grid = npt.NDArray[np.bool_]
CELLS = [(target, source) for target in range(SIZE) for source in range(SIZE)]
STEPS = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))


def on_grids(forward: Links, backward: Links, method: str) -> list[tuple[int, int]]:
    """Loops over all cells of a grid, asking rows and columns each time whether a word is linked."""
    one, other = np.zeros((2, SIZE, SIZE), bool)
    for grid, links in ((one, forward), (other, backward)):
        for source, target in links:
            grid[target, source] = True
    found = one | other if method == "union" else one & other
    if method.startswith("grow"):
        before = -1
        while before != found.sum():
            before = int(found.sum())
            grow_once(found, one | other)
    for direction in (one, other) if "final" in method else ():
        for t, s in CELLS:
            free = not found[t].any(), not found[:, s].any()
            if direction[t, s] and (all(free) if method.endswith("and") else any(free)):
                found[t, s] = True
    return sorted((int(s), int(t)) for t, s in np.argwhere(found))


def grow_once(found: Grid, union: Grid) -> None:
    for t, s in CELLS:
        for ds, dt in STEPS if found[t, s] else ():
            a, b = s + ds, t + dt
            if (b, a) in CELLS and union[b, a] and not (found[b].any() and found[:, a].any()):
                found[b, a] = True


@pytest.mark.parametrize("method", SYMMETRIZATIONS)
@settings(deadline=None, max_examples=60)
@given(forward=LINKS, backward=LINKS)
def test_equals_the_grids(method: str, forward: Links, backward: Links) -> None:
    assert symmetrize(forward, backward, method) == on_grids(forward, backward, method)


@settings(deadline=None, max_examples=40)
@given(forward=LINKS, backward=LINKS)
def test_each_method_adds_to_the_one_before(forward: Links, backward: Links) -> None:
    found = {method: set(symmetrize(forward, backward, method)) for method in SYMMETRIZATIONS}
    assert found["intersection"] == forward & backward
    assert found["union"] == forward | backward
    assert found["intersection"] <= found["grow-diag"] <= found["grow-diag-final-and"] <= found["union"]
    assert found["grow-diag"] <= found["grow-diag-final"] <= found["union"]


# Worked by hand. Both agree on (0, 0) and (3, 3). Grown: (1, 0), beside (0, 0), for source word 1; then (1, 1), beside
# (1, 0), for target word 1; (2, 3), beside (3, 3), for source word 2. (5, 5) is far from all, and both of its words are
# free, so that either final step adds it; of (6, 3) only the source word is free.
FORWARD: Links = {(0, 0), (1, 0), (2, 3), (3, 3), (5, 5)}
BACKWARD: Links = {(0, 0), (1, 1), (3, 3), (6, 3)}


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("intersection", {(0, 0), (3, 3)}),
        ("union", FORWARD | BACKWARD),
        ("grow-diag", {(0, 0), (1, 0), (1, 1), (2, 3), (3, 3)}),
        ("grow-diag-final", {(0, 0), (1, 0), (1, 1), (2, 3), (3, 3), (5, 5), (6, 3)}),
        ("grow-diag-final-and", {(0, 0), (1, 0), (1, 1), (2, 3), (3, 3), (5, 5)}),
    ],
)
def test_worked_example(method: str, expected: Links) -> None:
    assert symmetrize(FORWARD, BACKWARD, method) == sorted(expected)


def test_empty_sides() -> None:
    for method in SYMMETRIZATIONS:
        assert symmetrize([], [], method) == []
    assert symmetrize([(0, 1), (0, 1)], [], "grow-diag") == []
    assert symmetrize([(0, 1), (0, 1)], []) == [(0, 1)]


def test_unknown_method_is_answered_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean 'grow-diag-final-and'"):
        symmetrize([], [], "grow-diag-final-an")
