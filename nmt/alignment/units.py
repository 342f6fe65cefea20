"""Units of a text that tags may stand between: words, punctuation at their ends, pieces where words have no ends."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from nmt.alignment.words import Span, word_spans

_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff]"
)
"""Scripts that are written without spaces between words: Thai, Lao, Burmese, Khmer, Kana, Han."""


class Unit(NamedTuple):
    """A stretch of text; `inner`: it does not begin a word, but goes on with the one before."""

    start: int
    end: int
    inner: bool = False


def words_and_marks(text: str) -> list[Span]:
    """Returns the white-space words of a text, punctuation and symbols at their ends apart."""
    found = []
    for start, end in word_spans(text):
        first, last = start, end
        while first < end and _is_mark(text[first]):
            first += 1
        while last > first and _is_mark(text[last - 1]):
            last -= 1
        found += [span for span in ((start, first), (first, last), (last, end)) if span[0] < span[1]]
    return found


def text_units(text: str, pieces: Sequence[Span], *, fine: bool) -> list[Unit]:
    """Cuts a text into units.

    Args:
        text: the text.
        pieces: where its pieces stand; words of scripts without spaces are cut at their ends.
        fine: cut all words there; what does not begin a word is then `inner`.
    """
    edges = sorted({edge for span in pieces for edge in span})
    units = []
    for start, end in words_and_marks(text):
        spaceless = bool(_SPACELESS.search(text, start, end))
        cuts = _between(edges, start, end) if fine or spaceless else []
        bounds = [start, *cuts, end]
        units += [Unit(first, last, inner=first > start and not spaceless) for first, last in pairwise(bounds)]
    return units


def whole_words(text: str) -> list[Span]:
    """Returns the words that are not to be parted: those of scripts with spaces between words."""
    return [(start, end) for start, end in words_and_marks(text) if not _SPACELESS.search(text, start, end)]


def inside_word(words: Sequence[Span], place: int) -> bool:
    """Tells whether a place in a text lies within one of its words."""
    index = bisect_left(words, (place, 0)) - 1
    return index >= 0 and place < words[index][1]


def _between(edges: Iterable[int], start: int, end: int) -> list[int]:
    return [edge for edge in edges if start < edge < end]


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"
