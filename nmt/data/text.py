"""Lines of files, and line-parallel text."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TypeVar

from nmt.config import UserError

Links = frozenset[tuple[int, int]]
Segments = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]

Item = TypeVar("Item")

BYTE_ORDER_MARK = "\ufeff"


class DataError(UserError):
    """Text that cannot be used as it is."""


@dataclass(frozen=True)
class ParallelText:
    """Line-parallel text.

    Attributes:
        sources: source sentences, in memory or read from the cache as they are asked for.
        targets: their translations.
        sure: gold links of each pair as (source word, target word), white-space words counted from 0; or None.
        possible: gold links that may be there, the sure ones among them; or None.
        segments: groups of source words and the target words that say the same, for each pair; or None.
        pretokenized: the text is cut into tokens by spaces.
        known_digests: what `digests` would compute, if it is known already.
    """

    sources: Sequence[str]
    targets: Sequence[str]
    sure: list[Links] | None = None
    possible: list[Links] | None = None
    segments: list[Segments] | None = None
    pretokenized: bool = False
    known_digests: tuple[str, str] | None = None

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def bleu_tokenizer(self) -> str | None:
        """What sacreBLEU shall cut it with: `none` if it is cut already; None: what suits the target language."""
        return "none" if self.pretokenized else None

    @cached_property
    def digests(self) -> tuple[str, str]:
        """SHA-256 of the lines of each side, as hex digits."""
        return self.known_digests or (lines_digest(self.sources), lines_digest(self.targets))

    @cached_property
    def fingerprint(self) -> str:
        """Names the pairs: 16 hex digits, the same wherever and in whatever format the text lies."""
        return hashlib.sha256(" ".join(self.digests).encode()).hexdigest()[:16]


class LinesDigest:
    """SHA-256 of lines that come in portions."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, lines: Sequence[str]) -> None:
        """Adds lines, each with a line feed."""
        self._digest.update("".join(f"{line}\n" for line in lines).encode())

    def hexdigest(self) -> str:
        """Returns the digest so far."""
        return self._digest.hexdigest()


def lines_digest(lines: Iterable[str]) -> str:
    """Returns the SHA-256 of lines, without holding more than a portion of them."""
    digest = LinesDigest()
    for portion in portions(lines, 10_000):
        digest.add(portion)
    return digest.hexdigest()


def portions(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yields the items in lists of `size`, the last one shorter."""
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion


def raw_lines(path: Path) -> Iterator[bytes]:
    r"""Yields the lines of a plain or gzip file as bytes, without line ends.

    A line ends at `\n` alone; a `\r` before it is dropped.

    Raises:
        DataError: a damaged gzip file.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opener(path, "rb") as file:
            for line in file:
                number += 1
                yield line.removesuffix(b"\n").removesuffix(b"\r")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}, after line {number}: the gzip file is damaged ({error})") from error


def read_lines(path: Path) -> Iterator[str]:
    r"""Yields the lines of a plain or gzip file; a line ends at `\n` alone, a `\r` before it is dropped.

    Raises:
        DataError: bytes that are not UTF-8 (the message names file and line), or a damaged gzip file.
    """
    for number, line in enumerate(raw_lines(path), 1):
        yield decoded(line, path, number, "convert the file first")


def decoded(line: bytes, path: Path, number: int, remedy: str) -> str:
    """Returns a line of a file as text, the first one (`number` 1) without a byte order mark.

    Raises:
        DataError: bytes that are not UTF-8, in one line with place and remedy.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}, line {number}: byte {error.start + 1} is not UTF-8; {remedy}") from error
    return text.removeprefix(BYTE_ORDER_MARK) if number == 1 else text


def side(prefix: str, lang: str) -> Path:
    """Returns the file `PREFIX.LANG` or `PREFIX.LANG.gz`.

    Raises:
        DataError: neither exists.
    """
    for candidate in (Path(f"{prefix}.{lang}"), Path(f"{prefix}.{lang}.gz")):
        if candidate.is_file():
            return candidate
    kinds = "; one file with both sides ends in .tsv, .jsonl or .parquet" if Path(prefix).is_file() else ""
    raise DataError(
        f"no file {prefix}.{lang} or {prefix}.{lang}.gz: a prefix names two files, one ending in each language{kinds}"
    )


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file as a whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
