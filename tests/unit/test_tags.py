"""Tags in translations: whatever the line and the attention, none is lost, doubled or crossed, and no word changes."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.alignment import Alignment
from nmt.alignment.units import text_units
from nmt.translation.markup import parse
from nmt.translation.tags import carry

TAG = re.compile(r"</?[a-z]+\d*(?: [^<>]*)?/?>|\{\w+\}")


def aligned(source: str, target: str, links: dict[int, int] | None = None, seed: int = 0) -> Alignment:
    """Returns the alignment of two texts whose pieces are words and marks; target piece t looks at source links[t]."""
    sides = [(text, [match.span() for match in re.finditer(r"\s*(?:\w+|[^\w\s])", text)]) for text in (source, target)]
    count, size = len(sides[1][1]), len(sides[0][1])
    matrix = np.random.default_rng(seed).dirichlet(np.full(size + 1, 0.3), count + 1)
    if links is not None:
        matrix = np.full((count + 1, size + 1), 0.1 / max(size, 1))
        matrix[-1] = 0
        matrix[-1, -1] = 1
        matrix[:-1, -1] = 0
        for word in range(count):
            matrix[word, links[word]] += 0.9
    (source_tokens, source_spans), (target_tokens, target_spans) = (
        ([*(text[a:b].strip() for a, b in spans), "</s>"], [*spans, (len(text), len(text))]) for text, spans in sides
    )
    return Alignment(
        matrix.astype(np.float32),
        tuple(source_tokens),
        tuple(target_tokens),
        source,
        target,
        tuple(source_spans),
        tuple(target_spans),
    )


def tagged(line: str, target: str, *links: int) -> str:
    """Returns the target with the tags of a line; links name the source word of each target word."""
    marked = parse(line)
    return carry(marked, target, aligned(marked.plain, target, dict(enumerate(links))))


@pytest.mark.parametrize(
    ("line", "target", "links", "expected"),
    [
        ("the <b>red</b> house", "la maison rouge", (0, 2, 1), "la maison <b>rouge</b>"),
        ("<a>the <b>red</b> house</a>.", "la maison rouge.", (0, 2, 1, 3), "<a>la maison <b>rouge</b></a>."),
        ("<a>one</a> <b>two</b> three", "Drei Zwei Eins", (2, 1, 0), "Drei <b>Zwei</b> <a>Eins</a>"),
        ("<b>give up</b> it", "gib es auf", (0, 2, 1), "<b>gib es auf</b>"),
        ("<b>do give up</b> it to", "gib auf es ihm tu", (1, 2, 3, 4, 0), "<b>gib auf</b> es ihm tu"),
        ("<b>do really give up</b> it", "tu gib es auf", (0, 2, 4, 3), "<b>tu gib es auf</b>"),
        ("press {key} now", "jetzt drücken", (1, 0), "jetzt drücken {key}"),
        ("press {key} now", "drücke jetzt", (0, 1), "drücke {key} jetzt"),
        ("hi {name}, come", "Hallo, komm", (0, 1, 2), "Hallo {name}, komm"),
        ("one <br/> two", "eins zwei", (0, 1), "eins <br/> zwei"),
        ("one<br/>two", "eins zwei", (0, 1), "eins <br/>zwei"),
        ("{n}km far", "km weit", (0, 1), "{n}km weit"),
        ("a <b> red </b> one", "eins rot", (2, 1), "eins <b>rot</b>"),
        ("see ({n}) now", "siehe () jetzt", (0, 1, 2, 3), "siehe ({n}) jetzt"),
        ("<p>one {x}</p> two", "eins zwei", (0, 1), "<p>eins {x}</p> zwei"),
        ("one two</i>", "eins zwei", (0, 1), "eins zwei</i>"),
        ("Tom &amp; <b>Jo</b>", "Tom & Jo", (0, 1, 2), "Tom &amp; <b>Jo</b>"),
        ("<a>x</a> <b>y</b>", "z", (0,), "<a>z</a><b></b>"),
        ("<a>x</a>", "", (), "<a></a>"),
    ],
)
def test_tags_go_with_their_words(line: str, target: str, links: tuple[int, ...], expected: str) -> None:
    assert tagged(line, target, *links) == expected


def test_tag_inside_a_word_may_part_a_word() -> None:
    marked = parse("<b>un</b>like")
    alignment = Alignment(
        np.array([[0.9, 0.1, 0], [0.1, 0.9, 0], [0, 0, 1]], np.float32),
        ("▁un", "like", "</s>"),
        ("▁un", "gleich", "</s>"),
        marked.plain,
        "ungleich",
        ((0, 2), (2, 6), (6, 6)),
        ((0, 2), (2, 8), (8, 8)),
    )
    assert carry(marked, "ungleich", alignment) == "<b>un</b>gleich"
    assert carry(parse("<b>unlike</b>"), "ungleich", alignment) == "<b>ungleich</b>"


def test_text_without_spaces_is_parted_at_pieces() -> None:
    spans = [(0, 2), (2, 3), (3, 4)]
    assert text_units("日本語。", spans, fine=False) == [(0, 2, False), (2, 3, False), (3, 4, False)]
    assert text_units("(ab-cd) e", [(0, 3), (3, 7), (7, 9)], fine=True) == [
        (0, 1, False),
        (1, 3, False),
        (3, 6, True),
        (6, 7, False),
        (8, 9, False),
    ]


WORDS = st.text("abcä.,-' ", min_size=1, max_size=6)
TEXTS = st.text("abcdeé .,'()-語", max_size=30).map(lambda text: " ".join(text.split()))


@st.composite
def nested_lines(draw: st.DrawFn, depth: int = 3) -> str:
    """Returns a line of words, placeholders, empty elements and properly nested pairs, each with a name of its own."""
    counter = iter(range(1000))

    def content(level: int) -> str:
        parts = []
        for kind in draw(st.lists(st.sampled_from(["text", "pair", "empty", "hole"]), max_size=4)):
            number = next(counter)
            inside = content(level - 1) if kind == "pair" and level else draw(WORDS)
            parts.append(
                {
                    "text": inside,
                    "pair": f'<t{number} a="{number}">{inside}</t{number}>',
                    "empty": f"<x{number}/>",
                    "hole": f"{{h{number}}}",
                }[kind]
            )
        return "".join(parts)

    return content(depth)


def without_space(text: str) -> str:
    return "".join(text.split())


def check_nesting(text: str) -> None:
    """Fails unless every closing tag closes the last open one."""
    opened = list[str]()
    for tag in TAG.findall(text):
        name = tag.strip("</>").split()[0]
        if tag.startswith("</"):
            assert opened.pop() == name
        elif tag.startswith("<") and not tag.endswith("/>"):
            opened.append(name)
    assert not opened


@settings(max_examples=50)
@given(nested_lines(), TEXTS, st.integers(0, 1000))
def test_every_tag_once_well_nested_around_the_same_words(line: str, target: str, seed: int) -> None:
    marked = parse(line)
    found = carry(marked, target, aligned(marked.plain, target, seed=seed))
    assert Counter(TAG.findall(found)) == Counter(TAG.findall(line))
    check_nesting(found)
    assert without_space(TAG.sub("", found)) == without_space(target)
    words = [word for word in re.split(r"\s+", TAG.sub(" ", found)) if word]
    assert without_space("".join(words)) == without_space(target)


@settings(max_examples=50)
@given(nested_lines(), TEXTS, st.integers(0, 1000))
def test_pairs_add_no_white_space(line: str, target: str, seed: int) -> None:
    nothing = r"<x\d+/>|\{\w+\}|<t\d+ [^<>]*></t\d+>"  # around nothing: these stand apart where they did in the source
    while line != (line := re.sub(nothing, "", line)):
        pass
    marked = parse(line)
    found = carry(marked, target, aligned(marked.plain, target, seed=seed))
    assert re.sub(r"<t[^<>]*>[\s]*</t[^<>]*>|</?t[^<>]*>", "", found).split() == target.split()


@settings(max_examples=50)
@given(st.text("ab<>/{}&; \"'=!-", max_size=40), TEXTS, st.integers(0, 1000))
def test_malformed_markup_is_never_lost(line: str, target: str, seed: int) -> None:
    marked = parse(line)
    found = carry(marked, target, aligned(marked.plain, target, seed=seed))
    raw = Counter(without_space(line))
    raw.subtract(without_space(marked.plain))
    added = Counter(without_space(found))
    added.subtract(without_space(target))
    assert +added == +raw


@settings(max_examples=50)
@given(TEXTS, st.text("abc ä.!?日-", max_size=30), st.integers(0, 1000))
def test_line_without_markup_changes_nothing(target: str, line: str, seed: int) -> None:
    assert carry(parse(line), target, aligned(line, target, seed=seed)) == target


def test_very_many_tags_are_still_nested() -> None:
    line = "".join(f"<t{number}>a </t{number}>" for number in range(400)) + "<o><p>a b</p></o>"
    marked = parse(line)
    found = carry(marked, "x y z", aligned(marked.plain, "x y z"))
    assert Counter(TAG.findall(found)) == Counter(TAG.findall(line))
    check_nesting(found)
