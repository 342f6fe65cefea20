"""`nmt score`: how probable given translations are."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from nmt.cli.options import Parser, add_model, load_translator, naming, positive, set_threads
from nmt.cli.translate import decoded
from nmt.config import SettingsError
from nmt.data.text import DataError

ABOUT = """\
Writes for each pair of lines the log-probability that the model gives to the target (natural logarithm, summed over its
tokens), a tab, and the number of tokens, `</s>` counted. Where either line is empty, so is the line written.
"""


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command."""
    made = Parser(prog="nmt score", description=ABOUT)
    add_model(made)
    made.add_argument("--source", required=True, metavar="FILE", help="sentences; - is standard input")
    made.add_argument("--target", required=True, metavar="FILE", help="their translations; - is standard input")
    made.add_argument("-o", "--output", metavar="FILE", help="where scores go (default: standard output)")
    made.add_argument("--batch-size", type=positive, default=64, metavar="N", help="pairs (default: %(default)s)")
    return made


def run(arguments: Sequence[str]) -> None:
    """Scores."""
    given = parser().parse_args(arguments)
    _check_files(given)
    set_threads(given.threads)
    with naming(given.output or "standard output"), ExitStack() as stack:
        source = stack.enter_context(open(given.source, "rb")) if given.source != "-" else sys.stdin.buffer
        target = stack.enter_context(open(given.target, "rb")) if given.target != "-" else sys.stdin.buffer
        _score(given, source, target, stack)


def _check_files(given: argparse.Namespace) -> None:
    """Refuses what cannot be read, be written or belong together before the model is loaded."""
    names = [given.source, given.target]
    if names == ["-", "-"]:
        parser().error("only one of --source and --target can be -, standard input")
    files = [Path(name) for name in names if name != "-"]
    for file in files:
        if file.is_dir():
            raise SettingsError(f"{file} is a folder, not a file")
        if given.output and Path(given.output).exists() and Path(given.output).samefile(file):
            raise SettingsError(f"{given.output} is read: write to another file")
    if len(files) == 2 and all(file.is_file() for file in files):  # a pipe can be read only once
        counts = [_count(file) for file in files]
        if counts[0] != counts[1]:
            raise _unequal(names, counts)


def _count(file: Path) -> int:
    with open(file, "rb") as lines:
        return sum(1 for _ in lines)


def _unequal(names: Sequence[str], counts: Sequence[int]) -> DataError:
    told = ", ".join(f"{_shown(name)} has {count} lines" for name, count in zip(names, counts, strict=True))
    return DataError(f"{told}: line n of one must be the translation of line n of the other")


def _score(given: argparse.Namespace, source: IO[bytes], target: IO[bytes], stack: ExitStack) -> None:

    translator = load_translator(given)
    pairs = _pairs(source, target, [given.source, given.target])
    batch_size = 1 if source.isatty() or target.isatty() else given.batch_size
    output = stack.enter_context(open(given.output, "wb")) if given.output else sys.stdout.buffer  # noqa: SIM115
    for score in translator.score_pairs(pairs, batch_size=batch_size):
        line = f"{score.log_prob}\t{len(score.tokens)}" if score.tokens else ""
        output.write(line.encode() + b"\n")
        if batch_size == 1:
            output.flush()
    output.flush()


def _pairs(source: IO[bytes], target: IO[bytes], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yields lines that belong together, read as they are needed.

    Raises:
        DataError: one file ends before the other.
    """
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
