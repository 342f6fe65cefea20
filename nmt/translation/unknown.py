"""Words that the vocabulary lacks, carried to the translation by alignment.

They come out as they are, or as an entry of a dictionary says (Luong et al. 2015, "Addressing the rare word problem in
neural machine translation"; Jean et al. 2015, "On using very large target vocabulary for neural machine translation",
who find the source word by attention, as is done here). Two cases:

- The model says by its unknown token that it lacks a word: the source word of most attention takes its place.
- The source has a word of which half or more of the characters are unknown. It takes the place of its guessed
  translation, the words which give it most of their attention; if there are none, it goes between the translations of
  its neighbours.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nmt.alignment import Alignment
from nmt.alignment.unit_weights import UnitAlignment
from nmt.alignment.units import words_and_marks
from nmt.alignment.words import Span
from nmt.data.text import DataError, read_lines
from nmt.data.tokenizer import SPACE, Tokenizer
from nmt.translation.result import Hypothesis, Translation, ending
from nmt.translation.spacing import CLOSERS, OPENERS, apart


def read_dictionary(path: Path) -> dict[str, str]:
    """Reads lines of a source word, a tab and its translation; empty lines are left out, the first of a word counts.

    Raises:
        DataError: a line of another form.
    """
    if not path.is_file():
        raise DataError(f"no dictionary at {path}")
    found = dict[str, str]()
    for number, line in enumerate(read_lines(path), 1):
        word, translation, *more = (*(part.strip() for part in line.split("\t")), "")
        if not line.strip():
            continue
        if not word or not translation or any(more):
            raise DataError(f"{path}, line {number}: write a source word, one tab and its translation")
        found.setdefault(word, translation)
    return found


class _Edit(NamedTuple):
    """What comes in place of some characters of the translation."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class UnknownWords:
    """Replaces unknown words of translations.

    Attributes:
        known: the pieces of the source vocabulary.
        mark: what alignments call the unknown target token.
        spaced: whether spaces are pieces of the target vocabulary; else each piece is a word.
        dictionary: translations of words as they are written, or in lower case.
    """

    known: frozenset[str]
    mark: str
    spaced: bool
    dictionary: Mapping[str, str]

    @classmethod
    def of(cls, source: Tokenizer, target: Tokenizer, dictionary: Mapping[str, str] | None) -> "UnknownWords":
        """Returns what replaces unknown words between two vocabularies."""
        pieces = target.pieces()
        return cls(frozenset(source.pieces()), pieces[target.vocabulary.unk_id], SPACE in pieces, dictionary or {})

    def replaced(self, results: Iterator[Translation]) -> Generator[Translation, None, None]:
        """Yields the translations without unknown words."""
        with ending(results):
            for result in results:
                yield replace(result, hypotheses=tuple(self._hypothesis(one) for one in result.hypotheses))

    def _hypothesis(self, hypothesis: Hypothesis) -> Hypothesis:
        alignment = hypothesis.alignment
        words = words_and_marks(alignment.source_text)
        unknown = self._unknown(alignment, words)
        if unknown or self.mark in alignment.target_tokens:
            alignment, used = self._without_marks(alignment, words)
            left = [one for one in unknown if not any(first < one[1] and one[0] < last for first, last in used)]
            alignment = self._carried(alignment, left)
        return replace(hypothesis, text=alignment.target_text, _alignment=alignment)

    def _unknown(self, alignment: Alignment, words: list[Span]) -> list[Span]:
        """Returns the source words of which half or more is unknown."""
        spans = [
            span
            for token, span in zip(alignment.source_tokens[:-1], alignment.source_spans, strict=False)
            if token not in self.known
        ]
        found = []
        for start, end in words if spans else []:
            lost = sum(max(0, min(end, last) - max(start, first)) for first, last in spans)
            if 2 * lost >= end - start:
                found.append((start, end))
        return found

    def _without_marks(self, alignment: Alignment, words: list[Span]) -> tuple[Alignment, set[Span]]:
        """Puts source words in place of unknown tokens, or of the words they are part of; returns also which."""
        if self.mark not in alignment.target_tokens or not words:
            return alignment, set()
        edits, used, last = list[_Edit](), set[Span](), None
        owners = _owners(alignment, words)
        for index, token in enumerate(alignment.target_tokens[:-1]):
            if token != self.mark:
                continue
            start, end = self._stretch(alignment.target_text, alignment.target_spans[index])
            owner = self._stretched(alignment, owners[index])
            if edits and (start < edits[-1].end or (start == edits[-1].end and owner == last)):
                edits[-1] = edits[-1]._replace(end=max(end, edits[-1].end))  # a word of several unknown tokens
                continue
            space = " " if start and not self.spaced else ""
            edits.append(_Edit(start, end, space + self._translation(alignment.source_text[slice(*owner)])))
            used.add(owner)
            last = owner
        return _edited(alignment, edits), used

    def _stretched(self, alignment: Alignment, word: Span) -> Span:
        """Returns a source word with the unknown pieces that reach beyond it, such as one with its punctuation."""
        start, end = word
        for token, (first, last) in zip(alignment.source_tokens[:-1], alignment.source_spans, strict=False):
            if token not in self.known and first < word[1] and word[0] < last:
                text = alignment.source_text[first:last]
                start, end = min(start, last - len(text.lstrip())), max(end, last)
        return start, end

    def _stretch(self, text: str, span: Span) -> Span:
        """Returns where an unknown token stands, with the spaces that decoding adds and the rest of its word."""
        start, end = span
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        start -= start > 0 and text[start - 1] == " "
        end += end < len(text) and text[end] == " "
        while self.spaced and start > 0 and text[start - 1].isalnum():
            start -= 1
        while self.spaced and end < len(text) and text[end].isalnum():
            end += 1
        return start, end

    def _carried(self, alignment: Alignment, words: list[Span]) -> Alignment:
        """Puts unknown source words in place of what gives them most of its attention, or between their neighbours."""
        placed, text = UnitAlignment(alignment, fine=False), alignment.target_text
        edits = []
        for start, end in words:
            inside = placed.inside(start, end)
            first, last = _best_run(inside - placed.total / 2)
            word = self._translation(placed.source[start:end])
            if first < last:
                edits.append(_Edit(placed.units[first].start, placed.units[last - 1].end, word))
                continue
            boundary = int(placed.between(start, end).argmax())
            at = placed.units[boundary].start if boundary < len(placed.units) else len(text)
            before = apart(" ", text[max(0, at - 1) : at], OPENERS, word=True)
            after = apart(" ", text[at : at + 1], CLOSERS, word=True)
            edits.append(_Edit(at, at, f"{' ' * before}{word}{' ' * after}"))
        return _edited(alignment, sorted(edits, key=lambda edit: edit[:2]))

    def _translation(self, word: str) -> str:
        """Returns what the dictionary has for a word, punctuation at its ends left out; else the word."""
        core = max((word[start:end] for start, end in words_and_marks(word)), key=len)
        return word.replace(core, self.dictionary.get(core) or self.dictionary.get(core.lower()) or core, 1)


