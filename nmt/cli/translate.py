"""`nmt translate`: one output line for each input line."""

import argparse
import logging
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO, TYPE_CHECKING

from nmt.cli.options import (
    ALIGNMENT_FORMATS,
    Parser,
    add_links,
    add_model,
    add_sampling,
    add_search,
    load_translator,
    naming,
    positive,
    search_arguments,
    set_links,
    set_threads,
)
from nmt.config import SettingsError

if TYPE_CHECKING:
    from nmt.translation import Translation, Translator

log = logging.getLogger("nmt.cli")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command."""
    made = Parser(prog="nmt translate", description="Translates lines of text; an empty line stays empty.")
    add_model(made)
    add_search(made)
    made.add_argument("-i", "--input", metavar="FILE", help="text to translate (default: standard input)")
    made.add_argument("-o", "--output", metavar="FILE", help="where translations go (default: standard output)")
    made.add_argument("--n-best", type=positive, metavar="N", help="translations of each line; above 1 with jsonl only")
    made.add_argument("--format", default="text", choices=("text", "jsonl"), help="default: %(default)s")
    made.add_argument("--alignments", metavar="FILE", help="write the alignment of each line to this file")
    made.add_argument("--alignment-format", default="pharaoh", choices=ALIGNMENT_FORMATS)
    made.add_argument("--alignment-level", default="word", choices=("word", "piece"), help="default: %(default)s")
    add_sampling(made)
    add_links(made)
    made.add_argument(
        "--tags",
        action="store_true",
        default=None,
        help="carry tags such as <b> and placeholders such as {name} to the words that theirs turn into",
    )
    made.add_argument(
        "--replace-unknown",
        action="store_true",
        default=None,
        help="carry words that the vocabulary lacks to their place in the translation",
    )
    made.add_argument("--dictionary", metavar="FILE", help="translations of unknown words: word, tab, translation")
    made.add_argument("--batch-size", type=positive, default=64, metavar="N", help="sentences (default: %(default)s)")
    made.add_argument(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="processes, for files and more than four cores; each of several has one thread unless --threads is given "
        "(default: 1, which searches up to four batches side by side)",
    )
    return made


def run(arguments: Sequence[str]) -> None:
    """Translates."""
    given = parser().parse_args(arguments)
    if (given.n_best or 1) > 1 and given.format == "text":
        parser().error("--n-best above 1 needs --format jsonl")
    if given.workers > 1 and given.batch_size == 1:
        parser().error("--workers above 1 needs --batch-size above 1: with 1 each line is answered before the next")
    if given.dictionary and not given.replace_unknown:
        parser().error("--dictionary is of unknown words: it needs --replace-unknown")
    if not given.sample:
        check_beam(given, parser())
        _check_sampling(given)
    _check_files(given)
    set_threads(given.threads if given.workers == 1 else 1)
    with naming(given.output or "standard output", given.alignments), ExitStack() as stack:
        source = stack.enter_context(open(given.input, "rb")) if given.input else sys.stdin.buffer
        _translate(given, source, stack)


def _check_sampling(given: argparse.Namespace) -> None:
    """Refuses options of sampling that would change nothing."""
    for name in ("temperature", "top_k", "top_p", "seed"):
        if getattr(given, name) is not None:
            parser().error(f"--{name.replace('_', '-')} needs --sample")


def check_beam(given: argparse.Namespace, shown: argparse.ArgumentParser) -> None:
    """Refuses more translations than the beam holds before anything is loaded, where both are known."""
    if given.n_best and given.beam_size and given.n_best > given.beam_size:
        shown.error(f"--n-best {given.n_best} is more than --beam-size {given.beam_size}")


def _check_files(given: argparse.Namespace) -> None:
    """Refuses to write over what is being read, or twice to one file."""
    if given.output and given.alignments and Path(given.output).resolve() == Path(given.alignments).resolve():
        parser().error("-o and --alignments name the same file")
    if not given.input:
        return
    if Path(given.input).is_dir():
        raise SettingsError(f"{given.input} is a folder, not a file")
    for path in (given.output, given.alignments):
        if path and Path(path).exists() and Path(path).samefile(given.input):
            raise SettingsError(f"{path} is the input: write to another file")


def _translate(given: argparse.Namespace, source: IO[bytes], stack: ExitStack) -> None:
    from nmt.translation.result import NoAlignmentError
    from nmt.translation.writers import LINES, alignment_writer

    translator = load_translator(given)
    set_links(translator, given)
    if given.alignments and not translator.model.aligns:
        raise NoAlignmentError
    batch_size = 1 if source.isatty() else given.batch_size
    results = _results(given, translator, decoded(source), batch_size)
    if isinstance(results, Generator):
        stack.enter_context(closing(results))  # ends its processes or threads whatever happens here
    output = stack.enter_context(open(given.output, "wb")) if given.output else sys.stdout.buffer  # noqa: SIM115
    alignments = None
    if given.alignments:
        file = open(given.alignments, "wb")  # noqa: SIM115
        alignments = stack.enter_context(closing(alignment_writer(file, given.alignment_format, given.alignment_level)))
    for number, result in enumerate(results):
        output.write(LINES[given.format](number, result, given.alignment_level).encode() + b"\n")
        if batch_size == 1:
            output.flush()
        if alignments is not None:
            alignments.write(number, result.alignment)
    output.flush()


def _results(
    given: argparse.Namespace, translator: "Translator", lines: Iterator[str], batch_size: int
) -> Iterator["Translation"]:
    workers = given.workers
    if workers > 1 and batch_size == 1:
        log.warning("--workers %d is not used: lines from a terminal are answered one by one", workers)
        workers = 1
    dictionary = None
    if given.dictionary:
        from nmt.translation.unknown import read_dictionary

        dictionary = read_dictionary(Path(given.dictionary))
    sizes = {"batch_size": batch_size, "workers": workers, "threads": given.threads or 1}
    return translator.stream(lines, dictionary=dictionary, **sizes, **search_arguments(given))


def decoded(lines: IO[bytes], file: str | None = None) -> Iterator[str]:
    """Yields lines of UTF-8; other bytes become U+FFFD, with a warning that names the line and, if given, the file."""
    for number, line in enumerate(lines, 1):
        text = line.decode("utf-8", errors="replace")
        if "\ufffd" in text and text.encode() != line:
            place = f"line {number}" if file is None else f"{file}, line {number}"
            log.warning("%s: not UTF-8; the bytes that are not become U+FFFD", place)
        yield text.removeprefix("\ufeff") if number == 1 else text
