"""Pairs of lines from two files, for commands that take a translation as given."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from nmt.cli.options import Parser, positive
from nmt.cli.translate import decoded
from nmt.config import SettingsError
from nmt.data.text import DataError


def add_pairs(parser: argparse.ArgumentParser) -> None:
    """Adds the two files, and how many pairs go together."""
    parser.add_argument("--source", required=True, metavar="FILE", help="sentences; - is standard input")
    parser.add_argument("--target", required=True, metavar="FILE", help="their translations; - is standard input")
    parser.add_argument("--batch-size", type=positive, default=64, metavar="N", help="pairs (default: %(default)s)")


def check_pairs(parser: Parser, source: str, target: str, outputs: Sequence[str | None]) -> None:
    """Refuses what cannot be read, be written or belong together before a model is loaded.

    Raises:
        SettingsError: a folder, or an output that is read.
        DataError: files of different lengths.
    """
    names = [source, target]
    if names == ["-", "-"]:
        parser.error("only one of --source and --target can be -, standard input")
    files = [Path(name) for name in names if name != "-"]
    for file in files:
        if file.is_dir():
            raise SettingsError(f"{file} is a folder, not a file")
        for output in outputs:
            if output and Path(output).exists() and Path(output).samefile(file):
                raise SettingsError(f"{output} is read: write to another file")
    if len(files) == 2 and all(file.is_file() for file in files):  # a pipe can be read only once
        counts = [_count(file) for file in files]
        if counts[0] != counts[1]:
            raise _unequal(names, counts)


def open_pairs(source: str, target: str, stack: ExitStack) -> tuple[Iterator[tuple[str, str]], bool]:
    """Returns the pairs, read as they are needed, and whether one side comes from a terminal.

    Raises:
        DataError: one file ends before the other.
    """
    sources, targets = (_opened(name, stack) for name in (source, target))
    return _pairs(sources, targets, [source, target]), sources.isatty() or targets.isatty()


def _opened(name: str, stack: ExitStack) -> IO[bytes]:
    return sys.stdin.buffer if name == "-" else stack.enter_context(open(name, "rb"))


def _count(file: Path) -> int:
    with open(file, "rb") as lines:
        return sum(1 for _ in lines)


def _unequal(names: Sequence[str], counts: Sequence[int]) -> DataError:
    told = ", ".join(f"{_shown(name)} has {count} lines" for name, count in zip(names, counts, strict=True))
    return DataError(f"{told}: line n of one must be the translation of line n of the other")


def _pairs(source: IO[bytes], target: IO[bytes], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    sources, targets = (decoded(file, _shown(name)) for file, name in zip((source, target), names, strict=True))
    number = 0
    for number, line in enumerate(sources, 1):
        partner = next(targets, None)
        if partner is None:
            raise _unequal(names, (number + sum(1 for _ in source), number - 1))
        yield line, partner
    if more := sum(1 for _ in target):
        raise _unequal(names, (number, number + more))


def _shown(name: str) -> str:
    return "standard input" if name == "-" else name
