"""`nmt evaluate`: scores of translations, with intervals and comparisons."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from nmt.cli.options import Parser, add_bootstrap, naming
from nmt.data.text import DataError, read_lines
from nmt.evaluation import TOKENIZERS, Comparison, compare_systems

ABOUT = """\
Scores translations by BLEU, chrF2 and TER, computed by sacreBLEU and with its signatures. The ± is half of the 95 %
interval of bootstrap samples. With several files each is compared with the first one by the paired bootstrap: p is the
probability of such a difference by chance. Figures are those of `sacrebleu --confidence` and `sacrebleu --paired-bs`.
TER compares words between spaces; of text without spaces it counts whole lines.
"""


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command."""
    made = Parser(prog="nmt evaluate", description=ABOUT)
    made.add_argument(
        "hypotheses",
        nargs="+",
        metavar="HYPOTHESES",
        help="translations, a line for each line of the reference: a file, - for standard input, or a run directory",
    )
    made.add_argument(
        "--reference",
        action="append",
        metavar="FILE",
        help="what they should be; more than once for several references (default: those of the run directories)",
    )
    made.add_argument("--source", metavar="FILE", help="what was translated: adds BLEU by source length")
    made.add_argument(
        "--target-lang",
        metavar="L",
        help="language of the translations, which chooses BLEU's tokeniser: zh, ja-mecab, ko-mecab or, for others, 13a "
        "(default: that of the run directories)",
    )
    made.add_argument("--tokenize", choices=TOKENIZERS, metavar="T", help=f"the tokeniser: {', '.join(TOKENIZERS)}")
    add_bootstrap(made)
    made.add_argument("--format", default="text", choices=("text", "json"), help="default: %(default)s")
    return made


def run(arguments: Sequence[str]) -> None:
    """Scores."""
    given = parser().parse_args(arguments)
    runs = [Path(name) for name in given.hypotheses if Path(name).is_dir()]
    if given.reference is None and len(runs) < len(given.hypotheses):
        parser().error("--reference is missing, which only run directories can do without")
    files = {name: _hypotheses(name) for name in given.hypotheses}
    references = given.reference or [_common_reference(runs)]
    _check_names(given, references)
    texts = _read_all([*references, *files.values(), *([given.source] if given.source else [])])
    comparison = compare_systems(
        {name: texts[file] for name, file in files.items()},
        [texts[file] for file in references],
        target_lang=given.target_lang or _target_lang(runs),
        tokenize=given.tokenize,
        bootstrap=given.bootstrap,
        seed=given.seed,
        sources=texts[given.source] if given.source else None,
    )
    _write(comparison, given.format, references, given.source)


def _check_names(given: argparse.Namespace, references: Sequence[str]) -> None:
    names = [*given.hypotheses, *references, given.source]
    if names.count("-") > 1:
        parser().error("only one of the files can be -, standard input")
    twice = next((name for name in given.hypotheses if given.hypotheses.count(name) > 1), None)
    if twice is not None:
        parser().error(f"{twice} is given twice")


def _hypotheses(name: str) -> str:
    """Returns the file of translations that a file or a run directory stands for."""
    if not Path(name).is_dir():
        return name
    file = Path(name) / "test.hypotheses"
    if not file.is_file():
        raise DataError(f"{name} has no test.hypotheses: not a run directory, or a run without a test text")
    return str(file)


def _common_reference(runs: Sequence[Path]) -> str:
    """Returns the reference of runs, which must be the same for all."""
    files = [run / "test.references" for run in runs]
    for file in files:
        if not file.is_file():
            raise DataError(f"{file} is missing: give --reference")
        if file.read_bytes() != files[0].read_bytes():
            raise DataError(
                f"{files[0]} and {file} differ: these runs were tested on different texts; "
                "to compare them on one, give --reference"
            )
    return str(files[0])


def _target_lang(runs: Sequence[Path]) -> str | None:
    """Returns the target language of the first run whose model tells it."""
    for run in runs:
        try:
            found = json.loads((run / "model" / "config.json").read_text(encoding="utf-8"))["target_lang"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        return str(found)
    return None


def _read_all(files: Sequence[str]) -> dict[str, list[str]]:
    """Reads files that must have as many lines as the first."""
    texts = {file: list(_lines(file)) for file in dict.fromkeys(files)}
    for file, lines in texts.items():
        if not lines:
            raise DataError(f"{_shown(file)} is empty")
    for file, lines in texts.items():
        if len(lines) != len(texts[files[0]]):
            counts = f"{_shown(files[0])} has {len(texts[files[0]])} lines, {_shown(file)} has {len(lines)}"
            raise DataError(f"{counts}: line n of one must belong to line n of the other")
    return texts


def _lines(file: str) -> Iterator[str]:
    if file != "-":
        yield from read_lines(Path(file))
        return
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            place = f"standard input, line {number}: byte {error.start + 1}"
            raise DataError(f"{place} is not UTF-8; convert the text first") from error
        yield (text.removeprefix("\ufeff") if number == 1 else text).removesuffix("\n").removesuffix("\r")


def _shown(file: str) -> str:
    return "standard input" if file == "-" else file


def _write(comparison: Comparison, form: str, references: Sequence[str], source: str | None) -> None:
    text = str(comparison)
    if form == "json":
        text = json.dumps(
            {"references": references, "source": source, **comparison.to_dict()}, indent=2, ensure_ascii=False
        )
    with naming("standard output"):
        sys.stdout.buffer.write(f"{text}\n".encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
