"""Brings Tatoeba's German-English or French-English sentences into recipes/tatoeba/data/deu-eng or fra-eng.

python recipes/tatoeba/prepare.py                       downloads the German pairs and splits them
python recipes/tatoeba/prepare.py --pair fra-eng        the French ones
python recipes/tatoeba/prepare.py --from DIR            takes train.de or train.de.gz and so on from a folder
"""

import argparse
import hashlib
import io
import logging
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from nmt.data.fetch import CorpusFile, download, fetch, read_checksums, write
from nmt.data.text import DataError

HERE = Path(__file__).resolve().parent
ARCHIVES = {
    "deu-eng": "https://raw.githubusercontent.com/rioyshky/translation/de48b7027f7318d77010a6e08ed928c10748c23d/deu-eng.zip",
    "fra-eng": "https://raw.githubusercontent.com/genimind/seq2seq/4f3f8eb0adde54fcc8b89394336b002e7961244c/fra-eng.zip",
}
CODES = {"deu-eng": "de", "fra-eng": "fr"}
HELD_OUT = 1000
"""Pairs of the development text, and of the test text."""

Pair = tuple[str, str]
"""A sentence in English and in the other language."""


def read_archive(content: bytes) -> list[Pair]:
    """Reads the pairs of an archive as manythings.org makes them: one text file, English first, tabs between."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".txt") and "about" not in name)
        text = archive.read(name).decode("utf-8")
    rows = (line.rstrip("\r").split("\t") for line in text.split("\n") if line)
    return list(dict.fromkeys((row[0].strip(), row[1].strip()) for row in rows))


def split(pairs: Iterable[Pair], held_out: int = HELD_OUT) -> dict[str, list[Pair]]:
    """Divides pairs into `dev`, `test` and `train`, so that no sentence of the first two occurs in the third.

    Pairs that share a sentence, but for case and punctuation, form a group. Groups of at most four pairs, in the order
    of a hash, give one pair each to dev and then to test, if it has three English words or more; the rest of such a
    group is left out. What is taken depends on the sentences alone, and not on their order.
    """
    groups = sorted(grouped(pairs), key=lambda group: min(map(digest, group)))
    parts: dict[str, list[Pair]] = {"dev": [], "test": [], "train": []}
    for group in groups:
        first = min(group, key=digest)
        name = next((name for name in ("dev", "test") if len(parts[name]) < held_out), "train")
        if name == "train" or len(group) > 4 or len(first[0].split()) < 3:
            parts["train"].extend(group)
        else:
            parts[name].append(first)
    parts["train"].sort(key=digest)
    return parts


def grouped(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """Yields the pairs that are connected by sentences they share (union and find)."""
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        while (parent := parents.setdefault(name, name)) != name:
            parents[name] = parents[parent]  # halves the way for the next time
            name = parent
        return name

    pairs = list(pairs)
    for english, other in pairs:
        parents[root(plain("en", english))] = root(plain("xx", other))
    groups = defaultdict(list)
    for pair in pairs:
        groups[root(plain("en", pair[0]))].append(pair)
    yield from groups.values()


def plain(side: str, sentence: str) -> str:
    """Returns what is left of a sentence without case and punctuation, marked with its side."""
    return f"{side} {''.join(one for one in sentence.casefold() if one.isalnum())}"


def digest(pair: Pair) -> str:
    """Returns a hash, for an order that is the same everywhere and fair."""
    return hashlib.sha1("\t".join(pair).encode(), usedforsecurity=False).hexdigest()


def main() -> None:
    """Reads the command line, and copies the parts or makes them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pair", choices=sorted(ARCHIVES), default="deu-eng", help="default: %(default)s")
    parser.add_argument("--from", dest="source", type=Path, metavar="DIR", help="a folder that has the parts")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    folder, code = HERE / "data" / arguments.pair, CODES[arguments.pair]
    try:
        if arguments.source is not None:
            checksums = read_checksums(HERE / f"{arguments.pair}.sha256")
            fetch([CorpusFile(name, sha256) for name, sha256 in checksums.items()], folder, arguments.source)
            return
        for name, pairs in split(read_archive(download(ARCHIVES[arguments.pair]))).items():
            for column, language in enumerate(("en", code)):
                write(folder / f"{name}.{language}", "".join(f"{pair[column]}\n" for pair in pairs).encode())
    except (DataError, OSError, zipfile.BadZipFile) as error:
        sys.exit(f"prepare.py: error: {error}")


if __name__ == "__main__":
    main()
