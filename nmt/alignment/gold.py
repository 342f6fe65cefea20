"""Gold links of files: the `i-j`/`ipj` and the NAACL formats."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nmt.data.text import DataError, read_lines

Link = tuple[int, int]

MOST_SENTENCES = 1_000_000
"""A higher number of a sentence is taken for a slip rather than filled up to."""

_PAIR = re.compile(r"(\d+)([-p])(\d+)")
_NAACL = re.compile(r"(\d+)\s+(\d+)\s+(\d+)(?:\s+([SPsp]))?(?:\s+[\d.eE+-]+)?")


@dataclass(frozen=True)
class GoldSentence:
    """Gold links of a pair of sentences, words counted from 0.

    Attributes:
        sure: links that must be there, as (source, target).
        possible: links that may be there, the sure ones among them.
        places: file and line of each link, for messages.
    """

    sure: frozenset[Link]
    possible: frozenset[Link]
    places: Mapping[Link, str] = field(default_factory=dict, repr=False, compare=False)

    def check(self, source_words: int, target_words: int) -> None:
        """Raises DataError if a link leads to a word that is not there; the message names file and line."""
        for source, target in sorted(self.possible):
            for side, word, words in (("source", source, source_words), ("target", target, target_words)):
                if word >= words:
                    raise DataError(
                        f"{self.places.get((source, target), 'gold')}: link to {side} word {word}, counted from 0, but "
                        f"there are {words}: are words counted from 1 there (--gold-base 1), or is it another text?"
                    )


@dataclass(frozen=True)
class GoldFile:
    """What a file of gold links holds.

    Attributes:
        path: the file.
        sentences: their links, in order.
        by_link: whether a line of the file is a link, so that sentences without links leave no trace at its end.
    """

    path: Path
    sentences: list[GoldSentence]
    by_link: bool

    def fit(self, lengths: Sequence[tuple[int, int]]) -> list[GoldSentence]:
        """Returns the gold links of sentences with so many (source, target) words.

        Raises:
            DataError: another number of sentences, or a link out of range, by file and line.
        """
        found = list(self.sentences)
        if self.by_link:
            found += [GoldSentence(frozenset(), frozenset())] * (len(lengths) - len(found))
        if len(found) != len(lengths):
            raise DataError(f"{self.path} has gold links of {len(found)} sentences, but there are {len(lengths)} pairs")
        for sentence, (source_words, target_words) in zip(found, lengths, strict=True):
            sentence.check(source_words, target_words)
        return found


def read_gold(
    path: str | Path, base: int | None = None, lengths: Sequence[tuple[int, int]] | None = None
) -> list[GoldSentence]:
    """Reads gold links; see `read_gold_file`.

    Args:
        path: the file, plain or `.gz`.
        base: what the first word is called, 0 or 1; None: 0 in `i-j`, 1 in NAACL.
        lengths: (source words, target words) of each sentence, which links must lie within; also the number of
            sentences, where the last ones have no link in the NAACL format.

    Raises:
        DataError: a line that is no links, a link out of range, another number of sentences; with file and line.
    """
    found = read_gold_file(path, base)
    return found.sentences if lengths is None else found.fit(lengths)


def read_gold_file(path: str | Path, base: int | None = None) -> GoldFile:
    """Reads gold links in one of two formats, told apart by the first line that is not blank.

    In `i-j`/`ipj` a line is a sentence: `0-0 1p2`, where `-` is a sure and `p` a possible link from source word to
    target word; a blank line is a sentence without links. In the NAACL format (Mihalcea & Pedersen 2003) a line is a
    link: number of the sentence from 1, source word, target word, then `S` (the default) or `P`, and perhaps a
    probability, which is not used.

    Args:
        path: the file, plain or `.gz`.
        base: what the first word is called, 0 or 1; None: 0 in `i-j`, 1 in NAACL.

    Raises:
        DataError: a line that is no links, with file and line.
    """
    file = Path(path)
    lines = list(read_lines(file))
    first = next((line for line in lines if line.strip()), "")
    by_link = bool(first) and not _PAIR.match(first.split()[0])
    return GoldFile(file, (_read_naacl if by_link else _read_pairs)(file, lines, base), by_link)


def _read_pairs(file: Path, lines: Iterable[str], base: int | None) -> list[GoldSentence]:
    found = []
    for number, line in enumerate(lines, 1):
        place, kinds = f"{file}, line {number}", []
        for item in line.split():
            match = _PAIR.fullmatch(item)
            if match is None:
                raise DataError(f"{place}: '{item}' is no link: 3-4 is a sure one, 3p4 a possible one")
            kinds.append((_link(match[1], match[3], base or 0, place), match[2] == "-"))
        found.append(_sentence(kinds, {link: place for link, _ in kinds}))
    return found


def _read_naacl(file: Path, lines: Iterable[str], base: int | None) -> list[GoldSentence]:
    kinds: dict[int, list[tuple[Link, bool]]] = {}
    places: dict[int, dict[Link, str]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place, match = f"{file}, line {number}", _NAACL.fullmatch(line.strip())
        if match is None or not 0 < int(match[1]) <= MOST_SENTENCES:
            raise DataError(f"{place}: not 'SENTENCE SOURCE TARGET [S|P] [probability]', sentences counted from 1")
        sentence, link = int(match[1]) - 1, _link(match[2], match[3], 1 if base is None else base, place)
        kinds.setdefault(sentence, []).append((link, (match[4] or "S") in "Ss"))
        places.setdefault(sentence, {})[link] = place
    return [_sentence(kinds.get(one, []), places.get(one, {})) for one in range(max(kinds, default=-1) + 1)]


def _link(source: str, target: str, base: int, place: str) -> Link:
    link = int(source) - base, int(target) - base
    if min(link) < 0:
        raise DataError(f"{place}: a link to word 0, but words are counted from 1 there: is it --gold-base 0?")
    return link


def _sentence(kinds: Sequence[tuple[Link, bool]], places: Mapping[Link, str]) -> GoldSentence:
    return GoldSentence(frozenset(link for link, sure in kinds if sure), frozenset(link for link, _ in kinds), places)
