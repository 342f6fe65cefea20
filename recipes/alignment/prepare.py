"""Brings text into recipes/alignment/data: Tatoeba's pairs, and sentences of the Hansards with gold links.

python recipes/tatoeba/prepare.py --pair fra-eng       first
python recipes/alignment/prepare.py                    downloads the 447 pairs of the Hansards and their links
python recipes/alignment/prepare.py --from DIR         takes src.en, tgt.fr and gold.1based.txt from a folder
python recipes/alignment/prepare.py --phrasebook en-de makes the phrasebook instead, which needs nothing

Tatoeba's sentences are cut into words and lower-cased as the Hansards are; links count from 0.
"""

import argparse
import logging
import re
import sys
from itertools import permutations
from pathlib import Path

from nmt.data.fetch import download, find, write
from nmt.data.phrasebook import phrasebook
from nmt.data.text import DataError

HERE = Path(__file__).resolve().parent
TATOEBA = HERE.parent / "tatoeba" / "data" / "fra-eng"
COMMIT = "5f150d45bbe51e167daf0a84abebaeb07c3323d1"
URL = f"https://raw.githubusercontent.com/neulab/awesome-align/{COMMIT}/examples/enfr"
PHRASEBOOKS = [f"{source}-{target}" for source, target in permutations(("en", "de", "fr", "es"), 2)]
WORD = re.compile(r"\w+['’]|\w+|[^\w\s]")
LINK = re.compile(r"(\d+)([-p])(\d+)")


def tokenized(line: str) -> str:
    """Returns a sentence in lower-cased words and marks with blanks between; an apostrophe stays with what it ends."""
    return " ".join(WORD.findall(line.lower()))


def from_zero(line: str) -> str:
    """Returns a line of links whose words are counted from 1 as the links that count from 0, sorted."""
    found = sorted((int(a) - 1, int(b) - 1, kind) for a, kind, b in LINK.findall(line))
    return " ".join(f"{a}{kind}{b}" for a, b, kind in found)


def hansards(source: Path | None) -> tuple[list[str], list[str], list[str]]:
    """Returns English and French sentences and lines of links, from a folder or from where they are published."""
    if source is not None:
        names = "src.en", "tgt.fr", "gold.1based.txt"
        english, french, gold = (find(source, name).decode().splitlines() for name in names)
        return english, french, gold
    pairs = [line.split(" ||| ") for line in download(f"{URL}.src-tgt").decode().splitlines()]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs], download(f"{URL}.gold").decode().splitlines()


def hansards_files(source: Path | None) -> dict[str, list[str]]:
    """Returns the lines of each file: Tatoeba's pairs, and the Hansards."""
    english, french, gold = hansards(source)
    files = {
        "hansards.en": [line.strip().lower() for line in english],
        "hansards.fr": [line.strip().lower() for line in french],
        "hansards.gold": [from_zero(line) for line in gold],
    }
    for language in ("en", "fr"):
        lines = find(TATOEBA, f"train.{language}").decode().removesuffix("\n").split("\n")
        files[f"tatoeba.{language}"] = [tokenized(line) for line in lines]
    return files


def phrasebook_files(pair: str) -> dict[str, list[str]]:
    """Returns the lines of each file: the phrasebook, and 200 more of its pairs with their gold links."""
    languages = pair.split("-")
    book = phrasebook(*languages)
    files = {}
    for name, phrases in (("phrasebook", book.train), ("phrasebook-test", book.test)):
        for language, side in zip(languages, ("source", "target"), strict=True):
            files[f"{name}.{language}"] = [getattr(one, side) for one in phrases]
    links = [sorted((*link, "-" if link in one.sure else "p") for link in one.possible) for one in book.test]
    files["phrasebook-test.gold"] = [" ".join(f"{a}{kind}{b}" for a, b, kind in line) for line in links]
    return files


def main() -> None:
    """Reads the command line and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=Path, metavar="DIR", help="a folder that has the Hansards")
    parser.add_argument("--phrasebook", metavar="L-L", choices=PHRASEBOOKS, help="such as en-de, in any direction")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        files = phrasebook_files(given.phrasebook) if given.phrasebook else hansards_files(given.source)
        for name, lines in files.items():
            write(HERE / "data" / name, "".join(f"{line}\n" for line in lines).encode())
    except (DataError, OSError) as error:
        sys.exit(f"prepare.py: error: {error}")


if __name__ == "__main__":
    main()
