"""Several alignments in one figure, and figures that show themselves."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nmt.visual.heatmap import heatmap, side_by_side
from nmt.visual.picture import Picture


def tick_labels(axes: Axes) -> tuple[list[str], list[str]]:
    return [t.get_text() for t in axes.get_xticklabels()], [t.get_text() for t in axes.get_yticklabels()]


def panel(rows: int, columns: int, seed: int = 0, *, word: str = "token") -> SimpleNamespace:
    """What has a matrix and labels, as an `nmt.Alignment` has."""
    raw = np.random.default_rng(seed).random((rows, columns), dtype=np.float32) ** 4
    source, target = ([f"{word}{index + seed}" for index in range(count)] for count in (columns, rows))
    return SimpleNamespace(matrix=raw / raw.sum(axis=1, keepdims=True), source_tokens=source, target_tokens=target)


def matrices(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.images]


def cell_sides(axes: Axes) -> tuple[float, float]:
    """Width and height of a cell in dots."""
    box, (rows, columns) = axes.get_window_extent(), np.shape(np.asarray(axes.images[0].get_array()))
    return box.width / columns, box.height / rows


def test_panels_share_scale_and_size_of_cells() -> None:
    shown = [panel(4, 5), panel(7, 5, 1), panel(2, 9, 2)]
    figure = side_by_side(shown, ["one", "two", "three"], gold=[[(0, 0)], [], [(8, 1)]])
    axes = matrices(figure)
    assert [one.get_title() for one in axes] == ["one", "two", "three"]
    for one, expected in zip(axes, shown, strict=True):
        np.testing.assert_array_equal(np.asarray(one.images[0].get_array()), expected.matrix)
        assert one.images[0].get_clim() == (0, 1)
        assert tick_labels(one) == (expected.source_tokens, expected.target_tokens)
    np.testing.assert_allclose([cell_sides(one) for one in axes], cell_sides(axes[0])[0], rtol=1e-6)
    assert [len(one.child_axes) for one in axes] == [0, 0, 1], "one colour bar, at the right"
    frames = [[c for c in one.collections if c.get_label() == "gold"] for one in axes]
    assert [[len(marks.get_paths()) for marks in found] for found in frames] == [[1], [], [1]]


def test_titles_above_narrow_panels_keep_apart() -> None:
    titles = ["decoder=conditional score=squared_euclidean seed=1", "seed=2", "decoder=bahdanau score=additive seed=10"]
    figure = side_by_side([panel(2, 1)] * 3, titles)
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    boxes = [axes.title.get_window_extent() for axes in matrices(figure)]
    assert boxes[0].x1 < boxes[1].x0
    assert boxes[1].x1 < boxes[2].x0


def test_rows_that_are_the_same_are_labelled_once() -> None:
    figure = side_by_side([panel(4, 5), panel(4, 6), panel(4, 5, 1)])
    assert [len(tick_labels(axes)[1]) for axes in matrices(figure)] == [4, 0, 4]
    assert [len(tick_labels(axes)[0]) for axes in matrices(figure)] == [5, 6, 5]


@pytest.mark.parametrize(
    ("count", "tokens", "word"), [(4, 1, "a"), (3, 5, "fünfundzwanzigste"), (3, 30, "on"), (2, 60, "w")]
)
def test_panels_keep_apart_and_stay_legible(count: int, tokens: int, word: str) -> None:
    titles = [f"the title of panel {number}, which is rather long" for number in range(count)]
    figure = side_by_side([panel(tokens, tokens, seed, word=word) for seed in range(count)], titles)
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    axes = matrices(figure)
    boxes = [box for one in axes for box in (one.get_window_extent(), one.title.get_window_extent())]
    assert not [1 for index, box in enumerate(boxes) for other in boxes[index + 1 :] if box.overlaps(other)]
    assert min(float(label.get_fontsize()) for one in axes for label in one.get_xticklabels()) >= 7
    assert figure.get_size_inches()[0] < 17


@pytest.mark.parametrize(
    ("count", "titles", "gold", "message"),
    [
        (0, [], None, "no alignment"),
        (1, ["a", "b"], None, "2 titles do not fit 1 alignments"),
        (2, [], [[]], "1 sets of gold links do not fit 2 alignments"),
        (1, [], [[(2, 0)]], "link 2-0 "),
    ],
)
def test_what_does_not_fit_together_is_refused(
    count: int, titles: list[str], gold: list[list[tuple[int, int]]] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        side_by_side([panel(2, 2)] * count, titles, gold=gold)


@pytest.mark.parametrize("shown", [heatmap([[1.0]], ["a"], ["b"]), side_by_side([panel(3, 3)])], ids=["axes", "figure"])
def test_a_picture_shows_itself_in_a_notebook(shown: Any) -> None:
    content, metadata = shown._repr_png_()
    assert content.startswith(b"\x89PNG")
    assert 0 < metadata["width"] < int.from_bytes(content[16:20], "big")
    assert heatmap([[1.0]], ["a"], ["b"], ax=Picture().add_subplot())
