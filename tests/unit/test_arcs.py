"""Lines between two sentences."""

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch

from nmt.alignment import Alignment
from nmt.config import SettingsError
from nmt.visual.arcs import arcs, save_arcs
from tests.unit.views import HOSTILE, SOURCE, TARGET, weights


def lines(axes: Axes) -> dict[str, PathPatch]:
    return {str(patch.get_gid()): patch for patch in axes.patches if isinstance(patch, PathPatch)}


def places(axes: Axes) -> dict[str, tuple[float, float]]:
    return {text.get_text(): text.get_position() for text in axes.texts}


def test_lines_join_their_tokens_and_tell_the_weight() -> None:
    axes = arcs([[0.9, 0.1], [0.4, 0.6]], ["a", "b"], ["c", "d"], links=[(0, 0), (1, 1)])
    drawn, where = lines(axes), places(axes)
    assert drawn.keys() == {"0-0", "1-1"}
    for gid, (source, target) in {"0-0": ("a", "c"), "1-1": ("b", "d")}.items():
        ends = np.asarray(drawn[gid].get_path().vertices)[[0, -1]]
        np.testing.assert_allclose(ends[:, 0], [where[source][0], where[target][0]])
        assert where[source][1] < ends[0, 1] < ends[1, 1] < where[target][1], "between the rows; y runs down"
    assert drawn["0-0"].get_linewidth() > drawn["1-1"].get_linewidth()
    assert (drawn["0-0"].get_alpha() or 0) > (drawn["1-1"].get_alpha() or 0)


def test_without_links_all_noteworthy_weights_are_drawn() -> None:
    assert lines(arcs([[0.95, 0.05], [0.4, 0.6]], ["a", "b"], ["c", "d"])).keys() == {"0-0", "0-1", "1-1"}


def test_a_right_to_left_sentence_runs_right_to_left() -> None:
    where = places(arcs(weights(3, 3), ["אחד", "שתיים", "שלוש"], ["one", "two", "three"]))
    assert where["אחד"][0] > where["שתיים"][0] > where["שלוש"][0]
    assert where["one"][0] < where["two"][0] < where["three"][0]


@pytest.mark.parametrize(("count", "has_rows"), [(8, True), (60, False)])
def test_tokens_keep_apart(count: int, has_rows: bool) -> None:
    source, target = [f"source{i}" for i in range(count)], [f"goal{i}" for i in range(count)]
    axes = arcs(np.eye(count), source, target)
    figure = axes.figure
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call, arg-type]
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text() not in {"source", "target"}]
    assert len(boxes) == 2 * count
    assert not [1 for index, box in enumerate(boxes) for other in boxes[index + 1 :] if box.overlaps(other)]
    assert (len({round(box.y0) for box in boxes}) < 10) == has_rows
    assert figure.get_size_inches()[0] < 16  # type: ignore[union-attr]


def test_gold_links_lie_behind_and_are_explained() -> None:
    axes = arcs(weights(4, 5), SOURCE, TARGET, links=[(0, 1)], gold=[(0, 1)], possible=[(0, 1), (2, 2)])
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["sure gold", "possible gold"]
    assert [str(patch.get_gid()) for patch in axes.patches] == ["0-1", "2-2", "0-1"]


def test_given_axes_are_drawn_on() -> None:
    given = Figure(figsize=(2, 1)).add_subplot()
    assert arcs(weights(4, 5), SOURCE, TARGET, ax=given) is given
    sizes = [text.get_fontsize() for text in given.texts]
    assert max(map(float, sizes)) < 8, "text shrinks with the picture"


@pytest.mark.parametrize(("rows", "columns"), [(0, 5), (4, 0), (0, 0)])
def test_empty_sentences_are_drawn(rows: int, columns: int) -> None:
    assert not lines(arcs(np.zeros((rows, columns)), SOURCE[:columns], TARGET[:rows]))


def test_files_hold_labels_as_text_and_are_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        save_arcs(tmp_path / name, weights(10, 10), HOSTILE, HOSTILE, title="$\\frac{ <b>")
    texts = {element.text for element in ET.parse(tmp_path / "a.svg").iter("{http://www.w3.org/2000/svg}text")}
    assert {"$x_1$", "<script>alert(1)</script>", "a⏎b"} <= texts
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    save_arcs(tmp_path / "a.png", weights(4, 5), SOURCE, TARGET)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("wrong", [{"links": [(5, 0)]}, {"gold": [(0, 4)]}, {"possible": [(-1, 0)]}])
def test_links_outside_are_refused(wrong: dict[str, list[tuple[int, int]]]) -> None:
    with pytest.raises(ValueError, match=r"link -?\d-\d lies outside"):
        arcs(weights(4, 5), SOURCE, TARGET, **wrong)  # type: ignore[arg-type]


def test_an_alignment_draws_its_own_links(tmp_path: Path) -> None:
    matrix = np.array([[0.6, 0.4, 0], [0.1, 0.2, 0.7], [0, 0, 1]], np.float32)
    one = Alignment(matrix, ("a", "b", "</s>"), ("c", "d", "</s>"))
    assert lines(one.plot(kind="arcs")).keys() == {"0-0"}
    one.save(tmp_path / "arcs.svg", kind="arcs")
    one.save(tmp_path / "heatmap.svg")
    assert (tmp_path / "arcs.svg").read_bytes() != (tmp_path / "heatmap.svg").read_bytes()
    with pytest.raises(SettingsError, match="kind"):
        one.plot(kind="arc")
