"""An alignment between the units of a translation and any stretch of the source."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nmt.alignment.alignment import Alignment
from nmt.alignment.placing import Values
from nmt.alignment.units import Unit, text_units, words_and_marks
from nmt.alignment.words import Span

CROSSING = 0.1
"""What attention across a place takes away from it, for one that attention to its neighbours gives."""


class UnitAlignment:
    """How much of the attention of each unit of a translation falls on which characters of its source.

    Attributes:
        source: the source text.
        target: the translation.
        units: n stretches of the translation: words, and what punctuation stands at them.
        total: (n,) attention of each unit to all of the source but `</s>`.
        word_ends: (n + 1,) which boundaries of units do not lie inside of a word.
    """

    def __init__(self, alignment: Alignment, *, fine: bool) -> None:
        """Args: `alignment`, at piece level; `fine`: cut words at their pieces."""
        self.source, self.target = alignment.source_text, alignment.target_text
        self.units = text_units(alignment.target_text, alignment.target_spans, fine=fine)
        words = words_and_marks(self.source)
        self._starts, self._ends = ([word[side] for word in words] for side in (0, 1))
        self._firsts, self._lasts = _visible(self.source, alignment.source_spans[:-1])
        self._weights = _unit_weights(alignment, self.units)
        self.total: Values = self._weights.sum(axis=1)
        starts = [not unit.inner for unit in self.units]
        self.word_ends: npt.NDArray[np.bool_] = np.array([*starts, True])

    def inside(self, start: int, end: int) -> Values:
        """Returns (n,) the attention of each unit to the source characters from `start` to `end`."""
        overlaps = np.minimum(self._lasts, end) - np.maximum(self._firsts, start)
        return np.asarray(self._weights @ (overlaps.clip(0) / (self._lasts - self._firsts)))

    def between(self, start: int, end: int) -> Values:
        """Returns (n + 1,) how well each boundary lies between the translations of what stands on both sides.

        That is the attention of the unit before it to the word before `start`, and of the unit after it to the word
        after `end`, less what attention crosses.
        """
        left = bisect_left(self._starts, start) - 1
        right = bisect_right(self._ends, end)
        values = np.zeros(len(self.units) + 1)
        if left >= 0:
            values[1:] += self.inside(self._starts[left], min(self._ends[left], start))
        else:
            values[0] += 1.0
        if right < len(self._ends):
            values[:-1] += self.inside(max(self._starts[right], end), self._ends[right])
        else:
            values[-1] += 1.0
        before, after = self.inside(0, start), self.inside(end, len(self.source))
        crossing = np.zeros_like(values)
        crossing[1:] += np.cumsum(after)
        crossing[:-1] += np.cumsum(before[::-1])[::-1]
        return np.asarray(values - CROSSING * crossing)


def _unit_weights(alignment: Alignment, units: list[Unit]) -> Values:
    """Returns (n, S - 1): for each unit the mean weights of its pieces, `</s>` left out."""
    rows = alignment.rows()[:, :-1].astype(np.float64)
    firsts, lasts = _visible(alignment.target_text, alignment.target_spans[:-1])
    starts, ends = (np.array([unit[side] for unit in units], np.int64)[:, None] for side in (0, 1))
    shares = (np.minimum(lasts, ends) - np.maximum(firsts, starts)).clip(0).astype(np.float64)
    total = shares.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(shares, total, out=np.zeros_like(shares), where=total > 0) @ rows)


def _visible(text: str, spans: Sequence[Span]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns where pieces begin, white space left out, and end; one of white space alone is the character after it."""
    firsts = []
    for start, end in spans:
        place = start
        while place < end and text[place].isspace():
            place += 1
        firsts.append(place)
    found = np.array(firsts, np.int64)
    return found, np.maximum(np.array([end for _, end in spans], np.int64), found + 1)
