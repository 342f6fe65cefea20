"""Options that several commands share."""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from nmt.config import END_RULES, PRECISIONS, STOPPING, LinkSettings, SettingsError, build, link_settings

if TYPE_CHECKING:
    from nmt.translation import Translator

SEARCH = (
    "beam_size",
    "n_best",
    "length_penalty",
    "max_length",
    "stopping",
    "attention_temperature",
    "shortlist",
    "tags",
    "replace_unknown",
    "sample",
    "temperature",
    "top_k",
    "top_p",
    "seed",
)


ALIGNMENT_FORMATS = ("pharaoh", "pharaoh-probabilities", "jsonl", "npz")
"""Those of `nmt.translation.writers`, known here without loading it."""


class Parser(argparse.ArgumentParser):
    """An argument parser that answers wrong usage in one line."""

    def error(self, message: str) -> NoReturn:
        """Exits with status 2."""
        self.exit(2, f"{self.prog}: error: {message}; see {self.prog} --help\n")


def add_model(parser: argparse.ArgumentParser) -> None:
    """Adds what names and places a model, and how it computes."""
    add_place(parser)
    parser.add_argument(
        "--ensemble", action="append", default=[], metavar="MODEL", help="another model that votes (may be given again)"
    )
    parser.add_argument(
        "--precision", choices=PRECISIONS, help="default: the package's own, float unless made otherwise"
    )
    parser.add_argument("--threads", type=positive, metavar="N", help="CPU threads (default: torch's choice)")


def add_place(parser: argparse.ArgumentParser) -> None:
    """Adds what names and places a model."""
    parser.add_argument("model", metavar="MODEL", help="a run directory or a model package")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 (default: %(default)s)")
    add_allowance(parser)


def add_allowance(parser: argparse.ArgumentParser) -> None:
    """Adds the option that allows code from outside the package."""
    parser.add_argument(
        "--allow-package",
        action="append",
        default=[],
        metavar="PKG",
        help="run code of this package for a model whose attention score is from outside (may be given again)",
    )


def add_search(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the search; what is not given is taken from the model package."""
    parser.add_argument("--beam-size", type=positive, metavar="N", help="1 is greedy search (default: the model's, 5)")
    parser.add_argument("--length-penalty", type=float, metavar="X", help="default: the model's, 1.0")
    parser.add_argument("--max-length", type=positive, metavar="N", help="most pieces (default: twice the source + 10)")
    parser.add_argument("--stopping", choices=STOPPING, help="default: the model's, complete")
    parser.add_argument(
        "--attention-temperature",
        type=float,
        metavar="X",
        help="divides attention scores: below the model's own sharper, above it flatter (default: the model's, 1.0)",
    )
    parser.add_argument(
        "--no-shortlist",
        dest="shortlist",
        action="store_false",
        default=None,
        help="look at all target pieces, also where the package has a shortlist",
    )


def add_sampling(parser: argparse.ArgumentParser) -> None:
    """Adds the options of sampling."""
    group = parser.add_argument_group("sampling")
    group.add_argument(
        "--sample", action="store_true", default=None, help="draw --n-best translations instead of searching for them"
    )
    group.add_argument("--temperature", type=float, metavar="X", help="below 1: draw what is probable more often")
    group.add_argument("--top-k", type=positive, metavar="N", help="draw from the N most probable pieces alone")
    group.add_argument("--top-p", type=float, metavar="X", help="draw from those that make this probability alone")
    group.add_argument("--seed", type=int, metavar="N", help="another one draws others (default: 1)")


def add_links(parser: argparse.ArgumentParser) -> None:
    """Adds how links are read off attention; what is not given is taken from the model package."""
    parser.add_argument("--shift", type=int, choices=(0, 1), help="1: links from the row of the next step")
    parser.add_argument(
        "--end",
        choices=END_RULES,
        help="where </s> draws the most weight: skip the row, or drop that column (default: the model's)",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="X",
        help="link all of at least this weight (default: the model's, or the largest alone)",
    )
    parser.add_argument("--links", metavar="FILE", help="read these three from a file that nmt align --tune wrote")
    parser.add_argument(
        "--words",
        choices=("space", "script"),
        default="space",
        help="what a word is: what stands between spaces, or for Japanese, Chinese and Thai signs and runs of a script",
    )


def set_links(translator: "Translator", arguments: argparse.Namespace, part: str = "links") -> None:
    """Sets how a translator's alignments, or their posteriors, are read to what the arguments of `add_links` say.

    Raises:
        UserError: a value out of range, or a file that holds no such settings.
    """
    attribute = "posterior_links" if getattr(arguments, "posterior", False) else "links"
    found = read_links(arguments.links, part) if arguments.links else None
    base = found or getattr(translator, attribute)
    given = {name: getattr(arguments, name) for name in ("shift", "end", "threshold")}
    setattr(translator, attribute, link_settings(base, **given))
    translator.split = arguments.words


def read_links(path: str, part: str) -> LinkSettings | None:
    """Returns the part `links` or `reverse` of a file that `nmt align --tune` wrote; None if there is no `reverse`.

    Raises:
        SettingsError: another kind of file.
    """
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no file of link settings ({error}): nmt align --tune writes one") from error
    if not isinstance(values, dict) or "links" not in values:
        raise SettingsError(f"{path} is no file of link settings: it lacks 'links'; nmt align --tune writes one")
    return build(LinkSettings, values[part], f"{path}: {part}") if part in values else None


def add_bootstrap(parser: argparse.ArgumentParser) -> None:
    """Adds the options of intervals and paired tests."""
    parser.add_argument(
        "--bootstrap",
        type=whole,
        default=1000,
        metavar="N",
        help="samples, 0 for neither intervals nor p (default: %(default)s)",
    )
    parser.add_argument("--seed", type=whole, metavar="N", help="of the samples (default: $SACREBLEU_SEED, else 12345)")


def search_arguments(arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns the search options that were given."""
    return {name: getattr(arguments, name, None) for name in SEARCH}


def positive(text: str) -> int:
    """Reads a whole number of at least 1."""
    number = int(text) if text.strip().lstrip("+").isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return number


def whole(text: str) -> int:
    """Reads a whole number of at least 0."""
    if not text.strip().isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 0")
    return int(text)


@contextmanager
def naming(*paths: str | None) -> Iterator[None]:
    """Lets an error in writing, such as a full disk, name the files that were being written."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = " or ".join(path for path in paths if path)
        raise


def set_threads(threads: int | None) -> None:
    """Sets how many threads torch computes with."""
    if threads is not None:
        import torch

        torch.set_num_threads(threads)


def load_translator(arguments: argparse.Namespace) -> "Translator":
    """Loads the model, or the models, that the arguments of `add_model` name."""
    from nmt.translation import Translator

    return Translator.load(
        [arguments.model, *arguments.ensemble],
        device=arguments.device,
        precision=arguments.precision,
        allow_packages=arguments.allow_package,
    )
