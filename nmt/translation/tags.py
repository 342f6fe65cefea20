"""Tags and placeholders carried from a line to its translation.

The plain text is translated as if they were not there; the attention of the translation then says where they belong.
Tags stand around the words that the words inside turned into, as one stretch, at the ends of words unless they began or
ended inside of one. What stands alone goes between the translations of its neighbours. Nothing is lost, doubled or
crossed, and the words of the translation do not change.

White space: pairs touch the words they hold; what stands alone has a space on both sides if it had in the source, and
else touches what it touched there.
"""

import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nmt.alignment import Alignment
from nmt.alignment.placing import Bracket, Step, place
from nmt.alignment.unit_weights import UnitAlignment
from nmt.alignment.units import Unit, inside_word, whole_words
from nmt.alignment.words import Span
from nmt.translation.markup import Marked, Tag, parse
from nmt.translation.result import Hypothesis, Translation, ending
from nmt.translation.spacing import CLOSERS, OPENERS, apart

_ANGLED = re.compile("<[^>]*>")


def carry(marked: Marked, text: str, alignment: Alignment) -> str:
    """Returns a translation with the tags of its source.

    Args:
        marked: the source.
        text: the translation of `marked.plain`.
        alignment: of the two, at piece level.
    """
    if not marked.tags:
        return text.translate(marked.references)
    words = whole_words(marked.plain)
    placed = UnitAlignment(alignment, fine=any(inside_word(words, edge) for edge in _edges(marked.tags)))
    steps = place(_brackets(marked.tags, words, placed), len(placed.units))
    return _Writer(marked, text, placed.units).written(steps)


def carry_all(
    lines: Iterable[str], translate: Callable[[Iterable[str]], Iterator[Translation]]
) -> Generator[Translation, None, None]:
    """Yields the translations of lines with markup, in order; reads no further ahead than `translate` does.

    Of a result, `source` and the texts of hypotheses have the markup; tokens and alignment are those of the plain text.
    A line of markup alone is its own translation.

    Args:
        lines: sentences, with or without their line ends.
        translate: yields a translation for each plain line.
    """
    waiting = deque[tuple[str, Marked]]()

    def plain() -> Iterator[str]:
        for line in lines:
            text = line.removesuffix("\n").removesuffix("\r")
            waiting.append((text, parse(text)))
            yield waiting[-1][1].plain

    return _tag_all(translate(plain()), waiting)


def _tag_all(results: Iterator[Translation], waiting: deque[tuple[str, Marked]]) -> Generator[Translation, None, None]:
    with ending(results):
        for result in results:
            yield _tagged(*waiting.popleft(), result)


def _tagged(line: str, marked: Marked, result: Translation) -> Translation:
    hypotheses = tuple(replace(one, text=carry(marked, one.text, one.alignment)) for one in result.hypotheses)
    if not hypotheses and marked.tags:
        hypotheses = (Hypothesis(line, (), 0.0, 0.0, Alignment.empty()),)
    return replace(result, source=line, hypotheses=hypotheses)


def _edges(tags: Iterable[Tag]) -> Iterator[int]:
    waiting = list(tags)
    while waiting:
        tag = waiting.pop()
        yield from (tag.start, tag.end)
        waiting.extend(tag.children)


def _brackets(tags: Iterable[Tag], words: list[Span], placed: UnitAlignment) -> list[Bracket]:
    """Returns what is to be placed, built from the inside."""
    outer, order = list(tags), list[Tag]()
    waiting, made = list(outer), dict[int, Bracket]()
    while waiting:
        order.append(waiting.pop())
        waiting.extend(order[-1].children)
    for tag in reversed(order):
        within = inside_word(words, tag.start) or inside_word(words, tag.end)
        allowed = np.ones_like(placed.word_ends) if within else placed.word_ends
        children = tuple(made[id(one)] for one in tag.children)
        values = placed.between(tag.start, tag.end)
        if tag.closing is None:
            allowed = allowed & _open(placed, tag)
        else:
            inside = placed.inside(tag.start, tag.end)
            values = 2 * inside - placed.total  # attention inside minus attention outside
        made[id(tag)] = Bracket(tag, tag.closing is None, values, allowed, children)
    return [made[id(tag)] for tag in outer]


def _open(placed: UnitAlignment, tag: Tag) -> npt.NDArray[np.bool_]:
    """Returns (n + 1,) the boundaries that do not part a word from its punctuation, unless the source does so too."""
    left, right = placed.source[: tag.start].rstrip(), placed.source[tag.end :].lstrip()
    found = np.ones(len(placed.units) + 1, np.bool_)
    for boundary, (before, after) in enumerate(pairwise(placed.units), 1):
        if before.end == after.start:
            closes = placed.target[after.start] in CLOSERS and right[:1] not in CLOSERS
            opens = placed.target[before.end - 1] in OPENERS and left[-1:] not in OPENERS
            found[boundary] = not (closes or opens)
    return found


class _Writer:
    """Writes a translation with its tags."""

    def __init__(self, marked: Marked, text: str, units: list[Unit]) -> None:
        self._marked, self._text, self._units = marked, text, units
        self._out: list[str] = []
        self._last = ""

    def written(self, steps: list[Step]) -> str:
        """Returns the text with all steps in it."""
        by_boundary: dict[int, list[Step]] = {}
        for step in steps:
            by_boundary.setdefault(step.boundary, []).append(step)
        done = 0
        for boundary in sorted(by_boundary):
            left = self._units[boundary - 1].end if boundary else 0
            right = self._units[boundary].start if boundary < len(self._units) else len(self._text)
            self._write(self._text[done:left])
            here = by_boundary[boundary]
            split = self._split(here)
            for step in here[:split]:
                self._tag(step, self._text[left : left + 1])
            self._write(self._text[left:right])
            for step in here[split:]:
                self._tag(step, self._text[right : right + 1])
            done = right
        self._write(self._text[done:])
        return "".join(self._out)

    def _write(self, text: str) -> None:
        if text:
            self._out.append(text.translate(self._marked.references))
            self._last = text[-1]

    def _split(self, steps: list[Step]) -> int:
        """Returns how many of the steps at a boundary stand before its white space, so that most touch their words."""
        before = [step.closes or (step.bracket.point and self._touches_left(step)) for step in steps]
        weights = [1 if step.bracket.point else 1000 for step in steps]
        wrong = [
            sum(weight for index, weight in enumerate(weights) if before[index] != (index < split))
            for split in range(len(steps) + 1)
        ]
        return wrong.index(min(wrong))

    def _touches_left(self, step: Step) -> bool:
        left, right = self._around(step.bracket.content)
        return bool(left.strip()) and not (right.strip() and left[-1] in OPENERS)

    def _around(self, tag: Tag) -> tuple[str, str]:
        plain = self._marked.plain
        return plain[max(0, tag.start - 1) : tag.start], plain[tag.end : tag.end + 1]

    def _tag(self, step: Step, following: str) -> None:
        """Writes a tag; `following` is the next character of the translation, as far as it stands there."""
        tag: Tag = step.bracket.content
        if not step.bracket.point:
            self._out.append((tag.closing or "") if step.closes else tag.opening)
            return
        left, right = self._around(tag)
        word = bool(_ANGLED.sub("", tag.opening).strip())
        space_before = apart(left, self._last, OPENERS, word=word)
        space_after = apart(right, following, CLOSERS, word=word)
        self._out.append(f"{' ' * space_before}{tag.opening}{' ' * space_after}")
        self._last = " " if space_after else tag.opening[-1]
