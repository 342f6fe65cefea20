"""`nmt heatmap`: alignments as a picture, as a page, or as text for the terminal."""

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmt.cli.options import (
    Parser,
    add_model,
    add_search,
    load_translator,
    naming,
    positive,
    search_arguments,
    set_threads,
)
from nmt.cli.score import check_lengths, pairs
from nmt.cli.translate import check_beam, decoded
from nmt.config import SettingsError

if TYPE_CHECKING:
    from nmt import Alignment, Translation, Translator

PICTURES, PAGE, TEXT = (".png", ".svg"), ".html", ".txt"
SUFFIXES = (*PICTURES, PAGE, TEXT)
WIDTH = 100
ABOUT = """\
Translates a sentence, or the lines of a file, and shows which source token went where: as a picture, as one page of any
number of sentences, or as text.
"""


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command."""
    made = Parser(prog="nmt heatmap", description=ABOUT)
    add_model(made)
    add_search(made)
    made.add_argument("sentence", nargs="?", help="the sentence to translate")
    made.add_argument(
        "-i", "--input", metavar="FILE", help="sentences to translate, one a line, instead of one sentence"
    )
    made.add_argument("--target", metavar="FILE", help="translations of the lines of -i that are given, not searched")
    made.add_argument(
        "-o", "--output", metavar="FILE", help="a .png, .svg, .html or .txt file (default: text on standard output)"
    )
    made.add_argument("--view", choices=("heatmap", "arcs"), help="of pictures: cells, or lines (default: heatmap)")
    made.add_argument(
        "--n-best", type=positive, metavar="N", help="translations of each sentence, of which a page shows all"
    )
    made.add_argument("--alignment-level", default="piece", choices=("word", "piece"), help="default: %(default)s")
    made.add_argument("--batch-size", type=positive, default=64, metavar="N", help="sentences (default: %(default)s)")
    return made


def run(arguments: Sequence[str]) -> None:
    """Draws."""
    given = parser().parse_args(arguments)
    suffix = Path(given.output).suffix.lower() if given.output else TEXT
    _check(given, suffix)
    _check_files(given)
    set_threads(given.threads)
    translator = load_translator(given)
    if not translator.model.aligns:
        from nmt.translation.result import NoAlignmentError

        raise NoAlignmentError
    items = list(_items(given, translator))
    if suffix in PICTURES:
        _draw(given, _only(items))
    elif suffix == PAGE:
        from nmt.alignment.pages import alignment_page

        # One sentence must be there to be looked at; among others an empty line is shown as such.
        page = alignment_page(items if given.input else [_shown(items[0])[0]], level=given.alignment_level)
        Path(given.output).write_text(page, encoding="utf-8")
    else:
        _write(given, items)


def _check(given: argparse.Namespace, suffix: str) -> None:
    """Refuses options that do not go together."""
    refuse = parser().error
    if (given.sentence is None) == (given.input is None):
        refuse("give one sentence, or a file of sentences by -i")
    if suffix not in SUFFIXES:
        refuse(f"-o {given.output}: the file must end in {', '.join(SUFFIXES)}")
    if given.view and suffix not in PICTURES:
        refuse(f"--view is for pictures, -o FILE.png or FILE.svg{'; a page shows both' * (suffix == PAGE)}")
    if given.target and not given.input:
        refuse("--target needs -i, the sentences that are translated in it")
    if (given.n_best or 1) > 1 and (suffix != PAGE or given.target):
        refuse("--n-best above 1 needs -o FILE.html, and no --target")
    check_beam(given, parser())


def _check_files(given: argparse.Namespace) -> None:
    """Refuses what cannot be read or written before the model is loaded."""
    files = [path for path in (given.input, given.target) if path]
    for path in files:
        if Path(path).is_dir():
            raise SettingsError(f"{path} is a folder, not a file")
        if given.output and Path(given.output).exists() and Path(given.output).samefile(path):
            raise SettingsError(f"{given.output} is read: write to another file")
    if given.target:
        check_lengths(files)
    if given.output and not Path(given.output).absolute().parent.is_dir():
        raise SettingsError(f"{Path(given.output).parent}: no such folder")


def _items(given: argparse.Namespace, translator: "Translator") -> Iterator["Translation | Alignment"]:
    """Yields a translation of each line, or the alignment of each pair that is given."""
    if given.input is None:
        sentence = given.sentence.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        yield translator.translate(sentence, **search_arguments(given))
        return
    with open(given.input, "rb") as source:
        if given.target is None:
            yield from translator.stream(decoded(source), batch_size=given.batch_size, **search_arguments(given))
            return
        from nmt import Alignment

        with open(given.target, "rb") as target:
            for line, partner in pairs(source, target, [given.input, given.target]):
                is_full = bool(line.strip() and partner.strip())
                yield translator.align(line.rstrip("\r\n"), partner.rstrip("\r\n")) if is_full else Alignment.empty()


def _alignment(item: Any) -> "Alignment":
    found: Alignment = getattr(item, "alignment", item)
    return found


def _shown(item: Any) -> "tuple[Any, Alignment]":
    """Returns an item and its alignment.

    Raises:
        SettingsError: it is an empty line.
    """
    alignment = _alignment(item)
    if not alignment.target_tokens:
        raise SettingsError("an empty sentence has no alignment")
    return item, alignment


def _only(items: "Sequence[Translation | Alignment]") -> "Alignment":
    if len(items) != 1:
        raise SettingsError(f"a picture shows one sentence, not {len(items)}: write a page, -o FILE.html")
    return _shown(items[0])[1]


def _draw(given: argparse.Namespace, alignment: "Alignment") -> None:
    alignment.at(given.alignment_level).save(given.output, kind=given.view or "heatmap")


def _write(given: argparse.Namespace, items: "Sequence[Translation | Alignment]") -> None:
    """Writes text to the file, or to standard output in what its terminal can show."""
    if given.input is None:
        _shown(items[0])
    if given.output:
        Path(given.output).write_text(_text(given, items, WIDTH, plain=False), encoding="utf-8")
        return
    encoding = sys.stdout.encoding if sys.stdout.isatty() else "utf-8"
    text = _text(given, items, shutil.get_terminal_size((WIDTH, 24)).columns, plain=not _has_blocks(encoding))
    with naming("standard output"):
        sys.stdout.buffer.write(text.encode(encoding, "replace"))
        sys.stdout.buffer.flush()


def _has_blocks(encoding: str) -> bool:
    try:
        "·░▒▓█│…".encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _text(given: argparse.Namespace, items: "Sequence[Translation | Alignment]", width: int, *, plain: bool) -> str:
    """Returns the sentences below each other, numbered if they are the lines of a file."""
    parts = []
    for number, item in enumerate(items, 1):
        alignment = _alignment(item)
        lines = [] if given.input is None else [f"{number}: {alignment.source_text}".rstrip(), ""]
        if alignment.target_tokens:
            shown = alignment.at(given.alignment_level)
            lines += [shown.to_text(width, plain=plain, legend=number == len(items)), ""]
        parts.append("\n".join(lines))
    return "\n".join(parts)
