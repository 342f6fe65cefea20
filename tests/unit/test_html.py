import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nmt
import nmt.visual.html
from nmt.alignment import Alignment
from nmt.visual.fragment import heatmap_fragment
from nmt.visual.html import alignment_page
from nmt.visual.labels import visible
from nmt.visual.views import AlignmentView, HypothesisView, SentenceView
from tests.unit.views import HOSTILE, SOURCE, view

SVG_NAMESPACE = "http://www.w3.org/2000/svg"


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

    def data(self) -> dict[str, Any]:
        (found,) = [script for script in self.scripts if script.startswith("{")]
        return dict(json.loads(found))


def sentence(source: str, target: str, score: float | None = None, **views: AlignmentView) -> SentenceView:
    return SentenceView(source, (HypothesisView(target, views or {"words": view()}, score),))


def test_page_is_self_contained() -> None:
    html = alignment_page(
        [sentence("twentieth of June", "zwanzigster Juni", words=view(), pieces=view())], title="A title"
    )
    page = Page(html)
    assert not page.open, "every element is closed"
    used = html.replace(SVG_NAMESPACE, "")  # a name, which nothing is fetched from
    assert not [marker for marker in ("http://", "https://", "src=", "@import", "url(") if marker in used]
    assert [attributes["href"] for _, attributes in page.elements if "href" in attributes] == ["data:,"]
    assert ("meta", {"charset": "utf-8"}) in page.elements
    assert {"A title"} <= set(page.text)
    assert not re.search(r"\{\{\w+\}\}", html)


def test_page_policy_names_the_digests_of_style_and_script() -> None:
    html = alignment_page([], title="t")
    style = html.split("<style>")[1].split("</style>")[0]
    (policy,) = [a["content"] for _, a in Page(html).elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert "default-src 'none'" in policy
    for text in (style, Page(html).scripts[-1]):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy


def test_every_file_of_the_page_is_used() -> None:
    folder = Path(nmt.visual.html.__file__).with_name("page")
    html = alignment_page([], title="t")
    files = [path for path in folder.iterdir() if path.suffix in {".js", ".css"}]
    assert len(files) == 6
    assert [path.name for path in files if path.read_text(encoding="utf-8") not in html] == []
    assert max(len(path.read_text(encoding="utf-8").splitlines()) for path in folder.iterdir()) < 300


def test_page_data_is_the_view_in_bytes() -> None:
    matrix = np.array([[0.2, 0.8], [1 / 3, 2 / 3]], dtype=np.float32)
    shown = AlignmentView(("a", "b"), ("c", "d"), matrix, ((1, 0), (0, 1)), sure=((1, 0),), possible=((0, 0),))
    data = Page(alignment_page([sentence("a b", "c d", -0.25, words=shown)], title="t")).data()
    assert data["levels"] == ["words"]
    assert data["sentences"][0]["source"] == "a b"
    (hypothesis,) = data["sentences"][0]["hypotheses"]
    assert (hypothesis["text"], hypothesis["score"]) == ("c d", -0.25)
    words = hypothesis["views"]["words"]
    assert list(base64.b64decode(words.pop("weights"))) == [51, 204, 85, 170], "row by row, in steps of 1/255"
    assert words == {
        "source": ["a", "b"],
        "target": ["c", "d"],
        "links": [1, 0, 0, 1],
        "sure": [1, 0],
        "possible": [0, 0],
    }


def test_page_escapes_user_text_everywhere() -> None:
    hostile = view(HOSTILE, HOSTILE)
    shown = sentence("<script>alert(1)</script>\u2028{{script}}", "</script><!--<b>\"'&\x00", words=hostile)
    html = alignment_page([shown], title="</title><script>alert(2)</script>")
    page = Page(html)
    assert page.tags().count("script") == 2, "the data and the script of the page"
    assert not {"b", "i"} & set(page.tags())
    assert "</title><script>alert(2)</script>" in page.text
    data = page.data()["sentences"][0]
    assert data["source"] == "<script>alert(1)</script>\u2028{{script}}"
    assert data["hypotheses"][0]["text"] == "</script><!--<b>\"'&\ufffd"
    assert data["hypotheses"][0]["views"]["words"]["source"] == [visible(token) for token in HOSTILE]
    html.encode("utf-8")


@pytest.mark.parametrize(("first", "opened"), [(None, "words"), ("pieces", "pieces"), ("lines", "words")])
def test_page_opens_at_a_level_that_there_is(first: str | None, opened: str) -> None:
    data = Page(alignment_page([sentence("s", "t", words=view(), pieces=view())], title="t", first=first)).data()
    assert (data["levels"], data["open"]) == (["words", "pieces"], opened)


def test_page_holds_every_sentence_in_order_and_may_be_empty() -> None:
    sentences = [sentence(f"source {i}", f"target {i}") for i in range(200)] + [SentenceView("", ())]
    data = Page(alignment_page(sentences, title="many")).data()
    assert [one["source"] for one in data["sentences"]] == [*(f"source {i}" for i in range(200)), ""]
    assert data["sentences"][-1]["hypotheses"] == []
    assert Page(alignment_page([], title="none")).data()["sentences"] == []


def test_page_survives_empty_and_broken_weights() -> None:
    broken = AlignmentView(("a", "b", "c", "d"), ("e",), np.array([[np.nan, np.inf, -1, 2]]))
    empty = AlignmentView((), (), np.zeros((0, 0)))
    data = Page(alignment_page([sentence("", "", words=broken, pieces=empty)], title="t")).data()
    views = data["sentences"][0]["hypotheses"][0]["views"]
    assert list(base64.b64decode(views["words"]["weights"])) == [0, 0, 0, 255]
    assert views["pieces"]["weights"] == ""


def test_page_of_alignments_marks_gold_words_and_takes_those_without_texts() -> None:
    matrix = np.array([[0.2, 0.8, 0], [0, 0, 1]], np.float32)
    source, target = ((0, 2), (3, 4), (4, 4)), ((0, 2), (2, 2))
    whole = Alignment(matrix, ("ab", "c", "</s>"), ("de", "</s>"), "ab c", "de", source, target)
    bare = Alignment(matrix, ("ab", "c", "</s>"), ("de", "</s>"))
    gold = SimpleNamespace(sure={(0, 0)}, possible={(0, 0), (1, 0)})
    data = Page(nmt.alignment_page([whole, bare, Alignment.empty()], gold=[gold, None, None], level="piece")).data()
    first, second, third = (one["hypotheses"] for one in data["sentences"])
    assert data["open"] == "pieces"
    assert first[0]["views"]["words"]["sure"] == [0, 0]
    assert first[0]["views"]["words"]["possible"] == [1, 0]
    assert first[0]["views"]["words"]["links"] == [1, 0]
    assert "sure" not in first[0]["views"]["pieces"]
    assert list(second[0]["views"]) == ["pieces"]
    assert third == []
    assert whole.to_html(gold=gold, title="one") == nmt.alignment_page([whole], gold=[gold], title="one")
    with pytest.raises(ValueError, match="2 sentences do not fit 1 "):
        nmt.alignment_page([whole], gold=[gold, gold])
    with pytest.raises(ValueError, match="link 2-0 "):
        whole.to_html(gold=SimpleNamespace(sure=[(2, 0)], possible=[]))


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
