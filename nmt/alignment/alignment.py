"""The alignment of one translation: which source token each target token came from."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nmt.alignment.words import Span, piece_words, word_spans
from nmt.config import SettingsError, choice

Link = tuple[int, int]
Matrix = npt.NDArray[np.float32]
LEVELS = ("word", "piece")


@dataclass(frozen=True, eq=False)
class Alignment:
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
        source_spans: (start, end) characters of each source token in the raw source.
        target_spans: the same for the target side.
        shift: 1 reads the row of the step after the one that emitted a token, 0 its own; the matrix is never shifted.
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
    _word_links: tuple[Link, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        shape = (len(self.target_tokens), len(self.source_tokens))
        if self.matrix.shape != shape:
            raise ValueError(f"a matrix of shape {self.matrix.shape} does not fit (target, source) tokens {shape}")
        _shift(self.shift)

    @classmethod
    def empty(cls) -> "Alignment":
        """Returns the alignment of an empty line."""
        return cls(np.zeros((0, 0), np.float32), (), ())

    def rows(self, shift: int | None = None) -> Matrix:
        """Returns (T - 1, S): for each target piece, `</s>` left out, the row that aligns it."""
        first = self.shift if shift is None else _shift(shift)
        return self.matrix[first : first + max(0, len(self.target_tokens) - 1)]

    def links(self, level: str = "word", shift: int | None = None) -> list[Link]:
        """Returns (source, target) index pairs, counted from 0, sorted.

        Each target piece is linked to the source piece of its largest weight, unless that is `</s>`; two words are
        linked if any of their pieces are.

        Args:
            level: count in `word`s or in `piece`s.
            shift: overrides the alignment's own.

        Raises:
            SettingsError: pieces asked of an alignment of words.
        """
        choice(level, LEVELS, "level")
        if self.level == "word":
            if level == "piece":
                raise SettingsError("an alignment of words has no links between pieces: ask the alignment it came from")
            return list(self._word_links)
        rows = self.rows(shift)
        if not rows.size:
            return []
        best, end = rows.argmax(axis=1), len(self.source_tokens) - 1
        pieces = [(int(source), target) for target, source in enumerate(best) if source != end]
        if level == "piece":
            return sorted(pieces)
        if not word_spans(self.source_text) or not word_spans(self.target_text):
            return []
        sources, targets = self._piece_words()
        return sorted({(sources[source], targets[target]) for source, target in pieces})

    def words(self, shift: int | None = None) -> "Alignment":
        """Returns the alignment merged to white-space words.

        Weights are summed over the pieces of a source word and averaged over the pieces of a target word; `</s>` is
        dropped and rows are brought back to a sum of one.

        Args:
            shift: overrides the alignment's own.
        """
        if self.level == "word":
            return self
        source_words, target_words = word_spans(self.source_text), word_spans(self.target_text)
        matrix = np.zeros((len(target_words), len(source_words)), np.float64)
        if matrix.size:
            sources, targets = self._piece_words()
            by_source = np.zeros((len(targets), len(source_words)), np.float64)
            np.add.at(by_source.T, sources, self.rows(shift)[:, :-1].T)
            np.add.at(matrix, targets, by_source)
            total = matrix.sum(axis=1, keepdims=True)
            matrix = np.divide(matrix, total, out=np.zeros_like(matrix), where=total > 0)
        return replace(
            self,
            matrix=matrix.astype(np.float32),
            source_tokens=tuple(self.source_text[start:end] for start, end in source_words),
            target_tokens=tuple(self.target_text[start:end] for start, end in target_words),
            source_spans=tuple(source_words),
            target_spans=tuple(target_words),
            level="word",
            _word_links=tuple(self.links("word", shift)),
        )

    def at(self, level: str) -> "Alignment":
        """Returns the alignment at level `word` or `piece`."""
        if choice(level, LEVELS, "level") == self.level:
            return self
        if self.level == "word":
            raise SettingsError("an alignment of words has no pieces: ask the alignment it came from")
        return self.words()

    def to_pharaoh(self, level: str = "word", shift: int | None = None) -> str:
        """Returns the links as `source-target` pairs, counted from 0, separated by blanks."""
        return " ".join(f"{source}-{target}" for source, target in self.links(level, shift))

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draws a heatmap, the source on x and the target on y, and returns its matplotlib axes.

        Args:
            ax: matplotlib axes to draw on; a figure of its own by default.
            **options: `title`, `gold`; see `nmt.visual.heatmap`.
        """
        from nmt.visual.heatmap import heatmap

        return heatmap(self.matrix, self.source_tokens, self.target_tokens, ax=ax, **options)

    def to_html(self) -> str:
        """Returns a self-contained HTML page that shows words and pieces."""
        from nmt.alignment.pages import alignment_page

        return alignment_page([self])

    def _repr_html_(self) -> str:
        from nmt.alignment.pages import alignment_fragment

        return alignment_fragment(self)

    def _piece_words(self) -> tuple[list[int], list[int]]:
        """Returns the word of each source and target piece, `</s>` left out."""
        spans, tokens = (self.source_spans, self.target_spans), (self.source_tokens, self.target_tokens)
        if [len(one) for one in spans] != [len(one) for one in tokens]:
            raise SettingsError("this alignment was made without texts and spans: it has pieces, but no words")
        return (
            piece_words(self.source_text, self.source_spans[:-1]),
            piece_words(self.target_text, self.target_spans[:-1]),
        )


def _shift(value: int) -> int:
    if value not in (0, 1):
        raise SettingsError(f"shift={value} is neither 0 nor 1")
    return value
