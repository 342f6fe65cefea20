"""Words of a raw text, and which of them each piece belongs to."""

import re
from collections.abc import Sequence

Span = tuple[int, int]


def word_spans(text: str) -> list[Span]:
    """Returns the (start, end) characters of each white-space word."""
    return [match.span() for match in re.finditer(r"\S+", text)]


def piece_words(text: str, spans: Sequence[Span]) -> list[int]:
    """Returns the word of each piece.

    A piece belongs to the word of its first character that is no white space. A piece without one, a lone word mark or
    a zero-width part of a normalised character, belongs to the word that stands at its end or next after it.

    Args:
        text: the raw text, with at least one word if there are pieces.
        spans: (start, end) characters of each piece in it.
    """
    words = word_spans(text)
    return [_word_at(first_character(text, span), words) for span in spans]


def first_character(text: str, span: Span) -> int:
    """Returns where the first character of a span stands that is no white space, or its end."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    return start


def _word_at(position: int, words: Sequence[Span]) -> int:
    for index, (_, end) in enumerate(words):
        if position < end:
            return index
    return len(words) - 1
