"""`nmt heatmap`: alignments as a picture, as a page, or as text for the terminal."""

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmt.cli.options import (
    Parser,
    add_links,
    add_model,
    add_search,
    load_translator,
    naming,
    positive,
    search_arguments,
    set_links,
    set_threads,
)
from nmt.cli.pairs import check_pairs, open_pairs
from nmt.cli.translate import check_beam, decoded
from nmt.config import SettingsError

if TYPE_CHECKING:
    from nmt import Alignment, Translation, Translator
    from nmt.alignment import GoldSentence

PICTURES, PAGE, TEXT = (".png", ".svg"), ".html", ".txt"
SUFFIXES = (*PICTURES, PAGE, TEXT)
WIDTH = 100
ABOUT = """\
Translates a sentence, or the lines of a file, and shows which source token went where: as a picture, as one page of any
number of sentences, or as text.
"""


def parser() -> Parser:
    """Returns the parser of the command."""
    made = Parser(prog="nmt heatmap", description=ABOUT)
    add_model(made)
    add_search(made)
    add_links(made)
    made.add_argument("sentence", nargs="?", help="the sentence to translate")
    made.add_argument(
        "-i", "--input", metavar="FILE", help="sentences to translate, one a line, instead of one sentence"
    )
    made.add_argument("--target", metavar="FILE", help="translations of the lines of -i that are given, not searched")
    made.add_argument("--gold", metavar="FILE", help="gold links between words of these pairs, to be marked")
    made.add_argument("--gold-base", type=int, choices=(0, 1), help="the first word there (default: 0; NAACL: 1)")
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
    set_links(translator, given)
    if not translator.model.aligns:
        from nmt.translation.result import NoAlignmentError

        raise NoAlignmentError
    with ExitStack() as stack:
        items = list(_items(given, translator, stack))
    gold = _gold(given, items)
    if suffix in PICTURES:
        _draw(given, _only(items), gold[0] if gold else None)
    elif suffix == PAGE:
        from nmt.alignment.pages import alignment_page

        # One sentence must be there to be looked at; among others an empty line is shown as such.
        page = alignment_page(items if given.input else [_full(items[0])], level=given.alignment_level, gold=gold)
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
    if given.gold and not (given.target and suffix in (*PICTURES, PAGE)):
        refuse("--gold needs --target, the pairs that it links, and a picture or a page")
    if (given.gold_base is not None) and not given.gold:
        refuse("--gold-base needs --gold")
    if given.gold and given.words != "space":
        refuse("--gold needs --words space, which gold links count in")
    if suffix in PICTURES and given.gold and given.alignment_level != "word":
        refuse("--gold in a picture needs --alignment-level word")
    if (given.n_best or 1) > 1 and (suffix != PAGE or given.target):
        refuse("--n-best above 1 needs -o FILE.html, and no --target")
    check_beam(given, parser())


def _check_files(given: argparse.Namespace) -> None:
    """Refuses what cannot be read or written before the model is loaded."""
    if given.target:
        check_pairs(parser(), given.input, given.target, [given.output])
    elif given.input and Path(given.input).is_dir():
        raise SettingsError(f"{given.input} is a folder, not a file")
    elif given.input and given.output and Path(given.output).exists() and Path(given.output).samefile(given.input):
        raise SettingsError(f"{given.output} is read: write to another file")
    if given.output and not Path(given.output).absolute().parent.is_dir():
        raise SettingsError(f"{Path(given.output).parent}: no such folder")


def _items(
    given: argparse.Namespace, translator: "Translator", stack: ExitStack
) -> Iterator["Translation | Alignment"]:
    """Yields a translation of each line, or the alignment of each pair that is given."""
    if given.input is None:
        sentence = given.sentence.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        yield translator.translate(sentence, **search_arguments(given))
    elif given.target is None:
        lines = decoded(stack.enter_context(open(given.input, "rb")))  # noqa: SIM115
        yield from translator.stream(lines, batch_size=given.batch_size, **search_arguments(given))
    else:
        pairs, _ = open_pairs(given.input, given.target, stack)
        yield from translator.align_pairs(pairs, batch_size=given.batch_size)


def _gold(given: argparse.Namespace, items: "Sequence[Any]") -> "list[GoldSentence] | None":
    """Returns the gold links of each pair, if there are any."""
    if not given.gold:
        return None
    from nmt.alignment import read_gold

    words = [item.words() for item in items]
    return read_gold(given.gold, given.gold_base, [(len(one.source_tokens), len(one.target_tokens)) for one in words])


def _alignment(item: Any) -> "Alignment":
    found: Alignment = getattr(item, "alignment", item)
    return found


def _full(item: Any) -> Any:
    """Returns an item that is no empty line.

    Raises:
        SettingsError: it is one.
    """
    if not _alignment(item).target_tokens:
        raise SettingsError("an empty sentence has no alignment")
    return item


def _only(items: "Sequence[Translation | Alignment]") -> "Alignment":
    if len(items) != 1:
        raise SettingsError(f"a picture shows one sentence, not {len(items)}: write a page, -o FILE.html")
    return _alignment(_full(items[0]))


def _draw(given: argparse.Namespace, alignment: "Alignment", gold: "GoldSentence | None") -> None:
    marks: dict[str, Any] = {} if gold is None else {"gold": gold.sure, "possible": gold.possible}
    alignment.at(given.alignment_level).save(given.output, kind=given.view or "heatmap", **marks)


def _write(given: argparse.Namespace, items: "Sequence[Translation | Alignment]") -> None:
    """Writes text to the file, or to standard output in what its terminal can show."""
    if given.input is None:
        _full(items[0])
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
