"""From settings to text, and from text to filtered, encoded pairs."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nmt.config import DataSettings, column_names, prefixes
from nmt.data.phrasebook import Phrase, phrasebook
from nmt.data.ragged import EncodedPairs, Ragged
from nmt.data.text import DataError, ParallelText
from nmt.data.tokenizer import Tokenizer

WORTH_SAYING = 0.01
"""Share of unknown tokens above which a line says it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Corpus:
    """The text of a training run; `test` may be missing."""

    train: ParallelText
    valid: ParallelText
    test: ParallelText | None


def load_corpus(settings: DataSettings, cache: Path) -> Corpus:
    """Reads the text that the settings name, or generates the phrasebook.

    Args:
        settings: which text.
        cache: folder in which text that was read is kept; the training text is used from there.

    Raises:
        DataError: files that are missing, unequal, empty or broken; training files without `data.valid`.
    """
    if settings.train is None:
        for name in ("valid", "test"):
            if getattr(settings, name) is not None:
                raise DataError(f"data.{name} is set, but data.train is not: set data.train=PREFIX")
        return _phrasebook(settings)
    if not prefixes(settings.valid, "data.valid"):
        raise DataError("data.valid is not set: early stopping needs text to look at, such as data.valid=PREFIX")
    texts = {name: _read(settings, name, cache) for name in ("train", "valid", "test")}
    if texts["train"] is None or texts["valid"] is None:
        raise DataError("data.train and data.valid name no file")
    return Corpus(texts["train"], texts["valid"], texts["test"])


def _read(settings: DataSettings, part: str, cache: Path) -> ParallelText | None:
    """Returns a part of the corpus, in memory unless it is what is trained on; None if it is not set."""
    paths = prefixes(getattr(settings, part), f"data.{part}")
    if not paths:
        return None
    from nmt.data.columns import Columns
    from nmt.data.prepare import Request, stored_text  # loads Arrow, which the phrasebook does without

    columns = Columns(settings.source_lang, settings.target_lang, column_names(settings.columns))
    text = stored_text(Request(paths, columns, part, settings.skip_broken), cache)
    text = replace(text, pretokenized=settings.pretokenized)
    return text if part == "train" else replace(text, sources=list(text.sources), targets=list(text.targets))


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
    text: ParallelText,
    source: Tokenizer,
    target: Tokenizer,
    settings: DataSettings,
    cache: Path | None = None,
    links: Ragged | None = None,
) -> tuple[EncodedPairs, FilterReport]:
    """Encodes training text and drops pairs that are empty, too long or of too unequal length.

    Args:
        text: the training text.
        source: the tokenizer of its source side.
        target: the tokenizer of its target side.
        settings: hold the limits of the filters.
        cache: folder in which the ids of text that lies in the cache are kept, too.
        links: given links of each pair; see `EncodedPairs`.

    Raises:
        DataError: nothing is left.
    """
    pairs = replace(_encode(text, source, target, cache), links=links)
    source_sizes, target_sizes = pairs.source.lengths - 1, pairs.target.lengths - 1
    shorter, longer = np.minimum(source_sizes, target_sizes), np.maximum(source_sizes, target_sizes)
    empty = shorter == 0
    long = ~empty & (longer > settings.max_length)
    ratio = ~empty & ~long & (longer > settings.max_ratio * shorter)
    kept = np.flatnonzero(~(empty | long | ratio))
    report = FilterReport(len(kept), int(empty.sum()), int(long.sum()), int(ratio.sum()))
    if not len(kept):
        raise DataError(f"no training pair is left: {report}; see data.max_length and data.max_ratio")
    return pairs if len(kept) == len(pairs) else pairs.select(kept), report


def _encode(text: ParallelText, source: Tokenizer, target: Tokenizer, cache: Path | None) -> EncodedPairs:
    """Encodes all pairs, in the cache if the text lies there, and says so if many tokens are unknown."""
    if cache is None or isinstance(text.sources, list):
        rows = source.encode_all(text.sources), target.encode_all(text.targets)
        return EncodedPairs(Ragged(rows[0]), Ragged(rows[1]))
    from nmt.data.prepare import stored_ids

    pairs, unknown = stored_ids(text, (source, target), cache)
    if max(unknown) > WORTH_SAYING:
        shares = " and ".join(
            f"{100 * share:.1f} % of the {side} tokens"
            for share, side in zip(unknown, ("source", "target"), strict=True)
        )
        log.info("vocabulary: %s of the training text are unknown; see data.tokenizer.size", shares)
    return pairs
