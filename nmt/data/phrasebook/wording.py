"""Words that know what they express: the gold links follow from concepts that two words share."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from nmt.data.phrasebook.segments import Segment

THOUSANDS, HUNDREDS, ONES = "thousands", "hundreds", "ones"


@dataclass(frozen=True)
class Word:
    """One white-space word with the concepts it carries.

    Two words that share a concept have a link: a sure one if both carry it, else a possible one.

    Attributes:
        text: The word, with a comma that may follow it.
        concepts: What the word expresses, or helps to express, as articles and prepositions do.
        carries: Those of `concepts` that it expresses as a word of content.
    """

    text: str
    concepts: frozenset[str]
    carries: frozenset[str] = frozenset()


Words = list[Word]


@dataclass(frozen=True)
class Language:
    """One language of the phrasebook.

    Attributes:
        render: Puts one segment into words.
        conjunction: The word for "and".
        order: Kinds of segments, in the order in which segments without a joiner stand.
    """

    render: Callable[[Segment], Words]
    conjunction: str
    order: tuple[type[Segment], ...]


def content(text: str, *concepts: str, helpers: Collection[str] = ()) -> Words:
    """Make words of content that carry `concepts`, one for each white-space word of `text`.

    Those of `helpers` among them, such as the "et" of "vingt et un", become function words.
    """
    meant = frozenset(concepts)
    return [Word(part, meant, carries=frozenset() if part in helpers else meant) for part in text.split()]


def function(text: str, *concepts: str) -> Words:
    """Make function words that help to express `concepts`, one for each white-space word of `text`."""
    return [Word(part, frozenset(concepts)) for part in text.split()]


def comma(words: Words) -> Words:
    """Put a comma behind the last word."""
    return [*words[:-1], replace(words[-1], text=words[-1].text + ",")]


def compound(text: str, number: str) -> Words:
    """Make a numeral of one word; `number` names the number, whose places it expresses all at once."""
    return content(text, *(f"{number}:{place}" for place in (THOUSANDS, HUNDREDS, ONES)))


def numeral(text: str, number: str, places: re.Pattern[str], joint: str) -> Words:
    """Make a numeral of several words, each of which expresses its own place of the number.

    Args:
        text: The numeral, "three hundred and forty-two".
        number: What names the number.
        places: Matches every numeral; its groups "thousands", "hundreds" and "ones" hold the words of each place.
        joint: The word for "and" within numerals, a function word.
    """
    parts = next(places.finditer(text)).groupdict("")
    return [word for place, part in parts.items() for word in content(part, f"{number}:{place}", helpers=(joint,))]
