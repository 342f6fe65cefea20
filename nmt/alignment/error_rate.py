"""How well links agree with gold links."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

Link = tuple[int, int]
Segment = tuple[Sequence[int], Sequence[int]]


@dataclass(frozen=True)
class Agreement:
    """Counts over a corpus: |A|, |S|, |A & S| and |A & P|, where P contains S (Och & Ney 2003, section 6.1)."""

    links: int
    sure: int
    in_sure: int
    in_possible: int

    @property
    def error_rate(self) -> float:
        """AER = 1 - (|A & S| + |A & P|) / (|A| + |S|), a fraction; 0 where there is nothing to link and no link."""
        total = self.links + self.sure
        return 1 - (self.in_sure + self.in_possible) / total if total else 0.0

    @property
    def precision(self) -> float:
        """|A & P| / |A|, 1 where there is no link."""
        return self.in_possible / self.links if self.links else 1.0

    @property
    def recall(self) -> float:
        """|A & S| / |S|, 1 where nothing is sure."""
        return self.in_sure / self.sure if self.sure else 1.0

    @property
    def f1(self) -> float:
        """2 P R / (P + R), the harmonic mean of precision and recall; 0 where both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def agreement(
    links: Iterable[Collection[Link]], sure: Iterable[Collection[Link]], possible: Iterable[Collection[Link]]
) -> Agreement:
    """Counts the agreement of links with gold links, sentence by sentence; sure links count as possible.

    Raises:
        ValueError: not the same number of sentences.
    """
    counts = [0, 0, 0, 0]
    for found, certain, other in zip(links, sure, possible, strict=True):
        a, s = set(found), set(certain)
        p = s | set(other)
        for index, number in enumerate((len(a), len(s), len(a & s), len(a & p))):
            counts[index] += number
    return Agreement(*counts)


def segment_accuracy(links: Iterable[Collection[Link]], segments: Iterable[Collection[Segment]]) -> float:
    """Returns the share of links that join words of one segment, from 0 to 1; 1 where there is no link.

    Where one compound stands for several words, no argmax links them all and recall is low by nature; this asks only
    whether each link leads to the right place.

    Args:
        links: (source, target) links of each sentence.
        segments: groups (source words, target words) of each sentence that say the same.

    Raises:
        ValueError: not the same number of sentences.
    """
    right = total = 0
    for found, groups in zip(links, segments, strict=True):
        same = {(source, target) for sources, targets in groups for source in sources for target in targets}
        right += len(set(found) & same)
        total += len(set(found))
    return right / total if total else 1.0
