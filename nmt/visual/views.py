"""What pages and pictures of alignments show: labels, weights, links."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmt.visual.labels import check_grid

LinkTuple = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class AlignmentView:
    """One alignment at one level, pieces or words. Links are pairs (source, target) of 0-based positions.

    Attributes:
        source_tokens: the S labels of the x axis.
        target_tokens: the T labels of the y axis.
        matrix: weights (T, S) between 0 and 1, row = target token, column = source token.
        links: the links of the alignment.
        sure: gold links that are sure.
        possible: gold links that are possible only.

    Raises:
        ValueError: the shape of the matrix differs from the numbers of labels, or a link lies outside of it.
    """

    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    matrix: NDArray[np.floating[Any]]
    links: LinkTuple = ()
    sure: LinkTuple = ()
    possible: LinkTuple = ()

    def __post_init__(self) -> None:
        links = (*self.links, *self.sure, *self.possible)
        check_grid(np.shape(self.matrix), self.source_tokens, self.target_tokens, links)

    def finite(self) -> NDArray[np.float64]:
        """The weights (T, S); what is no number counts as 0."""
        return np.nan_to_num(np.asarray(self.matrix, dtype=np.float64), posinf=0.0, neginf=0.0)


@dataclass(frozen=True)
class HypothesisView:
    """A translation and its alignment.

    Attributes:
        text: the translation.
        views: by the name of the level, such as "words" and "pieces".
        score: the normalised score of the translation, if there is one.
    """

    text: str
    views: Mapping[str, AlignmentView]
    score: float | None = None


@dataclass(frozen=True)
class SentenceView:
    """A sentence and its translations, best first; an empty line has none."""

    source: str
    hypotheses: tuple[HypothesisView, ...]
