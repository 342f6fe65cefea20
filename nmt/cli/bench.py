"""`nmt bench`: how fast a model translates on this machine."""

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

from nmt.cli.options import Parser, add_place, naming, positive
from nmt.cli.translate import decoded
from nmt.config import PRECISIONS, SettingsError, choice
from nmt.data.progress import progress

Value = TypeVar("Value")

ABOUT = """\
Translates the same sentences by every combination of the options that take lists, each time in a process of its own, in
rounds. Rates are medians, with the least and the most in brackets; tokens are pieces put out. Latencies are of single
sentences with batch size 1, else of batches. Memory is that of the whole process, with torch. Loading the model is told
apart, and a first batch is not timed. The profile gives each part its share of the time: encoder is all that happens
once a sentence, recurrent the steps but for attention, readout and output layer, search the ranking and bookkeeping.
"""


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command."""
    made = Parser(prog="nmt bench", description=ABOUT)
    add_place(made)
    made.add_argument("-i", "--input", metavar="FILE", help="text to translate (default: the run's test.sources)")
    made.add_argument(
        "--sentences", type=positive, default=200, metavar="N", help="first lines of it, empty ones not counted (200)"
    )
    made.add_argument(
        "--beam-size", type=several(positive), default=[None], metavar="N,N", help="default: the model's, 5"
    )
    made.add_argument("--batch-size", type=several(positive), default=[1, 64], metavar="N,N", help="default: 1,64")
    made.add_argument(
        "--threads", type=several(positive), default=[None], metavar="N,N", help="CPU threads (default: torch's choice)"
    )
    made.add_argument(
        "--precision",
        type=several(_precision),
        default=[None],
        metavar="P,P",
        help=f"of {', '.join(PRECISIONS)} (default: the package's own)",
    )
    made.add_argument("--repeat", type=positive, default=3, metavar="N", help="rounds (default: %(default)s)")
    made.add_argument(
        "--profile",
        action="store_true",
        help="also tell where the time goes, in a round of its own; of batches, with one thread each",
    )
    made.add_argument("--format", default="text", choices=("text", "json"), help="default: %(default)s")
    return made


def run(arguments: Sequence[str]) -> None:
    """Measures."""
    given = parser().parse_args(arguments)
    lines = _lines(given)

    from nmt.translation import bench

    ways = bench.setups(given.beam_size, given.batch_size, given.threads, given.precision)
    what = bench.Bench(given.model, lines, given.device, given.allow_package)
    found = bench.measure_all(
        what, ways, given.repeat, profile=given.profile, shown=lambda jobs: progress(jobs, "measuring", len(jobs))
    )
    if given.format == "json":
        import json

        text = json.dumps(found, indent=2)
    else:
        tables = [bench.table(found), *([bench.profile_table(found)] if given.profile else [])]
        text = "\n\n".join(tables)
    with naming("standard output"):
        sys.stdout.buffer.write(f"{text}\n".encode())
        sys.stdout.buffer.flush()


def several(read: Callable[[str], Value]) -> Callable[[str], list[Value]]:
    """Returns what reads a list with commas, each value once."""

    def read_all(text: str) -> list[Value]:
        return list(dict.fromkeys(read(one.strip()) for one in text.split(",")))

    return read_all


def _precision(text: str) -> str:
    try:
        choice(text, PRECISIONS, "precision")
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _lines(given: argparse.Namespace) -> list[str]:
    """Reads the text."""
    default = Path(given.model) / "test.sources"
    if given.input is None and not default.is_file():
        if not Path(given.model).exists():
            raise SettingsError(f"no model at {given.model}: no such folder")
        raise SettingsError(f"{given.model} has no test.sources: give a text by -i FILE")
    path = default if given.input is None else Path(given.input)
    with open(path, "rb") as file:
        found = list(islice((line.rstrip("\r\n") for line in decoded(file) if line.strip()), given.sentences))
    if not found:
        raise SettingsError(f"{path}: no text in it")
    return found
