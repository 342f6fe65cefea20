"""`nmt package`: a model package of a run for other uses, and what that costs."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from nmt.cli.options import Parser, add_allowance, positive, set_threads, whole


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command."""
    made = Parser(
        prog="nmt package",
        description="Writes a model package of a run, and compares how both translate the validation text.",
    )
    made.add_argument("run", metavar="RUN", help="a run directory")
    made.add_argument("-o", "--output", required=True, metavar="DIR", help="a new folder")
    made.add_argument("--precision", choices=("float", "int8"), help="of its weights (default: the run's own)")
    made.add_argument("--shortlist", action="store_true", help="learn which target pieces each source piece turns into")
    made.add_argument("--best", type=positive, default=20, metavar="N", help="so many of each (default: %(default)s)")
    made.add_argument(
        "--frequent", type=whole, default=100, metavar="N", help="most frequent ones for all (default: %(default)s)"
    )
    made.add_argument("--no-check", action="store_true", help="do not translate the validation text with both")
    made.add_argument("--threads", type=positive, metavar="N", help="CPU threads (default: torch's choice)")
    add_allowance(made)
    return made


def run(arguments: Sequence[str]) -> None:
    """Writes the package; prints BLEU, speed and size of both."""
    given = parser().parse_args(arguments)
    set_threads(given.threads)
    from nmt.training.packaging import PackageOptions, write_package

    options = PackageOptions(given.precision, given.shortlist, given.best, given.frequent, not given.no_check)
    found = write_package(Path(given.run), Path(given.output), options, given.allow_package)
    if not found:
        return
    print(f"{'BLEU':>6} {'sentences/s':>12} {'MB':>7}  package")  # noqa: T201
    for one in found:
        print(f"{one.bleu:6.2f} {one.rate:12.1f} {one.megabytes:7.1f}  {one.folder}")  # noqa: T201
    print(f"{found[1].bleu - found[0].bleu:+6.2f} BLEU on the validation text")  # noqa: T201
