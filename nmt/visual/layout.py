"""Sizes of a heatmap: of the figure, of a cell and of its labels. Lengths are in points unless named inches."""

import math
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 72.0
SMALLEST_FONT = 5.0
LARGEST_FONT = 10.0
NUMBERED_CELL = 20.0
TITLE_CHARACTER = 6.5
GRID_INCHES = 7.0
LARGEST_GRID_INCHES = 30.0


def new_axes(figure: "Figure", source: Sequence[str], target: Sequence[str], *, titled: bool) -> "Axes":
    """Give a figure the size its labels need, and axes whose cells are square.

    Args:
        figure: an empty figure.
        source: the S labels above the matrix.
        target: the T labels left of it.
        titled: whether a title needs room.
    """
    columns, rows = max(len(source), 1), max(len(target), 1)
    cell = cell_inches(max(columns, rows))
    font = font_size(cell * POINTS)
    left = 0.5 + _widest(target, font) / POINTS
    slant = math.sin(math.radians(rotation(source, cell * POINTS)))
    top = 0.6 + slant * _widest(source, font) / POINTS + (0.5 if titled else 0.0)
    right, bottom = 1.1, 0.2
    width, height = left + columns * cell + right, top + rows * cell + bottom
    figure.set_size_inches(width, height)
    return figure.add_axes((left / width, bottom / height, columns * cell / width, rows * cell / height))


def cell_inches(tokens: int) -> float:
    """Side of a cell for the longer axis: generous for few tokens, never so small that 80 labels become illegible.

    Far beyond that the picture stops growing; `label_step` then thins the labels out.
    """
    return min(float(np.clip(GRID_INCHES / tokens, 0.15, 0.45)), LARGEST_GRID_INCHES / tokens)


def axes_points(axes: "Axes") -> tuple[float, float]:
    """Width and height of axes as they stand."""
    box = axes.get_window_extent()
    scale = POINTS / axes.figure.dpi
    return max(box.width * scale, 1.0), max(box.height * scale, 1.0)


def font_size(cell: float) -> float:
    """Font size of the labels of cells with this side."""
    return float(np.clip(0.72 * cell, SMALLEST_FONT, LARGEST_FONT))


def label_step(cell: float) -> int:
    """Every how many tokens a label has room."""
    return max(1, math.ceil(1.25 * SMALLEST_FONT / cell))


def rotation(labels: Sequence[str], cell: float) -> int:
    """Degrees by which labels above cells are turned: level if they fit, slanted if their lines fit, else upright."""
    font = font_size(cell)
    if _widest(labels, font) < 0.9 * cell:
        return 0
    return 45 if cell > 1.6 * font else 90


def _widest(labels: Sequence[str], font: float) -> float:
    return max((_ems(label) for label in labels), default=0.0) * font


def _ems(label: str) -> float:
    """Estimated width in ems; measuring would need a renderer before the figure has its size."""
    return sum(1.0 if unicodedata.east_asian_width(character) in "WF" else 0.65 for character in label)
