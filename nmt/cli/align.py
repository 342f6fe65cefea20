"""`nmt align`: links between the words of given pairs."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from nmt.cli.options import (
    ALIGNMENT_FORMATS,
    Parser,
    add_links,
    add_model,
    load_translator,
    naming,
    set_links,
    set_threads,
)
from nmt.cli.pairs import add_pairs, check_pairs, open_pairs

if TYPE_CHECKING:
    from nmt.alignment import AlignedPair, GoldSentence

METHODS = ("intersection", "union", "grow-diag", "grow-diag-final", "grow-diag-final-and")
ABOUT = """\
Aligns each pair of lines by the attention of a model that is shown both (forced decoding), and writes a line of links
for each, `source-target` counted from 0 over the words between spaces; an empty line where either side is empty. With
gold links it also says how well the links agree with them: on standard output if -o takes the links, else on standard
error.
"""


def parser() -> Parser:
    """Returns the parser of the command."""
    made = Parser(prog="nmt align", description=ABOUT)
    add_model(made)
    add_pairs(made)
    made.add_argument("-o", "--output", metavar="FILE", help="where links go (default: standard output)")
    made.add_argument("--format", default="pharaoh", choices=ALIGNMENT_FORMATS, help="default: %(default)s")
    made.add_argument("--level", default="word", choices=("word", "piece"), help="default: %(default)s")
    made.add_argument("--reverse", metavar="MODEL2", help="a model of the other direction, whose links are joined")
    made.add_argument("--symmetrize", choices=METHODS, help="how they are joined (default: grow-diag-final-and)")
    made.add_argument(
        "--posterior",
        action="store_true",
        help="weigh source words also by how probable each alone would make the target word, and link from a weight "
        "of 0.5 on unless --threshold is given: slower, better links",
    )
    add_links(made)
    gold = made.add_argument_group("gold links")
    gold.add_argument("--gold", metavar="FILE", help="gold links, as lines of i-j and ipj or in the NAACL format")
    gold.add_argument("--gold-base", type=int, choices=(0, 1), help="the first word there (default: 0; NAACL: 1)")
    gold.add_argument("--figures", default="text", choices=("text", "json"), help="default: %(default)s")
    gold.add_argument(
        "--tune", metavar="FILE", help="choose shift, end and threshold on them, and write these for --links"
    )
    return made


def run(arguments: Sequence[str]) -> None:
    """Aligns."""
    given = parser().parse_args(arguments)
    _check(given)
    check_pairs(parser(), given.source, given.target, [given.output, given.tune])
    set_threads(given.threads)
    with naming(given.output or "standard output", given.tune), ExitStack() as stack:
        _align(given, stack)


def _check(given: argparse.Namespace) -> None:
    """Refuses options that do not go together."""
    if given.symmetrize and not given.reverse:
        parser().error("--symmetrize needs --reverse, a model of the other direction")
    if given.format == "npz" and not given.output:
        parser().error("--format npz needs -o FILE")
    if given.reverse and given.format not in ("pharaoh", "jsonl"):
        parser().error(f"--reverse goes with --format pharaoh or jsonl: links of two models have no {given.format}")
    if not given.gold and (given.tune or given.gold_base is not None):
        parser().error("--tune and --gold-base need --gold")
    if given.gold and (given.level, given.words) != ("word", "space"):
        parser().error("--gold needs --level word and --words space, which gold links count in")
    if given.tune and (given.links or (given.shift, given.end, given.threshold) != (None, None, None)):
        parser().error("--tune chooses what --links, --shift, --end and --threshold would say")
    if given.output and given.tune and Path(given.output).resolve() == Path(given.tune).resolve():
        parser().error("-o and --tune name the same file")


def _align(given: argparse.Namespace, stack: ExitStack) -> None:
    from nmt.alignment import read_gold_file

    gold = read_gold_file(given.gold, given.gold_base) if given.gold else None
    pairs, live = open_pairs(given.source, given.target, stack)
    given.batch_size = 1 if live else given.batch_size
    aligned = _aligned(given, pairs, given.batch_size)
    if gold is None:
        _write(given, aligned, stack)
        return
    kept = list(aligned)
    fitted = gold.fit([one.word_counts for one in kept])
    if given.tune:
        kept = _tune(given, kept, fitted)
    _write(given, kept, stack)
    _tell(given, kept, fitted)


def _aligned(given: argparse.Namespace, pairs: Iterator[tuple[str, str]], batch_size: int) -> Iterator["AlignedPair"]:
    """Returns the pairs with their alignments, made as they are asked for."""
    from nmt.translation.align import align_both

    forward = load_translator(given)
    set_links(forward, given)
    backward = None
    if given.reverse:
        backward = load_translator(argparse.Namespace(**{**vars(given), "model": given.reverse, "ensemble": []}))
        set_links(backward, given, "reverse")
    return align_both(
        pairs, forward, backward, given.symmetrize or METHODS[-1], batch_size=batch_size, posterior=given.posterior
    )


def _tune(
    given: argparse.Namespace, pairs: Sequence["AlignedPair"], gold: Sequence["GoldSentence"]
) -> list["AlignedPair"]:
    """Returns the pairs with their links read by the settings that were found, and writes these."""
    from nmt.alignment import tune_pairs
    from nmt.config import plain
    from nmt.data.text import replace_file

    forward, backward = tune_pairs(pairs, gold)
    found = {"links": plain(forward)} | ({"reverse": plain(backward)} if backward is not None else {})
    replace_file(Path(given.tune), (json.dumps(found, indent=2) + "\n").encode())
    return [one.read_by(forward, backward) for one in pairs]


def _write(given: argparse.Namespace, pairs: Iterable["AlignedPair"], stack: ExitStack) -> None:
    from nmt.translation.writers import ArchiveWriter

    output = stack.enter_context(open(given.output, "wb")) if given.output else sys.stdout.buffer  # noqa: SIM115
    if given.format == "npz":
        with closing(ArchiveWriter(output, given.level)) as archive:
            for number, pair in enumerate(pairs):
                archive.write(number, pair.forward)
        return
    live = given.batch_size == 1
    for number, pair in enumerate(pairs):
        output.write(_line(given, number, pair).encode() + b"\n")
        if live:
            output.flush()
    output.flush()


def _line(given: argparse.Namespace, number: int, pair: "AlignedPair") -> str:
    if given.format == "jsonl":
        return pair.to_json(given.level, id=number)
    if given.format == "pharaoh":
        return pair.to_pharaoh(given.level)
    return pair.forward.to_pharaoh(given.level, probabilities=True)


def _tell(given: argparse.Namespace, pairs: Sequence["AlignedPair"], gold: Sequence["GoldSentence"]) -> None:
    """Writes how well the links agree with the gold links."""
    from nmt.alignment import agreement

    found = agreement([one.links() for one in pairs], [one.sure for one in gold], [one.possible for one in gold])
    figures = {"aer": found.error_rate, "precision": found.precision, "recall": found.recall, "f1": found.f1}
    counts = {"pairs": len(pairs), "links": found.links, "sure": found.sure}
    if given.figures == "json":
        line = json.dumps(figures | counts)
    else:
        line = "  ".join(f"{name} {value:.4f}" for name, value in figures.items()).replace("aer", "AER")
        line += f"  ({counts['pairs']} pairs, {found.links} links, {found.sure} sure gold links)"
    print(line, file=sys.stdout if given.output else sys.stderr)