def _owners(alignment: Alignment, words: list[Span]) -> list[Span]:
    """Returns for each target piece the source word of most attention."""
    rows = alignment.rows()[:, :-1]
    starts = np.array([start for start, _ in words])
    ends = [end for _, end in alignment.source_spans[:-1]]
    places = np.searchsorted(starts, np.array(ends), side="left") - 1
    totals = np.zeros((len(words), len(rows)), np.float64)
    np.add.at(totals, places.clip(0), rows.T)
    return [words[index] for index in totals.argmax(axis=0)]


def _best_run(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[int, int]:
    """Returns the begin and end of the run of values above 0 with the largest sum; equal if there is none."""
    best, found, begin, total = 0.0, (0, 0), 0, 0.0
    for index, value in enumerate(values.tolist()):
        begin, total = (begin, total + value) if value > 0 else (index + 1, 0.0)
        if total > best:
            best, found = total, (begin, index + 1)
    return found


def _edited(alignment: Alignment, edits: list[_Edit]) -> Alignment:
    """Returns an alignment with changed target text and spans."""
    text, done, moved = "", 0, list(alignment.target_spans)
    for edit in edits:
        if edit.start < done:
            continue
        text += alignment.target_text[done : edit.start]
        for index, (start, end) in enumerate(alignment.target_spans):
            if edit.start < edit.end and start < edit.end and edit.start < end:
                moved[index] = (len(text), len(text) + len(edit.text))
            elif start >= edit.end:
                shift = len(text) + len(edit.text) - edit.end
                moved[index] = (start + shift, end + shift)
        text += edit.text
        done = edit.end
    text += alignment.target_text[done:]
    return replace(alignment, target_text=text, target_spans=tuple(moved))
