"""How well links agree with gold links."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

Link = tuple[int, int]


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
