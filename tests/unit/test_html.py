import base64
import hashlib
import json
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from nmt.visual.html import AlignmentView, SentenceView, alignment_page, heatmap_fragment
from nmt.visual.labels import visible
from tests.unit.views import HOSTILE, SOURCE, view


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
