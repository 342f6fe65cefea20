"""The text that everything in the recipe reads: lower-cased, the sentences with gold links among it, a line a pair."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nmt.data.text import read_lines, replace_file, side

Pair = tuple[str, str]
VALID = 200
"""Pairs of the training text that validations translate; BLEU is not what is asked for."""


@dataclass(frozen=True)
class Text:
    """Where the text lies.

    Attributes:
        folder: of the files.
        languages: codes of source and target.
    """

    folder: Path
    languages: tuple[str, str]

    def prefix(self, part: str) -> Path:
        """Returns what the two files of a part begin with."""
        return self.folder / part

    def read(self, part: str) -> tuple[list[str], list[str]]:
        """Returns source and target lines of a part: `all`, `model`, `valid` or `test`."""
        first, second = (list(read_lines(Path(f"{self.prefix(part)}.{one}"))) for one in self.languages)
        return first, second

    def write(self, part: str, pairs: Sequence[Pair]) -> None:
        """Writes the two files of a part."""
        for column, language in enumerate(self.languages):
            lines = "".join(f"{pair[column]}\n" for pair in pairs)
            replace_file(Path(f"{self.prefix(part)}.{language}"), lines.encode())

    def places(self, part: str) -> list[int]:
        """Returns the line in `all` of each pair of a part, counted from 0."""
        known = {pair: place for place, pair in enumerate(zip(*self.read("all"), strict=True))}
        return [known[pair] for pair in zip(*self.read(part), strict=True)]


def read_pairs(prefix: str, languages: tuple[str, str]) -> list[Pair]:
    """Reads line-parallel files, lower-cased.

    Raises:
        DataError: a file that is missing.
        ValueError: files of different lengths.
    """
    columns = ([line.strip().lower() for line in read_lines(side(prefix, language))] for language in languages)
    return list(zip(*columns, strict=True))


def write_text(text: Text, train: Iterable[Pair], test: Sequence[Pair], most: int) -> None:
    """Writes all parts, unless they are there.

    Args:
        text: where to.
        train: the training text; pairs with an empty side are left out, and repeated ones.
        test: the sentences with gold links; those that are not in the training text are added to it.
        most: pairs of the training text that models learn from, drawn by chance, beside the sentences with gold links.
    """
    if Path(f"{text.prefix('test')}.{text.languages[1]}").is_file():
        return
    text.folder.mkdir(parents=True, exist_ok=True)
    known = set(test)
    others = [pair for pair in dict.fromkeys(train) if all(pair) and pair not in known]
    added = [pair for pair in dict.fromkeys(test) if all(pair)]
    sample = random.Random(1).sample(others, min(most, len(others)))
    text.write("all", [*others, *added])
    text.write("model", [*sample, *added])
    text.write("valid", sample[:VALID])
    text.write("test", test)
