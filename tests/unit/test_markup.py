"""Inline markup: what is taken out of a line, and what stays text."""

import pytest

from nmt.translation.markup import Marked, Tag, parse


def spans(marked: Marked) -> list[tuple[str, str | None, str]]:
    """Returns (opening, closing, text inside) of all tags, outer ones first."""
    found, waiting = [], list(marked.tags)
    while waiting:
        tag = waiting.pop(0)
        found.append((tag.opening, tag.closing, marked.plain[tag.start : tag.end]))
        waiting[:0] = tag.children
    return found


@pytest.mark.parametrize(
    ("line", "plain", "expected"),
    [
        ("a <b>c</b> d", "a c d", [("<b>", "</b>", "c")]),
        ("<a><b>c</b> d</a>", "c d", [("<a>", "</a>", "c d"), ("<b>", "</b>", "c")]),
        ("<g id=\"a>b\" t='>'>c</G>", "c", [("<g id=\"a>b\" t='>'>", "</G>", "c")]),
        ("a<x id='1'/>b", "ab", [("<x id='1'/>", None, "")]),
        ("a <!-- <b> --> c", "a  c", [("<!-- <b> -->", None, "")]),
        ("a <?x y?> <![CDATA[<b>]]> c", "a   c", [("<?x y?> <![CDATA[<b>]]>", None, " ")]),
        ("{n} {{m}} ${p} %{q {r}} x", "    x", [("{n} {{m}} ${p} %{q {r}}", None, "   ")]),
        ("one<br/>two<p>three</p>", "one two three", [("<br/>", None, ""), ("<p>", "</p>", "three")]),
        ("a <b> </b> c", "a   c", [("<b> </b>", None, " ")]),
        ("<a><img/></a> c", " c", [("<a><img/></a>", None, "")]),
        ("a <b>c", "a c", [("<b>", None, "")]),
        ("a c</b> d", "a c d", [("</b>", None, "")]),
        ("<b>x<i>y</b>z</i>", "xyz", [("<b>", "</b>", "xy"), ("<i>", None, ""), ("</i>", None, "")]),
        ("<i>a<i>b</i>", "ab", [("<i>", None, ""), ("<i>", "</i>", "b")]),
    ],
)
def test_markup_is_taken_out(line: str, plain: str, expected: list[tuple[str, str | None, str]]) -> None:
    marked = parse(line)
    assert marked.plain == plain
    assert spans(marked) == expected


@pytest.mark.parametrize(
    "line",
    ["", "  ", "a < b > c", "a <3 b", "<>", "</>", "a {b", "b} c", "<b it's>", "AT&T; &nosuch; &", "<!-- a", "$5 #1"],
)
def test_all_else_is_text(line: str) -> None:
    assert parse(line) == Marked(line, (), {})


def test_references_are_characters_and_written_as_they_were() -> None:
    marked = parse("Tom &amp; J&#233;r&#xF4;me &lt;b&gt; don&apos;t&nbsp;&#115;ay")
    assert marked.plain == "Tom & Jérôme <b> don't say"
    assert marked.plain.translate(marked.references) == "Tom &amp; J&#233;r&#xF4;me &lt;b&gt; don&apos;t say"


@pytest.mark.parametrize("part", ["<b>", "</b>", "<!--", "{", "<a '", "<b>x", "{x}<i>", "&amp", "<a b='", "<![CDATA["])
def test_hostile_lines_end(part: str) -> None:
    """A reader in pure Python that is quadratic would take minutes, and meet the time limit of tests."""
    marked = parse(part * 20_000)
    assert isinstance(marked.tags, tuple)
    assert all(isinstance(tag, Tag) for tag in marked.tags)
