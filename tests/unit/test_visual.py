import base64
import hashlib
import json
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nmt.visual import fonts
from nmt.visual.heatmap import heatmap, save_heatmap
from nmt.visual.html import AlignmentView, SentenceView, alignment_page, heatmap_fragment
from nmt.visual.labels import shorten, visible

SOURCE = ("▁twenty", "th", "▁of", "▁June", "</s>")
TARGET = ("▁zwanzig", "ster", "▁Juni", "</s>")
HOSTILE = ("$x_1$", "<script>alert(1)</script>", "שלום", "a\nb", "", "\x00\ud800", "$", "</script>", "\"'&", "x" * 99)


def weights(rows: int, columns: int) -> NDArray[np.float32]:
    raw = np.random.default_rng(rows * 100 + columns).random((rows, columns), dtype=np.float32) ** 4
    return np.asarray(raw / raw.sum(axis=1, keepdims=True), np.float32)


def view(
    source: tuple[str, ...] = SOURCE, target: tuple[str, ...] = TARGET, links: tuple[tuple[int, int], ...] = ()
) -> AlignmentView:
    return AlignmentView(source, target, weights(len(target), len(source)), links)


def tick_labels(axes: Axes) -> tuple[list[str], list[str]]:
    return [t.get_text() for t in axes.get_xticklabels()], [t.get_text() for t in axes.get_yticklabels()]


