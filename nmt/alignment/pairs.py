"""Pairs aligned by one model, or by two of opposite directions."""

from dataclasses import dataclass, replace
from typing import Any

from nmt.alignment.alignment import Alignment
from nmt.alignment.formats import json_line
from nmt.alignment.linking import Link, pharaoh
from nmt.alignment.words import word_spans
from nmt.config import LinkSettings


@dataclass(frozen=True)
class AlignedPair:
    """A sentence and its translation with their alignments.

    Attributes:
        source: the sentence.
        target: its translation.
        forward: alignment by a model from source to target; empty where one of them is.
        backward: alignment of the pair turned round, by a model of the other direction; None: there is none.
        symmetrize: how links of both are joined; see `nmt.alignment.symmetrize`.
    """

    source: str
    target: str
    forward: Alignment
    backward: Alignment | None = None
    symmetrize: str = "grow-diag-final-and"

    @property
    def word_counts(self) -> tuple[int, int]:
        """White-space words of source and target."""
        return len(word_spans(self.source)), len(word_spans(self.target))

    def links(self, level: str = "word") -> list[Link]:
        """Returns (source, target) links, those of both directions joined if there are two.

        Raises:
            SettingsError: pieces asked of two models that cut the pair into other pieces.
        """
        return self.forward.links(level, reverse=self.backward, symmetrize=self.symmetrize)

    def to_pharaoh(self, level: str = "word") -> str:
        """Returns the links as `source-target` pairs, counted from 0, separated by blanks."""
        return pharaoh(self.links(level))

    def to_json(self, level: str = "word", **first: Any) -> str:
        """Returns a line of JSON with `first`, tokens, joined links and `matrix`, with two models `reverse_matrix` too.

        `reverse_matrix` is that of the other direction as it is, with a row for each source token.
        """
        if self.backward is None:
            return json_line(self.forward, level, **first)
        other = self.backward.at(level).matrix
        return json_line(self.forward, level, self.links(level), reverse=other, **first)

    def read_by(self, forward: LinkSettings, backward: LinkSettings | None = None) -> "AlignedPair":
        """Returns the pair with its links read by other settings."""
        other = self.backward
        if other is not None and backward is not None:
            other = replace(other, **vars(backward))
        return replace(self, forward=replace(self.forward, **vars(forward)), backward=other)
