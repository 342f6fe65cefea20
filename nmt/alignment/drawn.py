"""What an alignment shows of itself: pictures, pages, text."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from nmt.config import choice

if TYPE_CHECKING:
    from nmt.alignment.alignment import Alignment

KINDS = ("heatmap", "arcs")


class Drawn(ABC):
    """The methods of an `Alignment` that draw it."""

    matrix: npt.NDArray[np.float32]
    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    level: str

    @abstractmethod
    def links(self, level: str = "word") -> list[tuple[int, int]]:
        """Returns (source, target) index pairs."""

    def plot(self, ax: Any = None, *, kind: str = "heatmap", **options: Any) -> Any:
        """Draws the alignment and returns its matplotlib axes.

        Args:
            ax: matplotlib axes to draw on; a figure of its own by default.
            kind: `heatmap`, the source on x and the target on y, or `arcs`, lines between the two sentences.
            **options: `title`, `gold`, `possible`, and for arcs `links`, by default those of the alignment; see
                `nmt.visual.heatmap` and `nmt.visual.arcs`.

        Raises:
            SettingsError: another kind.
        """
        if choice(kind, KINDS, "kind") == "arcs":
            from nmt.visual.arcs import arcs

            options.setdefault("links", self.links(self.level))
            return arcs(self.matrix, self.source_tokens, self.target_tokens, ax=ax, **options)
        from nmt.visual.heatmap import heatmap

        return heatmap(self.matrix, self.source_tokens, self.target_tokens, ax=ax, **options)

    def save(self, path: str | Path, *, kind: str = "heatmap", **options: Any) -> None:
        """Writes the picture that `plot` draws as a `.png` or `.svg` file.

        Raises:
            SettingsError: another kind.
            ValueError: another suffix.
            OSError: the file cannot be written.
        """
        if choice(kind, KINDS, "kind") == "arcs":
            from nmt.visual.arcs import save_arcs

            options.setdefault("links", self.links(self.level))
            save_arcs(path, self.matrix, self.source_tokens, self.target_tokens, **options)
            return
        from nmt.visual.heatmap import save_heatmap

        save_heatmap(path, self.matrix, self.source_tokens, self.target_tokens, **options)

    def to_html(self, **options: Any) -> str:
        """Returns a self-contained HTML page that shows words and pieces.

        Args:
            **options: `title` and `level` of `nmt.alignment_page`, and `gold`, the gold links of this sentence.
        """
        from nmt.alignment.pages import alignment_page

        gold = options.pop("gold", None)
        return alignment_page([cast("Alignment", self)], gold=None if gold is None else [gold], **options)

    def to_text(self, width: int = 100, *, plain: bool = False, legend: bool = True) -> str:
        """Returns rows of shades for a terminal; printing an alignment prints them.

        Args:
            width: cells of a line.
            plain: shades of ASCII instead of blocks.
            legend: whether a last line explains the shades.
        """
        from nmt.visual.text import text_grid

        return text_grid(self.matrix, self.source_tokens, self.target_tokens, width=width, plain=plain, legend=legend)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        from nmt.alignment.pages import alignment_fragment

        return alignment_fragment(cast("Alignment", self))
