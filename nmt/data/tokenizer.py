"""Pieces of text: a SentencePiece model with its special ids and character spans."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import sentencepiece

from nmt.config import Vocabulary
from nmt.data.text import DataError

END_MARK = "</s>"
SPACE = "▁"
"""How SentencePiece writes a space."""
Span = tuple[int, int]
_BYTE = re.compile("<0x[0-9A-F]{2}>")


@dataclass(frozen=True)
class Pieces:
    """A sentence in pieces.

    Attributes:
        text: the sentence.
        ids: of the pieces and, last, the end mark.
        tokens: the pieces as SentencePiece writes them, and `</s>`.
        spans: where each piece stands in `text`, as (start, end) characters, a space before it counted. Pieces that
            spell parts of one character (those of NFKC, "½" as "1⁄" and "2", or bytes) all stand on that character.
            Zero-width for pieces without characters: a word mark that no space stands for, and the end mark.
    """

    text: str
    ids: tuple[int, ...]
    tokens: tuple[str, ...]
    spans: tuple[Span, ...]


class Tokenizer:
    """A SentencePiece model. Special tokens that it lacks get rows after its last."""

    def __init__(self, model: bytes, name: str = "the SentencePiece model") -> None:
        """Args: `model`, a serialised SentencePiece model; `name`, how to call it in messages.

        Raises:
            DataError: the bytes are no such model.
        """
        self.model = model
        if not model:
            raise DataError(f"{name} is empty")
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except (RuntimeError, ValueError) as error:
            raise DataError(f"{name} is not a SentencePiece model") from error

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Reads a `.spm` or `.model` file.

        Raises:
            DataError: no such file, or not a SentencePiece model.
        """
        if not path.is_file():
            raise DataError(f"no SentencePiece model at {path}")
        return cls(path.read_bytes(), str(path))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Size and special ids, rows for missing special tokens counted."""
        processor, size = self._processor, self._processor.get_piece_size()
        special = {"pad_id": processor.pad_id(), "bos_id": processor.bos_id(), "eos_id": processor.eos_id()}
        for name, value in special.items():
            if value < 0:
                special[name] = size
                size += 1
        return Vocabulary(size=size, unk_id=processor.unk_id(), **special)

    def pieces(self) -> list[str]:
        """Returns what SentencePiece calls each id, rows for missing special tokens left out."""
        return [self._processor.id_to_piece(one) for one in range(self._processor.get_piece_size())]

    def normalize(self, text: str) -> str:
        """Returns what SentencePiece makes of a text before it is cut, spaces as spaces (NFKC, as a rule)."""
        found: str = self._processor.normalize(text)
        return found.replace(SPACE, " ").strip(" ")

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the ids of many sentences, each with the end mark."""
        eos_id, unk_id = self.vocabulary.eos_id, self.vocabulary.unk_id
        found = zip(self._processor.encode(list(texts)), texts, strict=True)
        return [list(self.encode(text).ids) if unk_id in ids else [*ids, eos_id] for ids, text in found]

    def encode(self, text: str) -> Pieces:
        """Cuts a sentence into pieces."""
        found = self._processor.encode(text, return_type="offset_mapping")
        if self.vocabulary.unk_id not in found["ids"]:
            return self._pieces(text, found["ids"], found["pieces"], found["offsets"])
        rows = zip(found["ids"], found["pieces"], found["offsets"], strict=True)
        ids, tokens, spans = zip(*(part for row in rows for part in _unknown_words(text, *row)), strict=True)
        return self._pieces(text, ids, tokens, spans)

    def decode(self, ids: Sequence[int]) -> Pieces:
        """Joins pieces to a sentence; an end mark at the end is expected and left out of the text."""
        inner = list(ids[:-1]) if ids and ids[-1] == self.vocabulary.eos_id else list(ids)
        found = self._processor.decode(inner, return_type="offset_mapping")
        text: str = found["text"].lstrip(" ")  # which an unknown word in front begins with
        lead = len(found["text"]) - len(text)
        spans = [(max(0, start - lead), max(0, end - lead)) for start, end in found["offsets"]]
        return self._pieces(text, inner, [self._processor.id_to_piece(one) for one in inner], spans)

    def _pieces(self, text: str, ids: Sequence[int], tokens: Sequence[str], spans: Sequence[Span]) -> Pieces:
        end = (len(text), len(text))
        return Pieces(text, (*ids, self.vocabulary.eos_id), (*tokens, END_MARK), (*_standing(text, tokens, spans), end))


def _standing(text: str, tokens: Sequence[str], spans: Sequence[Span]) -> list[Span]:
    """Returns the spans with all pieces of a character on it; SentencePiece leaves it to the last one alone."""
    found = list(spans)
    following = len(text), len(text), ""
    for place in range(len(found) - 1, -1, -1):
        start, end = found[place]
        if not _is_blank(text, start, end):
            following = start, end, tokens[place]
        elif tokens[place].replace(SPACE, " ").strip():
            found[place] = start, _end_of_character(text, *following)
    return found


def _is_blank(text: str, start: int, end: int) -> bool:
    shown = text[start:end].strip()
    return not (shown and shown.isprintable()) and all(_leaves_nothing(one) for one in shown)


def _leaves_nothing(character: str) -> bool:
    """Returns whether normalisation makes a space of a character, or drops it."""
    return character.isspace() or unicodedata.category(character) == "Cc"


def _end_of_character(text: str, start: int, end: int, token: str) -> int:
    """Returns where the first character at a span ends, with the marks that are composed with it."""
    if _BYTE.fullmatch(token):  # one of several that spell nothing but this character
        return end
    while start < end and _leaves_nothing(text[start]):
        start += 1
    last = start + 1
    while last < end and (unicodedata.category(text[last])[0] == "M" or text[last] in "ﾞﾟ"):
        last += 1
    return min(last, end)


def _unknown_words(text: str, number: int, token: str, span: Span) -> list[tuple[int, str, Span]]:
    """Returns the parts of a piece: SentencePiece makes one piece of unknown words that follow each other."""
    words = [f"{SPACE}{word}" for word in token.removeprefix(SPACE).split(SPACE)]
    places = [found.span() for found in re.finditer(" *[^ ]+", text[span[0] : span[1]])]
    if len(words) == 1 or len(words) != len(places):
        return [(number, token, span)]
    return [(number, word, (span[0] + a, span[0] + b)) for word, (a, b) in zip(words, places, strict=True)]
