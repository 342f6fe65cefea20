"""Given links between words: files of `source-target` pairs, a line for each pair of sentences."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from nmt.data.text import DataError, read_lines

Link = tuple[int, int]
Span = tuple[int, int]

_LINK = re.compile(r"(\d+)-(\d+)")
_TOKENS = re.compile(
    r"[぀-ヿ㐀-䶿一-鿿豈-﫿]"  # kana and Han, each a word of its own
    r"|[^\W぀-ヿ㐀-䶿一-鿿豈-﫿]+(?:['’](?=\w))?"  # letters and digits, an elided article with its apostrophe
    r"|[^\w\s]"
)


def read_links(paths: Sequence[Path]) -> Iterator[tuple[str, list[Link]]]:
    """Yields the place, file and line, and the links of each pair: (source, target) words counted from 0.

    Raises:
        DataError: no such file, or something else than `source-target` pairs.
    """
    for path in paths:
        if not path.is_file():
            raise DataError(f"data.alignments: no file {path}")
        for number, line in enumerate(read_lines(path), 1):
            found = [_LINK.fullmatch(one) for one in line.split()]
            if not all(found):
                wrong = line.split()[found.index(None)]
                raise DataError(
                    f"{path}, line {number}: {wrong!r} is no link: write source-target, counted from 0, such as 0-1"
                )
            yield f"{path}, line {number}", [(int(one[1]), int(one[2])) for one in found if one]


def token_spans(text: str) -> list[Span]:
    """Returns the (start, end) characters of what an aligner shall take for words.

    These are runs of letters and digits, and single punctuation marks, also where no space divides them; Han and kana
    characters stand alone.
    """
    return [match.span() for match in _TOKENS.finditer(text)]
