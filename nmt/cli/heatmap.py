"""`nmt heatmap`: the alignment of one sentence as a picture or a page."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from nmt.cli.options import (
    Parser,
    add_links,
    add_model,
    add_search,
    load_translator,
    search_arguments,
    set_links,
    set_threads,
)
from nmt.config import SettingsError

SUFFIXES = (".png", ".svg", ".html")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command."""
    made = Parser(prog="nmt heatmap", description="Translates a sentence and draws which source token went where.")
    add_model(made)
    add_search(made)
    add_links(made)
    made.add_argument("sentence", help="the sentence to translate")
    made.add_argument("-o", "--output", required=True, metavar="FILE", help="a .png, .svg or .html file")
    made.add_argument("--alignment-level", default="piece", choices=("word", "piece"), help="default: %(default)s")
    return made


def run(arguments: Sequence[str]) -> None:
    """Draws."""
    given = parser().parse_args(arguments)
    path = Path(given.output)
    if path.suffix.lower() not in SUFFIXES:
        parser().error(f"-o {path}: the file must end in {', '.join(SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise SettingsError(f"{path.parent}: no such folder")
    set_threads(given.threads)

    from nmt.alignment.pages import alignment_page
    from nmt.visual.heatmap import save_heatmap

    translator = load_translator(given)
    set_links(translator, given)
    sentence = given.sentence.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    result = translator.translate(sentence, **search_arguments(given))
    if not result.hypotheses:
        raise SettingsError("an empty sentence has no alignment")
    if path.suffix.lower() == ".html":
        page = alignment_page([result.alignment], [result.score], first=given.alignment_level)
        path.write_text(page, encoding="utf-8")
        return
    shown = result.alignment.at(given.alignment_level)
    save_heatmap(path, shown.matrix, shown.source_tokens, shown.target_tokens)
