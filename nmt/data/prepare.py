"""Text and its ids in the cache: read once, encoded once, found again by what they were made from."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nmt.data.columns import Columns, Pair
from nmt.data.progress import progress
from nmt.data.ragged import EncodedPairs, Ragged
from nmt.data.readers import files_of, kind_of, read_pairs
from nmt.data.store import ArrowWriter, TextColumn, cached_folder, key_of, read_arrow
from nmt.data.text import DataError, LinesDigest, ParallelText, portions
from nmt.data.tokenizer import Tokenizer

FORMAT = 1
"""Version of what lies in the cache; another one is made anew."""

PORTION = 10_000
"""Pairs that are held at a time."""

LARGE = 100_000
"""A corpus of so many pairs is worth a line about where it is kept."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """Which text is asked for.

    Attributes:
        paths: prefixes, tables and data sets of the hub, to be joined.
        columns: where the sides of a pair stand in tables.
        part: `train`, `valid` or `test`.
        skip_broken: leave broken pairs out, instead of refusing them.
    """

    paths: tuple[str, ...]
    columns: Columns
    part: str
    skip_broken: bool = False

    def key(self) -> str:
        """Returns a fingerprint of the content of the files and of the settings that matter."""
        columns = [self.columns.source_lang, self.columns.target_lang, self.columns.chosen]
        contents = [[_name(path, self.part), *map(_content, files_of(path, self.columns))] for path in self.paths]
        return key_of(FORMAT, columns, self.skip_broken, contents)


def _name(path: str, part: str) -> Any:
    """Returns what decides how a name is read, beside the content of its files."""
    kind = kind_of(path)
    return [path, part] if kind == "hub" else kind


def _content(path: Path) -> str:
    with open(path, "rb") as file:
        return path.suffix + hashlib.file_digest(file, "sha256").hexdigest()


def stored_text(request: Request, cache: Path) -> ParallelText:
    """Returns parallel text, read into the cache if it is not there; its sides are read from there as they are used.

    Raises:
        DataError: files that are missing, unequal, broken or empty, or a cache that cannot be written.
    """
    folder = cache / "text" / request.key()
    info = cached_folder(folder, lambda part: _write_text(request, part))
    if info["skipped"]:
        log.warning("text: %d broken pairs left out, the first: %s", info["skipped"], info["first_skipped"])
    if info["pairs"] >= LARGE:
        log.info("text: %s pairs, kept in %s", f"{info['pairs']:,}", folder)
    table = read_arrow(folder / "pairs.arrow")
    source, target = (TextColumn(table.column(name)) for name in ("source", "target"))
    return ParallelText(source, target, known_digests=(info["digests"][0], info["digests"][1]))


def _write_text(request: Request, folder: Path) -> dict[str, Any]:
    sound = _Sound(request)
    digests = LinesDigest(), LinesDigest()
    count = 0
    with ArrowWriter(folder / "pairs.arrow", pa.schema({"source": pa.string(), "target": pa.string()})) as writer:
        for portion in portions(progress(sound.pairs(), "reading text"), PORTION):
            sides = [pair[0] for pair in portion], [pair[1] for pair in portion]
            for digest, lines in zip(digests, sides, strict=True):
                digest.add(lines)
            writer.write(*sides)
            count += len(portion)
    if not count:
        languages = f"({request.columns.source_lang}, {request.columns.target_lang})"
        raise DataError(f"no lines in {', '.join(request.paths)} {languages}")
    return {
        "pairs": count,
        "digests": [digest.hexdigest() for digest in digests],
        "skipped": sound.skipped,
        "first_skipped": sound.first_skipped,
    }


class _Sound:
    """The pairs of a request without the broken ones, which are counted, or raised."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.skipped, self.first_skipped = 0, ""

    def pairs(self) -> Iterator[Pair]:
        for path in self._request.paths:
            for found in read_pairs(path, self._request.columns, self._request.part):
                if not isinstance(found, DataError):
                    yield found
                    continue
                if not self._request.skip_broken:
                    raise found
                self.first_skipped = self.first_skipped or str(found).partition(";")[0]
                self.skipped += 1


def stored_ids(
    text: ParallelText, tokenizers: tuple[Tokenizer, Tokenizer], cache: Path
) -> tuple[EncodedPairs, tuple[float, float]]:
    """Returns the ids of all pairs in the order of the text, encoded into the cache if they are not there.

    Args:
        text: parallel text.
        tokenizers: of source and target.
        cache: the folder of the cache.

    Returns:
        The ids, read from the cache as they are used, and the share of unknown tokens of both sides, 0 to 1.

    Raises:
        DataError: the cache cannot be written.
    """
    models = [hashlib.sha256(tokenizer.model).hexdigest() for tokenizer in tokenizers]
    folder = cache / "ids" / key_of(FORMAT, text.digests, models)
    info = cached_folder(folder, lambda part: _write_ids(text, tokenizers, part))
    table = read_arrow(folder / "ids.arrow")
    source, target = (Ragged.of_arrow(table.column(name)) for name in ("source", "target"))
    return EncodedPairs(source, target), (info["unknown"][0], info["unknown"][1])


def _write_ids(text: ParallelText, tokenizers: tuple[Tokenizer, Tokenizer], folder: Path) -> dict[str, Any]:
    """Encodes portions one after another, each with all cores, so that the order is that of the text."""
    unknown, tokens = [0, 0], [0, 0]
    sides = (portions(side, PORTION) for side in (text.sources, text.targets))
    both = progress(zip(*sides, strict=True), "encoding text", -(-len(text) // PORTION))
    ids = pa.list_(pa.int32())
    with ArrowWriter(folder / "ids.arrow", pa.schema({"source": ids, "target": ids})) as writer:
        for portion in both:
            arrays = [pa.array(one.encode_all(side), ids) for one, side in zip(tokenizers, portion, strict=True)]
            for place, (array, tokenizer) in enumerate(zip(arrays, tokenizers, strict=True)):
                unknown[place] += pc.sum(pc.equal(array.values, tokenizer.vocabulary.unk_id)).as_py() or 0
                tokens[place] += len(array.values) - len(array)
            writer.write(*arrays)
    return {"unknown": [count / max(1, total) for count, total in zip(unknown, tokens, strict=True)]}
