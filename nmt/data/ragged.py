"""Many id sequences in a few long arrays."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]


class Ragged:
    """Many id sequences, in memory or in an Arrow file that is mapped into memory.

    Attributes:
        lengths: of the sequences.
    """

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self.lengths: Counts = np.fromiter((len(row) for row in rows), np.int64, len(rows))
        starts: Counts = np.concatenate([[0], np.cumsum(self.lengths)])
        values: Ids = np.fromiter((one for row in rows for one in row), np.int32, int(starts[-1]))
        self._chunks: list[tuple[npt.NDArray[Any], Ids]] = [(starts, values)]
        self._firsts = [0]
        self._rows: Counts | None = None

    @classmethod
    def of_arrow(cls, column: Any) -> "Ragged":
        """Returns a view on an Arrow column of lists; nothing is read but their lengths."""
        ragged = cls([])
        chunks = [chunk for chunk in column.chunks if len(chunk)]
        ragged._chunks = [(chunk.offsets.to_numpy(), chunk.values.to_numpy()) for chunk in chunks]
        ragged._firsts = [0, *np.cumsum([len(chunk) for chunk in chunks]).tolist()][: len(chunks)]
        ragged.lengths = np.concatenate([np.diff(starts).astype(np.int64) for starts, _ in ragged._chunks])
        return ragged

    def select(self, rows: Counts) -> "Ragged":
        """Returns a view on some of the sequences, in the order of `rows`."""
        ragged = Ragged([])
        ragged._chunks, ragged._firsts, ragged.lengths = self._chunks, self._firsts, self.lengths[rows]
        ragged._rows = rows if self._rows is None else self._rows[rows]
        return ragged

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> Ids:
        row = int(index if self._rows is None else self._rows[index])
        chunk = bisect_right(self._firsts, row) - 1
        starts, values = self._chunks[chunk]
        place = row - self._firsts[chunk]
        return values[starts[place] : starts[place + 1]]


@dataclass(frozen=True)
class EncodedPairs:
    """Pairs of id sequences, each with its end mark.

    Attributes:
        source: ids of the source sentences.
        target: ids of their translations.
        links: of each pair, the places of a source and a target piece in turn, as often as two are linked; or None.
    """

    source: Ragged
    target: Ragged
    links: Ragged | None = None

    def __len__(self) -> int:
        return len(self.source)

    def select(self, rows: Counts) -> "EncodedPairs":
        """Returns a view on some of the pairs, in the order of `rows`."""
        links = None if self.links is None else self.links.select(rows)
        return EncodedPairs(self.source.select(rows), self.target.select(rows), links)
