"""Reading lines and line-parallel files."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nmt.config import UserError

Links = frozenset[tuple[int, int]]
Segments = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]


class DataError(UserError):
    """Text that cannot be used as it is."""


@dataclass(frozen=True)
class ParallelText:
    """Line-parallel text.

    Attributes:
        sources: source sentences.
        targets: their translations.
        sure: gold links of each pair as (source word, target word), white-space words counted from 0; or None.
        possible: gold links that may be there, the sure ones among them; or None.
        segments: groups of source words and the target words that say the same, for each pair; or None.
    """

    sources: list[str]
    targets: list[str]
    sure: list[Links] | None = None
    possible: list[Links] | None = None
    segments: list[Segments] | None = None

    def __len__(self) -> int:
        return len(self.sources)


def read_lines(path: Path) -> Iterator[str]:
    r"""Yields the lines of a plain or gzip file; a line ends at `\n` alone, a `\r` before it is dropped.

    Raises:
        DataError: bytes that are not UTF-8 (the message names file and line), or a damaged gzip file.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opener(path, "rb") as file:
            for number, line in enumerate(file, 1):
                text = line.decode()
                yield (text.removeprefix("\ufeff") if number == 1 else text).removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, line {number}: byte {error.start + 1} is not UTF-8; convert the file first"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}, after line {number}: the gzip file is damaged ({error})") from error


def side(prefix: str, lang: str) -> Path:
    """Returns the file `PREFIX.LANG` or `PREFIX.LANG.gz`.

    Raises:
        DataError: neither exists.
    """
    for candidate in (Path(f"{prefix}.{lang}"), Path(f"{prefix}.{lang}.gz")):
        if candidate.is_file():
            return candidate
    raise DataError(
        f"no file {prefix}.{lang} or {prefix}.{lang}.gz: a prefix names two files, one ending in each language"
    )


def read_parallel(prefixes: Sequence[str], source_lang: str, target_lang: str) -> ParallelText:
    """Reads one or more prefixes and joins them.

    Raises:
        DataError: a missing side, sides of unequal length, no line at all, or bytes that are not UTF-8.
    """
    sources: list[str] = []
    targets: list[str] = []
    for prefix in prefixes:
        source_file, target_file = side(prefix, source_lang), side(prefix, target_lang)
        sources.extend(read_lines(source_file))
        targets.extend(read_lines(target_file))
        if len(sources) != len(targets):
            extra = len(sources) - len(targets)
            longer = source_file if extra > 0 else target_file
            raise DataError(f"{longer} has {abs(extra)} more lines than {target_file if extra > 0 else source_file}")
    if not sources:
        raise DataError(f"no lines in {', '.join(prefixes)} ({source_lang}, {target_lang})")
    return ParallelText(sources, targets)
