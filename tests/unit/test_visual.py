import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure

from nmt.visual.heatmap import heatmap, save_heatmap
from nmt.visual.labels import shorten, visible
from nmt.visual.views import AlignmentView
from tests.unit.views import HOSTILE, SOURCE, TARGET, view, weights


def tick_labels(axes: Axes) -> tuple[list[str], list[str]]:
    return [t.get_text() for t in axes.get_xticklabels()], [t.get_text() for t in axes.get_yticklabels()]


def test_importing_the_package_loads_no_matplotlib() -> None:
    code = "import sys, nmt.visual, nmt.visual.html, nmt.visual.text; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_source_is_on_x_and_target_on_y() -> None:
    axes = heatmap(weights(4, 5), SOURCE, TARGET, title="a title")
    assert tick_labels(axes) == (list(SOURCE), list(TARGET))
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("source", "target", "a title")
    (image,) = axes.images
    np.testing.assert_array_equal(np.asarray(image.get_array()), weights(4, 5))
    assert image.get_clim() == (0, 1)
    top, bottom = axes.get_ylim()[::-1]
    assert top < bottom, "the first target token is at the top"


def test_color_bar_is_labelled() -> None:
    axes = heatmap(weights(4, 5), SOURCE, TARGET)
    (bar,) = axes.child_axes
    assert bar.get_ylabel() == "weight"


def test_draws_on_given_axes_and_leaves_pyplot_alone() -> None:
    given = Figure().add_subplot()
    assert heatmap(weights(4, 5), SOURCE, TARGET, ax=given) is given
    code = (
        "from nmt.visual.heatmap import heatmap; import sys; heatmap([[1.0]], ['a'], ['b']);"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_gold_links_are_framed_at_source_then_target() -> None:
    axes = heatmap(weights(4, 5), SOURCE, TARGET, gold=[(4, 3), (0, 1)])
    (marks,) = [c for c in axes.collections if isinstance(c, PatchCollection) and c.get_label() == "gold"]
    centres = [tuple(path.get_extents().get_points().mean(axis=0).round(6)) for path in marks.get_paths()]
    assert centres == [(0, 1), (4, 3)]
    assert len(marks.get_facecolor()) == 0, "hollow"


def test_numbers_stand_in_noteworthy_cells_of_small_matrices_only() -> None:
    axes = heatmap([[0.95, 0.05], [0.4, 0.6]], ["a", "b"], ["c", "d"])
    assert {(t.get_position(), t.get_text(), t.get_color()) for t in axes.texts} == {
        ((0, 0), "0.95", "white"),
        ((0, 1), "0.40", "black"),
        ((1, 1), "0.60", "black"),
    }
    assert not heatmap(weights(13, 13), list("abcdefghijklm"), list("abcdefghijklm")).texts


def test_long_sentences_keep_every_label_and_grow() -> None:
    labels = [f"token{i}" for i in range(80)]
    small, large = heatmap(weights(4, 5), SOURCE, TARGET), heatmap(weights(80, 80), labels, labels)
    assert tick_labels(large) == (labels, labels)
    sizes = [axes.get_figure(root=True).get_size_inches() for axes in (small, large)]  # type: ignore[union-attr]
    assert sizes[1].min() > 2 * sizes[0].max()
    assert min(float(label.get_fontsize()) for label in large.get_xticklabels()) >= 7


def test_labels_are_thinned_where_they_would_overlap() -> None:
    labels = [f"token{i}" for i in range(80)]
    axes = heatmap(weights(80, 80), labels, labels, ax=Figure(figsize=(3, 3)).add_subplot())
    x, y = tick_labels(axes)
    step = round(80 / len(x))
    assert step > 1
    assert x == y == labels[::step]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".PNG"])
def test_pictures_are_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    save_heatmap(path, weights(4, 5), SOURCE, TARGET, title="t", gold=[(0, 0)])
    content = path.read_bytes()
    assert 5_000 < len(content) < 200_000
    assert content.startswith(b"<?xml" if suffix == ".svg" else b"\x89PNG\r\n\x1a\n")


