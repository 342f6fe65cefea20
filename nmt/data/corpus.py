"""From settings to text, and from text to filtered, encoded pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nmt.config import DataSettings, prefixes
from nmt.data.phrasebook import Phrase, phrasebook
from nmt.data.text import DataError, ParallelText, read_parallel
from nmt.data.tokenizer import Tokenizer

Ids = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Corpus:
    """The text of a training run; `test` may be missing."""

    train: ParallelText
    valid: ParallelText
    test: ParallelText | None


def load_corpus(settings: DataSettings) -> Corpus:
    """Reads the files that the settings name, or generates the phrasebook.

    Raises:
        DataError: files that are missing, unequal, empty or not UTF-8; training files without `data.valid`.
    """
    if settings.train is None:
        for name in ("valid", "test"):
            if getattr(settings, name) is not None:
                raise DataError(f"data.{name} is set, but data.train is not: set data.train=PREFIX")
        return _phrasebook(settings)
    if not prefixes(settings.valid, "data.valid"):
        raise DataError("data.valid is not set: early stopping needs text to look at, such as data.valid=PREFIX")
    parts = {name: prefixes(getattr(settings, name), f"data.{name}") for name in ("train", "valid", "test")}
    texts = {
        name: read_parallel(paths, settings.source_lang, settings.target_lang) if paths else None
        for name, paths in parts.items()
    }
    if texts["train"] is None or texts["valid"] is None:
        raise DataError("data.train and data.valid name no file")
    return Corpus(texts["train"], texts["valid"], texts["test"])


def _phrasebook(settings: DataSettings) -> Corpus:
    size = settings.phrasebook
    try:
        book = phrasebook(
            settings.source_lang,
            settings.target_lang,
            train=size.train,
            valid=size.valid,
            test=size.test,
            seed=size.seed,
        )
    except ValueError as error:
        raise DataError(f"{error}; for other languages set data.train=PREFIX") from error
    return Corpus(_text(book.train), _text(book.valid), _text(book.test) if book.test else None)


def _text(phrases: Sequence[Phrase]) -> ParallelText:
    return ParallelText(
        sources=[phrase.source for phrase in phrases],
        targets=[phrase.target for phrase in phrases],
        sure=[phrase.sure for phrase in phrases],
        possible=[phrase.possible for phrase in phrases],
        segments=[phrase.segments for phrase in phrases],
    )


class Ragged:
    """Many id sequences in one array."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self.lengths: Counts = np.fromiter((len(row) for row in rows), np.int64, len(rows))
        self._starts = np.concatenate([[0], np.cumsum(self.lengths)])
        self._values: Ids = np.fromiter((one for row in rows for one in row), np.int32, int(self._starts[-1]))

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> Ids:
        return self._values[self._starts[index] : self._starts[index + 1]]


@dataclass(frozen=True)
class EncodedPairs:
    """Pairs of id sequences, each with its end mark."""

    source: Ragged
    target: Ragged

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class FilterReport:
    """How many pairs a filter kept and dropped."""

    kept: int
    empty: int
    long: int
    ratio: int

    def __str__(self) -> str:
        total = self.kept + self.empty + self.long + self.ratio
        return (
            f"{self.kept:,} of {total:,} pairs kept; dropped: {self.empty:,} with an empty side, "
            f"{self.long:,} too long, {self.ratio:,} of unequal length"
        )


def encode_pairs(
    text: ParallelText, source: Tokenizer, target: Tokenizer, settings: DataSettings
) -> tuple[EncodedPairs, FilterReport]:
    """Encodes training text and drops pairs that are empty, too long or of too unequal length.

    Raises:
        DataError: nothing is left.
    """
    sources, targets = source.encode_all(text.sources), target.encode_all(text.targets)
    source_sizes = np.array([len(ids) - 1 for ids in sources])
    target_sizes = np.array([len(ids) - 1 for ids in targets])
    shorter, longer = np.minimum(source_sizes, target_sizes), np.maximum(source_sizes, target_sizes)
    empty = shorter == 0
    long = ~empty & (longer > settings.max_length)
    ratio = ~empty & ~long & (longer > settings.max_ratio * shorter)
    kept = np.flatnonzero(~(empty | long | ratio))
    report = FilterReport(len(kept), int(empty.sum()), int(long.sum()), int(ratio.sum()))
    if not len(kept):
        raise DataError(f"no training pair is left: {report}; see data.max_length and data.max_ratio")
    return EncodedPairs(Ragged([sources[i] for i in kept]), Ragged([targets[i] for i in kept])), report
