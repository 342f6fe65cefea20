"""Compares the alignments of our models with those of statistical aligners, on any text that has gold links.

python -m recipes.alignment.run --train TEXT/train --test TEXT/test --gold TEXT/gold --source-lang de --target-lang en

TEXT/train.de, TEXT/train.en and so on are line-parallel; test sentences are cut into the words that the gold links
count. Everything lands in --output: what is done stays, so the same command goes on where it was stopped, and with
more --decoders, --kinds or --aligners it adds these. At the end, and after each step that adds a row, the table is
written to OUTPUT/RESULTS.md, and every figure to OUTPUT/results.json.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nmt.alignment.aligners import ALIGNERS
from nmt.alignment.gold import GoldSentence, read_gold
from nmt.config import UserError
from recipes.alignment.measure import measure
from recipes.alignment.prepare import tokenized
from recipes.alignment.report import page
from recipes.alignment.systems import DECODERS, DIRECTIONS, KINDS, Training, agree, run_aligner
from recipes.alignment.text import Text, read_pairs, write_text


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, nargs="+", metavar="PREFIX", help="training text; may hold the test")
    parser.add_argument("--test", required=True, metavar="PREFIX", help="the sentences with gold links")
    parser.add_argument("--gold", required=True, type=Path, metavar="FILE", help="i-j and ipj, or NAACL format")
    parser.add_argument("--gold-base", type=int, choices=(0, 1), help="the first word there (default: 0; NAACL: 1)")
    parser.add_argument("--source-lang", required=True, metavar="L")
    parser.add_argument("--target-lang", required=True, metavar="L")
    parser.add_argument(
        "--output", type=Path, default=Path("runs/alignment"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument("--tokenize", action="store_true", help="cut training sentences into words and marks first")
    parser.add_argument("--minutes", type=float, default=50, help="time for all trainings (default: %(default)s)")
    parser.add_argument("--steps", type=int, metavar="N", help="end each training after so many steps instead")
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="trainings at a time, a core each (default: 2)"
    )
    parser.add_argument(
        "--pairs", type=int, default=30_000, metavar="N", help="most that models read (default: 30,000)"
    )
    parser.add_argument(
        "--pieces", type=int, default=3000, metavar="N", help="of each model's vocabulary (default: 3,000)"
    )
    parser.add_argument("--aligners", nargs="+", default=["eflomal", "fast_align"], choices=ALIGNERS, metavar="NAME")
    parser.add_argument("--decoders", nargs="+", default=["parallel"], choices=DECODERS, metavar="NAME")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS, metavar="KIND", help="default: all")
    parser.add_argument(
        "--tune", action="store_true", help="read links as suits every second sentence, measure the others"
    )
    return parser.parse_args()


def trainings(given: argparse.Namespace) -> Iterator[list[Training]]:
    """Yields the trainings that may run side by side, those first that others do not need."""
    for decoder in given.decoders:
        for kind in [one for one in KINDS if one in given.kinds or (one == "raw" and "self" in given.kinds)]:
            yield [Training(given.output, decoder, kind, direction, given.pieces) for direction in DIRECTIONS]


def end_of(given: argparse.Namespace, count: int) -> str:
    """Returns the setting that ends a training: steps, or its share of the time, two at a time at most."""
    if given.steps:
        return f"trainer.max_steps={given.steps}"
    hours, rest = divmod(int(60 * given.minutes * min(given.jobs, 2) / count), 3600)
    return f"trainer.max_time=00:{hours:02}:{rest // 60:02}:{rest % 60:02}"


def gold_of(given: argparse.Namespace, text: Text) -> list[GoldSentence]:
    """Returns the gold links, checked against the sentences."""
    source, target = text.read("test")
    lengths = [(len(a.split()), len(b.split())) for a, b in zip(source, target, strict=True)]
    return read_gold(given.gold, given.gold_base, lengths)


def report(given: argparse.Namespace, text: Text, gold: list[GoldSentence]) -> None:
    """Measures what is there and writes the table."""
    records = measure(given.output, text, gold, given.tune, given.aligners)
    (given.output / "results.json").write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    (given.output / "RESULTS.md").write_text(page(records), encoding="utf-8")


def run(given: argparse.Namespace) -> None:
    """Does what is not done yet."""
    text = Text(given.output / "text", (given.source_lang, given.target_lang))
    train = (pair for prefix in given.train for pair in read_pairs(prefix, text.languages))
    if given.tokenize:
        train = ((tokenized(source), tokenized(target)) for source, target in train)
    write_text(text, train, read_pairs(given.test, text.languages), given.pairs)
    gold = gold_of(given, text)
    for aligner in dict.fromkeys(["eflomal", *given.aligners]):
        run_aligner(given.output, text, aligner)
    given.aligners = list(dict.fromkeys(["eflomal", *given.aligners]))
    groups = list(trainings(given))
    end = end_of(given, sum(map(len, groups)))
    report(given, text, gold)
    for group in [one for one in groups if not all(training.finished for training in one)]:
        if group[0].kind == "self":
            agree(given.output, text, group[0].decoder)
        with ThreadPoolExecutor(given.jobs) as pool:
            list(pool.map(lambda one: one.train(text, end), group))
        report(given, text, gold)
    print((given.output / "RESULTS.md").read_text(encoding="utf-8"))


def main() -> None:
    """Runs; what goes wrong is one line."""
    given = arguments()
    try:
        run(given)
    except (UserError, OSError, RuntimeError, ValueError) as error:
        sys.exit(f"run.py: error: {error}")


if __name__ == "__main__":
    main()
