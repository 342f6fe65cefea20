"""One sentence in two languages, with the links between its words."""

from dataclasses import dataclass

from nmt.data.phrasebook.segments import Sentence
from nmt.data.phrasebook.wording import Language, Word, comma, function

Link = tuple[int, int]
Group = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Phrase:
    """A sentence pair with gold links; word indices count white-space words from 0.

    Attributes:
        source: The source sentence.
        target: The target sentence.
        sure: Links (source word, target word) between words of the same content.
        possible: All of `sure`, and the links of "and", articles and prepositions.
        segments: Groups of words that translate each other, as (source words, target words), in source order;
            every word is in exactly one group, and no link leaves its group.
    """

    source: str
    target: str
    sure: frozenset[Link]
    possible: frozenset[Link]
    segments: tuple[Group, ...]


def pair(sentence: Sentence, source: Language, target: Language) -> Phrase:
    """Put a sentence into two languages and link the words that share a concept within a segment."""
    left, right = _compose(sentence, source), _compose(sentence, target)
    sure, possible = set(), set()
    for i, (group, word) in enumerate(left):
        for j, (other_group, other) in enumerate(right):
            if group == other_group and word.concepts & other.concepts:
                possible.add((i, j))
                if word.carries & other.carries:
                    sure.add((i, j))
    return Phrase(
        " ".join(word.text for _, word in left),
        " ".join(word.text for _, word in right),
        frozenset(sure),
        frozenset(possible),
        tuple((_members(left, group), _members(right, group)) for group in dict.fromkeys(group for group, _ in left)),
    )


def _compose(sentence: Sentence, language: Language) -> list[tuple[int, Word]]:
    """List (group, word) in the order of the language; a group is a segment's place in `sentence`, or the "and"."""
    groups = [(group, language.render(segment)) for group, segment in enumerate(sentence.segments)]
    if sentence.joiner is None and len(groups) > 1:
        groups.sort(key=lambda group: language.order.index(type(sentence.segments[group[0]])))
    elif sentence.joiner == ",":
        groups[:-1] = [(group, comma(words)) for group, words in groups[:-1]]
    elif sentence.joiner == "and":
        groups.insert(-1, (len(groups), function(language.conjunction, "and")))
    return [(group, word) for group, words in groups for word in words]


def _members(words: list[tuple[int, Word]], group: int) -> tuple[int, ...]:
    return tuple(index for index, (member, _) in enumerate(words) if member == group)
