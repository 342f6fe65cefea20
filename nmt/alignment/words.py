"""Words of a raw text, and which of them each piece belongs to."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

from nmt.config import choice

Span = tuple[int, int]

SPLITS = ("space", "script")
"""How a text is cut into words; see `word_spans`."""
_ALONE = ("CJK UNIFIED", "CJK COMPATIBILITY", "THAI", "LAO", "KHMER", "MYANMAR")
"""Scripts without spaces whose words are not told by the script: each character, with its marks, is one."""
_RUNS = ("HIRAGANA", "KATAKANA")


def word_spans(text: str, split: str = "space") -> list[Span]:
    """Returns the (start, end) characters of each word.

    Args:
        text: any text.
        split: `space`: words end at white space alone. `script`, for text without spaces: white-space words are cut
            further without a dictionary. Each ideograph is a word; so is each character of Thai, Lao, Khmer and
            Burmese, with its marks; each run of Hiragana and each of Katakana; what other scripts stand between these;
            and each sign of punctuation beside them. Words that have none of these scripts stay as they are.
    """
    choice(split, SPLITS, "words")
    found = [match.span() for match in re.finditer(r"\S+", text)]
    if split == "space" or text.isascii():
        return found
    return [span for start, end in found for span in _by_script(text, start, end)]


def _by_script(text: str, start: int, end: int) -> list[Span]:
    kinds = [_kind(character) for character in text[start:end]]
    if not {"alone", *_RUNS} & set(kinds):
        return [(start, end)]
    found: list[Span] = []
    before = ""
    for place, kind in enumerate(kinds, start):
        joins = kind == "mark" or (kind == before and kind in ("", *_RUNS))
        if found and joins:
            found[-1] = found[-1][0], place + 1
        else:
            found.append((place, place + 1))
        before = before if kind == "mark" else kind
    return found


@lru_cache(maxsize=4096)
def _kind(character: str) -> str:
    """Returns `alone`, `mark` (goes with what is before it), `sign`, a script that makes runs, or nothing."""
    name, category = unicodedata.name(character, ""), unicodedata.category(character)
    if (
        category.startswith("M")
        or category == "Cf"
        or character in "ーｰ"
        or name.startswith("HALFWIDTH KATAKANA VOICED")
    ):
        return "mark"
    if name.startswith(_ALONE) or character in "々〇":
        return "alone"
    if category[0] in "PS":
        return "sign"
    return next((run for run in _RUNS if run in name), "")


def piece_shares(text: str, spans: Sequence[Span], split: str = "space") -> list[dict[int, float]]:
    """Returns the words of each piece, with the share of the piece that stands in each.

    A piece belongs to the words that its characters other than white space stand in, nearly always a single one. A
    piece without such a character, as a lone word mark, belongs to the word that stands at its end or next after it.

    Args:
        text: the raw text, with at least one word if there are pieces.
        spans: (start, end) characters of each piece in it.
        split: how words are cut; see `word_spans`.
    """
    words = word_spans(text, split)
    ends = [end for _, end in words]
    return [words_at(text, span, words, ends) for span in spans]


def piece_words(text: str, spans: Sequence[Span], split: str = "space") -> list[int]:
    """Returns the first word of each piece; see `piece_shares`."""
    return [min(shares) for shares in piece_shares(text, spans, split)]


def words_at(text: str, span: Span, words: Sequence[Span], ends: Sequence[int]) -> dict[int, float]:
    """Returns the words that a piece stands in, with shares; `ends` are those of the words, of which there is one."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    first = bisect_right(ends, start)
    if first == len(words):
        first -= 1
    if end <= ends[first]:
        return {first: 1.0}
    counts = {}
    for word in range(first, len(words)):
        if words[word][0] >= end:
            break
        counts[word] = min(end, words[word][1]) - max(start, words[word][0])
    total = sum(count for count in counts.values() if count > 0)
    return {word: count / total for word, count in counts.items() if count > 0} or {first: 1.0}
