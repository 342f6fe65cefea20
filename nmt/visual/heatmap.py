"""Alignment matrices as matplotlib heatmaps, one or several side by side: the source on x, the target on y."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nmt.visual import drawing, layout
from nmt.visual.labels import check_grid
from nmt.visual.picture import Picture, save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Links = Collection[tuple[int, int]]


class Weighted(Protocol):
    """What a panel shows; an `nmt.Alignment` is one."""

    @property
    def matrix(self) -> NDArray[np.floating[Any]]:
        """The weights (T, S), row = target token, column = source token."""

    @property
    def source_tokens(self) -> Sequence[str]:
        """The S labels of the columns."""

    @property
    def target_tokens(self) -> Sequence[str]:
        """The T labels of the rows."""


def heatmap(
    matrix: ArrayLike,
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    *,
    ax: "Axes | None" = None,
    title: str | None = None,
    gold: Links | None = None,
    possible: Links | None = None,
) -> "Axes":
    """Draw an alignment. Tokens keep their order on both axes, also those that are read from right to left.

    Args:
        matrix: weights (T, S) between 0 and 1, row = target token, column = source token; either may be empty.
        source_tokens: the S labels of the x axis.
        target_tokens: the T labels of the y axis.
        ax: axes to draw on; `None` makes a figure of a size that suits the numbers of tokens, unknown to pyplot.
        title: a line above the picture.
        gold: links (source, target), 0-based, marked by hollow squares.
        possible: gold links that are possible only, marked by dotted squares.

    Returns:
        The axes; `.figure` is the picture. Axes of an own figure show it as the last value of a notebook cell.

    Raises:
        ValueError: the shape of the matrix differs from the numbers of labels, or a gold link lies outside of it.
    """
    marks = drawing.Gold(gold or (), possible or ())
    weights = checked(matrix, source_tokens, target_tokens, marks)
    labels = drawing.prepare(source_tokens, target_tokens, title, keep_missing=False)
    axes = ax if ax is not None else _own_axes(Picture(), labels)
    drawing.draw(axes, weights, labels, marks)
    return axes


def side_by_side(
    alignments: Sequence[Weighted],
    titles: Sequence[str] = (),
    *,
    gold: Sequence[Links] | None = None,
    possible: Sequence[Links] | None = None,
) -> "Figure":
    """Draw several alignments as panels of one figure, with cells of one size and one scale of colours.

    Panels that do not fit beside each other go into further rows. The rows of a panel are labelled unless they are the
    same as in the panel to its left.

    Args:
        alignments: what to compare; their tokens may differ.
        titles: one a panel, or none.
        gold: links (source, target), 0-based, of each panel, marked by hollow squares.
        possible: the same for gold links that are possible only, marked by dotted squares.

    Returns:
        The figure, unknown to pyplot; it shows itself in a notebook and is written by `.savefig(path)`.

    Raises:
        ValueError: no alignment, not as many titles or gold links as alignments, or as for `heatmap`.
    """
    if not alignments:
        raise ValueError("no alignment to draw")
    for name, given in (
        ("titles", titles),
        ("sets of gold links", gold or ()),
        ("sets of possible links", possible or ()),
    ):
        if given and len(given) != len(alignments):
            raise ValueError(f"{len(given)} {name} do not fit {len(alignments)} alignments")
    marks = [
        drawing.Gold(gold[index] if gold else (), possible[index] if possible else ())
        for index in range(len(alignments))
    ]
    panels = [
        (
            checked(one.matrix, one.source_tokens, one.target_tokens, marks[index]),
            drawing.prepare(
                one.source_tokens, one.target_tokens, titles[index] if titles else None, keep_missing=False
            ),
        )
        for index, one in enumerate(alignments)
    ]
    figure = Picture()
    places = layout.place_panels([_panel(labels) for _, labels in panels])
    axes = layout.panel_axes(figure, places)
    for (weights, labels), one, place, mark in zip(panels, axes, places, marks, strict=True):
        drawing.draw(one, weights, labels, mark, place)
    return figure


def save_heatmap(
    path: str | Path,
    matrix: ArrayLike,
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    *,
    title: str | None = None,
    gold: Links | None = None,
    possible: Links | None = None,
) -> None:
    """Write an alignment (T, S) as a picture; the arguments are those of `heatmap`. Needs no display.

    Raises:
        ValueError: the suffix is neither `.png` nor `.svg`, or as for `heatmap`.
        OSError: the file cannot be written.
    """
    marks = drawing.Gold(gold or (), possible or ())

    def paint(figure: Picture, keep_missing: bool) -> None:
        weights = checked(matrix, source_tokens, target_tokens, marks)
        labels = drawing.prepare(source_tokens, target_tokens, title, keep_missing=keep_missing)
        drawing.draw(_own_axes(figure, labels), weights, labels, marks)

    save_picture(path, paint)


def checked(matrix: ArrayLike, source: Sequence[str], target: Sequence[str], gold: drawing.Gold) -> NDArray[np.float64]:
    """Returns the matrix as an array (T, S) that fits its labels and links.

    Raises:
        ValueError: it does not fit.
    """
    weights = np.asarray(matrix, dtype=np.float64)
    check_grid(weights.shape, source, target, [*gold.sure, *gold.possible])
    return weights


def _own_axes(figure: Picture, labels: drawing.Labels) -> "Axes":
    return layout.panel_axes(figure, layout.place_panels([_panel(labels)]))[0]


def _panel(labels: drawing.Labels) -> layout.Panel:
    return layout.Panel(labels.source.lines, labels.target.lines, labels.title.lines[0])