class Page(HTMLParser):
    """What a browser would find: elements with attributes, visible text, the contents of scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside == "script":
            self.scripts.append(data)
        elif inside != "style":
            self.text.append(data)

    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]

    def data(self) -> list[dict[str, Any]]:
        return [json.loads(script) for script in self.scripts if script.startswith("{")]


def test_importing_the_package_loads_no_matplotlib() -> None:
    code = "import sys, nmt.visual, nmt.visual.html; sys.exit('matplotlib' in sys.modules)"
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
    (marks,) = [c for c in axes.collections if isinstance(c, PatchCollection)]
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


def test_a_script_without_a_font_is_warned_about_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", list)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        save_heatmap(tmp_path / "a.png", weights(2, 2), ["日本", "語"], ["ひ", "</s>"])
    assert [str(w.message) for w in caught] == ["no installed font draws CJK, HIRAGANA: shown as □"]
    with pytest.warns(UserWarning, match="CJK"):
        axes = heatmap(weights(1, 2), ["日本", "a"], ["b"])
    assert tick_labels(axes)[0] == ["□□", "a"]


def test_an_svg_keeps_characters_without_a_font_for_its_viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", list)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_heatmap(tmp_path / "a.svg", weights(1, 2), ["日本", "a"], ["b"])
    assert "日本" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_an_installed_font_that_has_a_missing_character_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", lambda: [("Useless", "useless"), ("Useful", "useful")])
    monkeypatch.setattr(fonts, "_codes", lambda path: frozenset({0x65E5} if path == "useful" else {0x61}))
    families, missing = fonts.cover("a日語")
    assert families[-1] == "Useful"
    assert "Useless" not in families
    assert missing == {"語"}


def test_an_unreadable_font_file_covers_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    assert fonts._codes(str(broken)) == frozenset()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb\tc", "a⏎b⇥c"), ("\x00\x7f\x85", "���"), ("\ud800\uffff\U0001fffe", "���"), ("▁é 日", "▁é 日")],
)
def test_visible_replaces_what_xml_and_fonts_cannot_take(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_shorten_keeps_what_fits() -> None:
    assert shorten("x" * 30) == "x" * 30
    assert shorten("x" * 31) == "x" * 29 + "…"


def test_page_is_self_contained() -> None:
    sentence = SentenceView("twentieth of June", "zwanzigster Juni", {"words": view(), "pieces": view()}, -0.25)
    html = alignment_page([sentence], title="A title")
    page = Page(html)
    assert not page.open, "every element is closed"
    assert not [marker for marker in ("http://", "https://", "src=", "@import", "url(") if marker in html]
    assert [attributes["href"] for _, attributes in page.elements if "href" in attributes] == ["data:,"]
    assert ("meta", {"charset": "utf-8"}) in page.elements
    assert {"twentieth of June", "zwanzigster Juni", "score -0.250"} <= set(page.text)
    assert "prefers-color-scheme: dark" in html


def test_page_policy_names_the_digests_of_style_and_script() -> None:
    html = alignment_page([], title="t")
    style = html.split("<style>")[1].split("</style>")[0]
    script = Page(html).scripts[-1]
    for text in (style, script):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in html


def test_page_data_is_the_rounded_view() -> None:
    third = AlignmentView(("a", "b"), ("c",), np.array([[1 / 3, 2 / 3]], dtype=np.float32), ((1, 0),))
    (data,) = Page(alignment_page([SentenceView("a b", "c", {"words": third})], title="t")).data()
    assert data == {"words": {"source": ["a", "b"], "target": ["c"], "matrix": [[0.3333, 0.6667]], "links": [[1, 0]]}}


def test_page_escapes_user_text_everywhere() -> None:
    hostile = view(HOSTILE, HOSTILE)
    sentence = SentenceView("<script>alert(1)</script>", "</script><b>\"'&\x00", {"words": hostile, '"><i>': hostile})
    html = alignment_page([sentence], title="</title><script>alert(2)</script>")
    page = Page(html)
    assert page.tags().count("script") == 2, "the data and the script of the page"
    assert not {"b", "i"} & set(page.tags())
    assert "<script>alert(1)</script>" in page.text
    assert "</title><script>alert(2)</script>" in page.text
    assert '"><i>' in [attributes.get("value") for _, attributes in page.elements]
    (data,) = page.data()
    assert data["words"]["source"] == [visible(token) for token in HOSTILE]
    html.encode("utf-8")


@pytest.mark.parametrize(("names", "offered"), [(("words", "pieces"), True), (("pieces",), False)])
def test_page_switches_between_levels_if_there_are_two(names: tuple[str, ...], offered: bool) -> None:
    page = Page(alignment_page([SentenceView("s", "t", {name: view() for name in names})], title="t"))
    inputs = [attributes for tag, attributes in page.elements if tag == "input"]
    assert [attributes["value"] for attributes in inputs] == list(names)
    assert ["checked" in attributes for attributes in inputs] == [True, False][: len(names)]
    (fieldset,) = [attributes for tag, attributes in page.elements if tag == "fieldset"]
    assert ("hidden" not in fieldset) == offered


def test_page_holds_every_sentence_in_order_and_may_be_empty() -> None:
    sentences = [SentenceView(f"source {i}", f"target {i}", {"words": view()}) for i in range(200)]
    page = Page(alignment_page(sentences, title="many"))
    assert [text for text in page.text if text.startswith("source ")] == [f"source {i}" for i in range(200)]
    assert len(page.data()) == 200
    assert "No sentences." in Page(alignment_page([], title="none")).text


def test_page_survives_empty_and_broken_weights() -> None:
    broken = AlignmentView(("a", "b"), ("c",), np.array([[np.nan, np.inf]]))
    empty = AlignmentView((), (), np.zeros((0, 0)))
    page = Page(alignment_page([SentenceView("", "", {"words": broken, "pieces": empty})], title="t"))
    (data,) = page.data()
    assert data["words"]["matrix"] == [[0, 0]]
    assert data["pieces"]["matrix"] == []


def test_fragment_is_static_and_shows_source_across_and_target_down() -> None:
    html = heatmap_fragment(AlignmentView(("a", "b"), ("c",), np.array([[0.07, 0.93]]), ((1, 0),)))
    page = Page(html)
    assert not page.open
    assert not {"script", "style", "link", "img"} & set(page.tags())
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    headings = [(attributes.get("scope"), attributes.get("title")) for tag, attributes in page.elements if tag == "th"]
    assert headings == [(None, None), ("col", "a"), ("col", "b"), ("row", "c")]
    cells = [attributes for tag, attributes in page.elements if tag == "td"]
    assert [cell["title"] for cell in cells] == ["a → c: 0.07", "b → c: 0.93"]
    assert ["outline:2px solid" in str(cell["style"]) for cell in cells] == [False, True]
    assert "rgba(38,118,217,0.93)" in str(cells[1]["style"])


def test_fragment_escapes_labels_and_takes_empty_matrices() -> None:
    page = Page(heatmap_fragment(view(HOSTILE, HOSTILE)))
    assert "script" not in page.tags()
    assert "<script>alert(1)</script>" in page.text
    assert "td" not in Page(heatmap_fragment(AlignmentView(SOURCE, (), np.zeros((0, 5))))).tags()
