"""`nmt score`: how probable given translations are."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from nmt.cli.options import Parser, add_model, load_translator, naming, set_threads
from nmt.cli.pairs import add_pairs, check_pairs, open_pairs

ABOUT = """\
Writes for each pair of lines the log-probability that the model gives to the target (natural logarithm, summed over its
tokens), a tab, and the number of tokens, `</s>` counted. Where either line is empty, so is the line written.
"""


def parser() -> Parser:
    """Returns the parser of the command."""
    made = Parser(prog="nmt score", description=ABOUT)
    add_model(made)
    add_pairs(made)
    made.add_argument("-o", "--output", metavar="FILE", help="where scores go (default: standard output)")
    return made


def run(arguments: Sequence[str]) -> None:
    """Scores."""
    given = parser().parse_args(arguments)
    check_pairs(parser(), given.source, given.target, [given.output])
    set_threads(given.threads)
    with naming(given.output or "standard output"), ExitStack() as stack:
        _score(given, stack)


def _score(given: argparse.Namespace, stack: ExitStack) -> None:
    pairs, live = open_pairs(given.source, given.target, stack)
    translator = load_translator(given)
    batch_size = 1 if live else given.batch_size
    output = stack.enter_context(open(given.output, "wb")) if given.output else sys.stdout.buffer  # noqa: SIM115
    for score in translator.score_pairs(pairs, batch_size=batch_size):
        line = f"{score.log_prob}\t{len(score.tokens)}" if score.tokens else ""
        output.write(line.encode() + b"\n")
        if batch_size == 1:
            output.flush()
    output.flush()
