"""Tags and placeholders carried from a line to its translation.

The plain text is translated as if they were not there; the attention of the translation then says where they belong.
Tags stand around the words that the words inside turned into, as one stretch, at the ends of words unless they began or
ended inside of one. What stands alone goes between the translations of its neighbours. Nothing is lost, doubled or
crossed, and the words of the translation do not change.

White space: pairs touch the words they hold; what stands alone has a space on both sides if it had in the source, and
else touches what it touched there.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace

import numpy as np

from nmt.alignment import Alignment
from nmt.alignment.placing import Bracket, Step, Values, place
from nmt.alignment.units import Unit, inside_word, text_units, words_and_marks
from nmt.translation.markup import Marked, Tag, parse
from nmt.translation.result import Hypothesis, Translation

OUTSIDE = 0.5
"""What attention to words outside of a tag takes away, for one unit that attention to words inside gives."""
CROSSING = 0.1
"""What a unit on the wrong side takes away from the place of what stands alone."""
_OPENERS, _CLOSERS = frozenset("([{<¿¡„«‹‚"), frozenset(")]}>.,;:!?…»›%。、，！？")


def carry(marked: Marked, text: str, alignment: Alignment) -> str:
    """Returns a translation with the tags of its source.

    Args:
        marked: the source.
        text: the translation of `marked.plain`.
        alignment: of the translation, at piece level.
    """
    fine = any(inside_word(marked.plain, edge) for edge in _edges(marked.tags))
    places = _Places(marked.plain, text, alignment, text_units(text, alignment.target_spans, fine=fine))
    steps = place(places.brackets(marked.tags), len(places.units))
    return _Writer(marked, text, places.units).written(steps)


def carry_all(
    lines: Iterable[str], translate: Callable[[Iterator[str]], Iterator[Translation]]
) -> Generator[Translation, None, None]:
    """Yields the translations of lines with markup, in order; reads no further ahead than `translate` does.

    Of a result, `source` and the texts of hypotheses have the markup; tokens and alignment are those of the plain text. A
    line of markup alone is its own translation.

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

    results = translate(plain())
    try:
        for result in results:
            yield _tagged(*waiting.popleft(), result)
    finally:
        if isinstance(results, Generator):
            results.close()


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


class _Places:
    """What is known of a sentence pair: how much of each target unit's attention falls on which source characters."""

    def __init__(self, plain: str, text: str, alignment: Alignment, units: list[Unit]) -> None:
        self.plain, self.units = plain, units
        self._words = words_and_marks(plain)
        self._spans = [_visible(plain, span) for span in alignment.source_spans[:-1]]
        self._weights = _unit_weights(text, alignment, units)
        self._total = self._weights.sum(axis=1)
        self._whole = np.array([True, *(not unit.inner for unit in units[1:]), True])[: len(units) + 1]

    def brackets(self, tags: Iterable[Tag]) -> list[Bracket]:
        """Returns what is to be placed, built from the inside."""
        made = dict[int, Bracket]()
        order, waiting = list[Tag](), list(tags)
        outer = list(waiting)
        while waiting:
            order.append(waiting.pop())
            waiting.extend(order[-1].children)
        for tag in reversed(order):
            made[id(tag)] = self._bracket(tag, tuple(made[id(one)] for one in tag.children))
        return [made[id(tag)] for tag in outer]

    def _bracket(self, tag: Tag, children: tuple[Bracket, ...]) -> Bracket:
        within = inside_word(self.plain, tag.start) or inside_word(self.plain, tag.end)
        allowed = np.ones_like(self._whole) if within else self._whole
        if tag.closing is None:
            return Bracket(tag, True, self._boundary_values(tag), allowed)
        inside = self._inside(tag.start, tag.end)
        return Bracket(tag, False, inside - OUTSIDE * (self._total - inside), allowed, children)

    def _boundary_values(self, tag: Tag) -> Values:
        """Returns (n + 1,) how well each boundary lies between the translations of the neighbours."""
        n = len(self.units)
        before, after = self._inside(0, tag.start), self._inside(tag.end, len(self.plain))
        left = [span for span in self._words if span[0] < tag.start]
        right = [span for span in self._words if span[1] > tag.end]
        values = np.zeros(n + 1)
        values[1:] += self._inside(left[-1][0], min(left[-1][1], tag.start)) if left else 0.0
        values[:-1] += self._inside(max(right[0][0], tag.end), right[0][1]) if right else 0.0
        values[0] += 0.0 if left else 1.0
        values[n] += 0.0 if right else 1.0
        crossing = np.concatenate([[0.0], np.cumsum(after)]) + np.concatenate([np.cumsum(before[::-1])[::-1], [0.0]])
        return np.asarray(values - CROSSING * crossing)

    def _inside(self, start: int, end: int) -> Values:
        """Returns (n,) the attention of each unit to the source characters of a span."""
        shares = [max(0, min(last, end) - max(first, start)) / (last - first) for first, last in self._spans]
        return np.asarray(self._weights @ np.array(shares, np.float64))


def _unit_weights(text: str, alignment: Alignment, units: list[Unit]) -> Values:
    """Returns (n, S - 1): for each target unit the mean weights of its pieces, `</s>` left out."""
    rows = alignment.rows()[:, :-1].astype(np.float64)
    shares = np.zeros((len(units), len(rows)))
    for piece, span in enumerate(alignment.target_spans[:-1]):
        first, last = _visible(text, span)
        for number, unit in enumerate(units):
            shares[number, piece] = max(0, min(last, unit.end) - max(first, unit.start))
    total = shares.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(shares, total, out=np.zeros_like(shares), where=total > 0) @ rows)


def _visible(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """Returns the characters of a piece without white space in front; of one that has none the character after it."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    return start, max(end, start + 1)


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
        return bool(left.strip()) and not (right.strip() and left[-1] in _OPENERS)

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
        space_before, space_after = _apart(left, self._last, _OPENERS), _apart(right, following, _CLOSERS)
        self._out.append(f"{' ' * space_before}{tag.opening}{' ' * space_after}")
        self._last = " " if space_after else tag.opening[-1]


def _apart(source: str, target: str, joined: frozenset[str]) -> bool:
    """Tells whether a space is due between what stands alone and its neighbour in the translation.

    Args:
        source: the character beside it in the source, empty at the end of the line.
        target: the one in the translation.
        joined: characters that never need a space there.
    """
    if not target.strip() or target in joined:
        return False
    return not source.strip() or (target.isalnum() and not source.isalnum())