def test_svg_is_xml_with_its_labels_as_text_and_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        save_heatmap(tmp_path / name, weights(4, 5), SOURCE, TARGET, gold=[(1, 1)])
    content = (tmp_path / "a.svg").read_text(encoding="utf-8")
    texts = [element.text for element in ET.fromstring(content).iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:11] == [*SOURCE, "source", *TARGET, "target"]
    assert content == (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in content


@pytest.mark.parametrize("name", ["picture.pdf", "picture", ".png"])
def test_another_suffix_is_one_line_that_names_path_and_remedy(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError) as caught:
        save_heatmap(tmp_path / name, weights(4, 5), SOURCE, TARGET)
    message = str(caught.value)
    assert str(tmp_path / name) in message
    assert ".png" in message
    assert ".svg" in message
    assert "\n" not in message
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_hostile_labels_are_drawn_as_text(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"hostile{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_heatmap(path, weights(10, 10), HOSTILE, HOSTILE, title="$\\frac{ <b> \ud800")
    if suffix == ".svg":
        texts = {element.text for element in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")}
        assert {"$x_1$", "<script>alert(1)</script>", "שלום", "a⏎b", "$", "x" * 29 + "…"} <= texts
    else:
        assert path.stat().st_size > 5_000


@pytest.mark.parametrize(("rows", "columns"), [(0, 5), (4, 0), (0, 0)])
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_empty_matrices_are_drawn(tmp_path: Path, rows: int, columns: int, suffix: str) -> None:
    path = tmp_path / f"empty{suffix}"
    save_heatmap(path, np.zeros((rows, columns)), SOURCE[:columns], TARGET[:rows], title="empty")
    assert path.stat().st_size > 1_000
    axes = heatmap(np.zeros((rows, columns)), SOURCE[:columns], TARGET[:rows])
    assert tick_labels(axes) == (list(SOURCE[:columns]), list(TARGET[:rows]))


@pytest.mark.parametrize("shape", [(5, 4), (4, 4), (4,), (1, 4, 5)])
def test_a_matrix_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(target, source\) = \(4, 5\)"):
        heatmap(np.zeros(shape), SOURCE, TARGET)
    with pytest.raises(ValueError, match=r"\(target, source\) = \(4, 5\)"):
        AlignmentView(SOURCE, TARGET, np.zeros(shape))


@pytest.mark.parametrize("link", [(5, 0), (0, 4), (-1, 0)])
def test_links_outside_the_matrix_are_refused(link: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"link {link[0]}-{link[1]} "):
        heatmap(weights(4, 5), SOURCE, TARGET, gold=[link])
    with pytest.raises(ValueError, match=f"link {link[0]}-{link[1]} "):
        view(links=(link,))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb\tc", "a⏎b⇥c"), ("\x00\x7f\x85", "���"), ("\ud800\uffff\U0001fffe", "���"), ("▁é 日", "▁é 日")],
)
def test_visible_replaces_what_xml_and_fonts_cannot_take(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_shorten_keeps_what_fits() -> None:
    assert shorten("x" * 30) == "x" * 30
    assert shorten("x" * 31) == "x" * 29 + "…"


def test_gold_is_explained_beside_the_colour_bar() -> None:
    def notes(axes: Axes) -> list[str]:
        legend = axes.child_axes[0].get_legend()
        return [text.get_text() for text in legend.get_texts()] if legend else []

    one = [[1.0]], ["a"], ["b"]
    assert notes(heatmap(*one, gold=[(0, 0)])) == ["gold"]
    assert notes(heatmap([[1.0], [0.0]], ["a"], ["b", "c"], gold=[(0, 0)], possible=[(0, 0), (0, 1)])) == [
        "sure gold",
        "possible gold",
    ]
    assert notes(heatmap(*one)) == []


def test_sure_and_possible_gold_links_are_told_apart() -> None:
    axes = heatmap(weights(4, 5), SOURCE, TARGET, gold=[(0, 1)], possible=[(0, 1), (2, 2), (3, 0)])
    marks = {c.get_label(): c for c in axes.collections if "gold" in str(c.get_label())}
    assert {name: len(one.get_paths()) for name, one in marks.items()} == {"sure gold": 1, "possible gold": 2}
    assert marks["sure gold"].get_linestyle() != marks["possible gold"].get_linestyle()
