"""`nmt compare`: several runs in one report."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from nmt.cli.options import Parser, add_allowance, add_bootstrap, naming
from nmt.config import SettingsError, UserError
from nmt.data.text import replace_file
from nmt.evaluation.ranking import rank_runs
from nmt.evaluation.runs import Run, find_runs, read_run, unfinished
from nmt.visual.tables import markdown

log = logging.getLogger("nmt.cli")

TITLE = "Comparison of runs"
ABOUT = """\
Compares runs that were tested on one text, the best BLEU first: scores with intervals and p-values as nmt evaluate
gives them, alignment error rate, how sharp the attention is, speed and size, BLEU by source length. Runs are named by
the settings in which they differ; of those that differ in the seed alone, mean and standard deviation are told too.
Writes Markdown, and with -o a page that needs no other file.
"""


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command."""
    made = Parser(prog="nmt compare", description=ABOUT)
    made.add_argument(
        "runs", nargs="+", metavar="DIRECTORY", help="a run directory, or a folder that holds some, such as a sweep"
    )
    made.add_argument(
        "-o",
        "--output",
        metavar="FILE.html",
        help="a page with the same tables, learning curves, and alignments of three test sentences by each model",
    )
    add_bootstrap(made)
    add_allowance(made)
    return made


def run(arguments: Sequence[str]) -> None:
    """Compares."""
    given = parser().parse_args(arguments)
    page = None if given.output is None else _page(given.output)
    ranking = rank_runs(_usable(given.runs), bootstrap=given.bootstrap, seed=given.seed)
    text = "\n\n".join([f"# {TITLE}", *map(markdown, ranking.tables())])
    with naming("standard output"):
        sys.stdout.buffer.write(f"{text}\n".encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
    if page is not None:
        from nmt.translation.report import galleries
        from nmt.visual.report_page import report_page

        content = report_page(TITLE, [*ranking.tables(), *galleries(ranking, given.allow_package)])
        with naming(str(page)):
            replace_file(page, content.encode())


def _page(name: str) -> Path:
    """Returns the file of the page, if it can be."""
    path = Path(name)
    if path.suffix.lower() != ".html":
        parser().error(f"-o {path}: the file must end in .html")
    if not path.absolute().parent.is_dir():
        raise SettingsError(f"{path.parent}: no such folder")
    return path


def _usable(names: Sequence[str]) -> list[Run]:
    """Reads the runs that have finished; says which have not."""
    given, runs = [Path(name) for name in names], []
    for folder in find_runs(given):
        try:
            why = unfinished(folder)
            if why is None:
                runs.append(read_run(folder))
        except (UserError, OSError) as error:
            if folder in given:
                raise
            why = str(error)
        if why is not None:
            log.warning("%s is left out: %s", folder, why)
    if not runs:
        raise SettingsError(
            f"{', '.join(names)}: no finished run there; train one with a test text, or continue one with resume=RUN"
        )
    return runs
