"""From `data.alignments` to the linked pieces of each training pair, kept in the cache."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from nmt.alignment.aligners import ALIGNERS, aligned_text, aligner_version
from nmt.alignment.piece_links import Link, piece_links
from nmt.alignment.words import Span, word_spans
from nmt.config import prefixes
from nmt.data.links import read_links, token_spans
from nmt.data.ragged import Ragged
from nmt.data.store import ArrowWriter, cached_folder, key_of, read_arrow
from nmt.data.text import DataError, ParallelText, lines_digest, portions
from nmt.data.tokenizer import Pieces, Tokenizer

GOLD = "gold"
PORTION = 10_000
FORMAT = 1
"""Version of what lies in the cache."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Given:
    """Links of a text.

    Attributes:
        name: of what they are made from, for the cache.
        spans: cuts a sentence into the words they count.
        read: yields the place, for messages, and the links of each pair.
    """

    name: list[str]
    spans: Callable[[str], list[Span]]
    read: Callable[[], Iterator[tuple[str, Iterable[Link]]]]


def guiding_links(
    text: ParallelText, tokenizers: tuple[Tokenizer, Tokenizer], setting: Any, cache: Path
) -> Ragged | None:
    """Returns the places of linked source and target pieces of each pair, in turn; None without links.

    Args:
        text: the training text.
        tokenizers: of source and target.
        setting: `data.alignments`.
        cache: folder in which links are kept.

    Raises:
        DataError: links that do not fit the text, or none to be had.
        AlignerError: an aligner that is not installed, or fails.
    """
    if setting is None:
        return None
    given = _given(text, setting)
    models = [lines_digest([tokenizer.model.hex()]) for tokenizer in tokenizers]
    folder = cache / "links" / key_of(FORMAT, text.digests, models, given.name)
    info = cached_folder(folder, lambda part: _write(text, tokenizers, given, part))
    log.info("guided: %s links of pieces in %s pairs", f"{info['links']:,}", f"{len(text):,}")
    return Ragged.of_arrow(read_arrow(folder / "links.arrow").column("links"))


def _given(text: ParallelText, setting: Any) -> _Given:
    if setting == GOLD:
        gold = text.sure
        if gold is None:
            raise DataError("data.alignments=gold: this text has no gold links, the phrasebook alone does; name a file")
        digest = lines_digest(" ".join(f"{s}-{t}" for s, t in sorted(links)) for links in gold)
        return _Given([GOLD, digest], word_spans, lambda: (("", links) for links in gold))
    if isinstance(setting, str) and setting in ALIGNERS:
        return _Given([setting, aligner_version(setting)], token_spans, lambda: _made(text, setting))
    paths = [Path(path) for path in prefixes(setting, "data.alignments")]
    return _Given(
        [lines_digest(f"{links}" for _, links in read_links(paths))], word_spans, lambda: _from_files(paths, len(text))
    )


def _made(text: ParallelText, aligner: str) -> Iterator[tuple[str, Iterable[Link]]]:
    """Yields the links that an aligner makes of the whole text, case folded."""
    log.info("guided: %s aligns %s pairs", aligner, f"{len(text):,}")
    sources, targets = (
        [[line[start:end].casefold() for start, end in token_spans(line)] for line in side]
        for side in (text.sources, text.targets)
    )
    return ((aligner, links) for links in aligned_text(sources, targets, aligner))


def _from_files(paths: list[Path], expected: int) -> Iterator[tuple[str, Iterable[Link]]]:
    count = 0
    for one in read_links(paths):
        count += 1
        yield one
    if count != expected:
        raise DataError(
            f"data.alignments={','.join(map(str, paths))}: {count:,} lines, but {expected:,} pairs in the training text"
        )


def _write(text: ParallelText, tokenizers: tuple[Tokenizer, Tokenizer], given: _Given, folder: Path) -> dict[str, Any]:
    total, lines = 0, given.read()
    kind = pa.list_(pa.int32())
    with ArrowWriter(folder / "links.arrow", pa.schema({"links": kind})) as writer:
        for sides in portions(zip(text.sources, text.targets, strict=True), PORTION):
            found = []
            for (source, target), (place, links) in zip(sides, lines, strict=False):
                pieces = tokenizers[0].encode(source), tokenizers[1].encode(target)
                found.append([one for link in _linked(pieces, given, place, links) for one in link])
            found += [[]] * (len(sides) - len(found))  # of too few lines; their number is said below
            total += sum(map(len, found)) // 2
            writer.write(found)
    for _ in lines:  # says how many there are, if too many or too few
        pass
    return {"links": total}


def _linked(pieces: tuple[Pieces, Pieces], given: _Given, place: str, links: Iterable[Link]) -> list[Link]:
    texts = pieces[0].text, pieces[1].text
    words = given.spans(texts[0]), given.spans(texts[1])
    for link in links:
        for side, name, number, known in zip(texts, ("source", "target"), link, words, strict=True):
            if number >= len(known):
                raise DataError(
                    f"{place}: link {link[0]}-{link[1]}, but the {name} has {len(known)} words, counted from 0: "
                    f"{side[:40]!r}; do the lines belong together?"
                )
    return piece_links(texts, (pieces[0].spans[:-1], pieces[1].spans[:-1]), words, links)
