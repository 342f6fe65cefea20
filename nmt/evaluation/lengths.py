"""Grouping sentences by length."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from nmt.evaluation.tokenizers import unspaced

Range = tuple[int, int]

FEWEST_LINES = 10
FEWEST_SHARE = 0.05


def sentence_lengths(lines: Sequence[str]) -> tuple[list[int], str]:
    """Returns lengths and their unit: `words` between spaces, or `characters` of text that is written without them."""
    if unspaced(lines):
        return [len("".join(line.split())) for line in lines], "characters"
    return [len(line.split()) for line in lines], "words"


def length_ranges(lengths: Sequence[int]) -> list[Range]:
    """Cuts lengths into ranges, none of them nearly empty, as (shortest, longest), both within.

    Ranges end at multiples of 1, 2, 5, 10, 20 and so on: of the smallest of these that spans 95 % of the lines in five
    steps. A range that holds less than 5 % of the lines, or fewer than ten, goes together with the next longer one;
    what is left of the longest lines joins the last range.
    """
    width = _width(float(np.percentile(lengths, 95)))
    fewest = max(FEWEST_LINES, FEWEST_SHARE * len(lengths))
    ranges: list[Range] = []
    start, held = min(1, *lengths), 0
    for end, lines in sorted(Counter(-(-length // width) * width for length in lengths).items()):
        held += lines
        if held >= fewest:
            ranges.append((start, end))
            start, held = end + 1, 0
    first = ranges.pop()[0] if ranges else start
    return [*ranges, (first, max(lengths))]


def _width(most: float) -> int:
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if 5 * step >= most:
                return step
        power *= 10


def members(lengths: Sequence[int], ranges: Sequence[Range]) -> list[list[int]]:
    """Returns, for each range, which lines are of such length."""
    places = np.searchsorted([end for _, end in ranges], lengths)
    return [np.flatnonzero(places == index).tolist() for index in range(len(ranges))]
