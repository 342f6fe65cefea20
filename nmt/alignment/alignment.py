"""The alignment of one translation: which source token each target token came from."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nmt.alignment import formats
from nmt.alignment.drawn import Drawn
from nmt.alignment.linking import CHOICES, Link, merged, pharaoh, weighted_links
from nmt.alignment.symmetrization import symmetrize
from nmt.alignment.words import SPLITS, Span, piece_shares, word_spans
from nmt.config import LinkSettings, SettingsError, choice, link_settings

Matrix = npt.NDArray[np.float32]
LEVELS = ("word", "piece")


@dataclass(frozen=True, eq=False)
class Alignment(Drawn):
    """Attention weights with their tokens.

    At piece level, as a translation returns it, the matrix holds the raw weights of each decoder step: row t is the
    step that emitted target token t, column s a source token, `</s>` is the last token of both axes, rows sum to one.
    `words()` gives the same merged to words, without `</s>`.

    Attributes:
        matrix: (T, S) float32.
        source_tokens: S labels.
        target_tokens: T labels.
        source_text: the raw source.
        target_text: the translation.
        source_spans: (start, end) characters of each source token in the raw source, where what it spells stands;
            tokens overlap where one character is spelt by several, such as "½" by "1⁄" and "2", or bytes.
        target_spans: the same for the target side.
        shift: 1 reads the row of the step after the one that emitted a token, 0 its own; the matrix is never shifted.
        end: how links are read where `</s>` draws weight; see `nmt.config.LinkSettings`.
        threshold: the weight from which on links are made; None: the largest of a row makes one.
        split: what a word is: `space` or, for text without spaces, `script`; see `nmt.alignment.word_spans`.
        level: `piece` or `word`.
    """

    matrix: Matrix
    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    source_text: str = ""
    target_text: str = ""
    source_spans: tuple[Span, ...] = ()
    target_spans: tuple[Span, ...] = ()
    shift: int = 0
    level: str = "piece"
    _word_links: dict[Link, float] = field(default_factory=dict, repr=False)
    end: str = "skip"
    threshold: float | None = None
    split: str = "space"

    def __post_init__(self) -> None:
        shape = (len(self.target_tokens), len(self.source_tokens))
        if self.matrix.shape != shape:
            raise ValueError(f"a matrix of shape {self.matrix.shape} does not fit (target, source) tokens {shape}")
        LinkSettings(self.shift, self.end, self.threshold)
        choice(self.split, SPLITS, "split")

    @classmethod
    def empty(cls) -> "Alignment":
        """Returns the alignment of an empty line."""
        return cls(np.zeros((0, 0), np.float32), (), ())

    @property
    def link_settings(self) -> LinkSettings:
        """How links are read unless something else is asked for."""
        return LinkSettings(self.shift, self.end, self.threshold)

    def rows(self, shift: int | None = None) -> Matrix:
        """Returns (T - 1, S): for each target piece, `</s>` left out, the row that aligns it."""
        return self._rows(link_settings(self.link_settings, shift=shift).shift)

    def _rows(self, first: int) -> Matrix:
        return self.matrix[first : first + max(0, len(self.target_tokens) - 1)]

    def entropy(self) -> Matrix:
        """Returns (T,): the entropy of each row, in nats; 0 where one source token has all the weight."""
        logs = np.log(self.matrix, out=np.zeros_like(self.matrix), where=self.matrix > 0)
        return np.asarray(0.0 - (self.matrix * logs).sum(axis=1), np.float32)

    def coverage(self) -> Matrix:
        """Returns (S,): the weight that each source token got from all rows together."""
        return np.asarray(self.matrix.sum(axis=0), np.float32)

    def links(
        self,
        level: str = "word",
        shift: int | None = None,
        end: str | None = None,
        threshold: float | None = None,
        by: str | None = None,
        reverse: "Alignment | None" = None,
        symmetrize: str = "intersection",
    ) -> list[Link]:
        """Returns (source, target) index pairs, counted from 0, sorted.

        Each target piece is linked to the source piece of its largest weight, or to all whose weight reaches the
        threshold; two words are linked if any of their pieces are.

        Args:
            level: count in `word`s or in `piece`s.
            shift: overrides the alignment's own.
            end: overrides the alignment's own.
            threshold: overrides the alignment's own.
            by: `argmax`; `threshold`; or `support`, all weights above 0, for attentions with a sparse normaliser. None:
                `threshold` where there is one, else `argmax`.
            reverse: an alignment of the same pair by a model of the other direction, whose links, read as it says of
                itself, are combined with these.
            symmetrize: how they are combined; see `nmt.alignment.symmetrize`.

        Raises:
            SettingsError: an unknown value; pieces, or another reading, asked of an alignment of words; an alignment
                of another pair as the reverse.
        """
        found = sorted(self.weighted_links(level, shift, end, threshold, by))
        return found if reverse is None else self._with_reverse(found, level, reverse, symmetrize)

    def weighted_links(
        self,
        level: str = "word",
        shift: int | None = None,
        end: str | None = None,
        threshold: float | None = None,
        by: str | None = None,
    ) -> dict[Link, float]:
        """Returns the links of `links` with their weights; of a link between words the largest of its pieces."""
        choice(level, LEVELS, "level")
        settings = link_settings(self.link_settings, shift=shift, end=end, threshold=threshold)
        chosen = choice(by or ("argmax" if settings.threshold is None else "threshold"), CHOICES, "by")
        if chosen == "threshold" and settings.threshold is None:
            raise SettingsError("by=threshold needs a threshold")
        if self.level == "word":
            if level == "piece":
                raise SettingsError("an alignment of words has no links between pieces: ask the alignment it came from")
            if settings != self.link_settings or by is not None:
                raise SettingsError("an alignment of words has the links it was made with: ask the one it came from")
            return dict(self._word_links)
        pieces = weighted_links(self._rows(settings.shift), settings, chosen)
        if level == "piece" or not pieces:
            return pieces
        if not (self.source_text.strip() and self.target_text.strip()):
            return {}
        return merged(pieces, *self._piece_shares())

    def words(self, shift: int | None = None, split: str | None = None) -> "Alignment":
        """Returns the alignment merged to words.

        Weights are summed over the pieces of a source word and averaged over the pieces of a target word; `</s>` is
        dropped and rows are brought back to a sum of one.

        Args:
            shift: overrides the alignment's own.
            split: what a word is, overrides the alignment's own.
        """
        if self.level == "word":
            return self
        if split is not None and split != self.split:
            return replace(self, split=split).words(shift)
        source_words, target_words = (word_spans(text, self.split) for text in (self.source_text, self.target_text))
        matrix = np.zeros((len(target_words), len(source_words)), np.float64)
        if matrix.size:
            sources, targets = self._piece_shares()
            for target, row in zip(
                targets, self.rows(shift)[:, :-1] @ _shares(sources, len(source_words)), strict=True
            ):
                for word, share in target.items():
                    matrix[word] += share * row
            total = matrix.sum(axis=1, keepdims=True)
            matrix = np.divide(matrix, total, out=np.zeros_like(matrix), where=total > 0)
        return replace(
            self,
            matrix=matrix.astype(np.float32),
            source_tokens=tuple(self.source_text[start:end] for start, end in source_words),
            target_tokens=tuple(self.target_text[start:end] for start, end in target_words),
            source_spans=tuple(source_words),
            target_spans=tuple(target_words),
            shift=self.shift if shift is None else shift,
            level="word",
            _word_links=self.weighted_links("word", shift),
        )

    def at(self, level: str) -> "Alignment":
        """Returns the alignment at level `word` or `piece`."""
        if choice(level, LEVELS, "level") == self.level:
            return self
        if self.level == "word":
            raise SettingsError("an alignment of words has no pieces: ask the alignment it came from")
        return self.words()

    def to_pharaoh(self, level: str = "word", shift: int | None = None, probabilities: bool = False) -> str:
        """Returns the links as `source-target` pairs, counted from 0, separated by blanks.

        Args:
            level: count in `word`s or in `piece`s.
            shift: overrides the alignment's own.
            probabilities: write each link with its weight, `0-1:0.8700`; see `weighted_links`.
        """
        links = self.weighted_links(level, shift)
        return pharaoh(sorted(links), links if probabilities else None)

    def to_json(self, level: str = "word") -> str:
        """Returns a JSON object of tokens, links and matrix in a line; see `nmt.alignment.formats.as_object`."""
        return formats.json_line(self, level)

    def to_npz(self, path: Any, level: str = "piece") -> None:
        """Writes matrix, tokens, spans, texts and links to a NumPy archive; `path` is a file or its name."""
        formats.write_npz(self, path, level)

    def to_frame(self, level: str = "word") -> Any:
        """Returns the matrix as a pandas frame: rows are target tokens, columns source tokens (needs pandas)."""
        return formats.frame(self.at(level))

    def _with_reverse(self, links: list[Link], level: str, reverse: "Alignment", method: str) -> list[Link]:
        own, other = self.at(level), reverse.at(level)
        sizes = len(own.source_tokens), len(own.target_tokens)
        if sizes != (len(other.target_tokens), len(other.source_tokens)):
            raise SettingsError(f"the reverse alignment has other {level}s: of another pair, or of other vocabularies")
        return symmetrize(links, [(source, target) for target, source in reverse.links(level)], method)

    def _piece_shares(self) -> tuple[list[dict[int, float]], list[dict[int, float]]]:
        """Returns the words of each source and target piece, `</s>` left out."""
        spans, tokens = (self.source_spans, self.target_spans), (self.source_tokens, self.target_tokens)
        if [len(one) for one in spans] != [len(one) for one in tokens]:
            raise SettingsError("this alignment was made without texts and spans: it has pieces, but no words")
        return (
            piece_shares(self.source_text, self.source_spans[:-1], self.split),
            piece_shares(self.target_text, self.target_spans[:-1], self.split),
        )


def _shares(pieces: Sequence[dict[int, float]], words: int) -> npt.NDArray[np.float64]:
    """Returns (pieces, words): the share of each piece in each word."""
    found = np.zeros((len(pieces), words))
    for piece, shares in enumerate(pieces):
        for word, share in shares.items():
            found[piece, word] = share
    return found
