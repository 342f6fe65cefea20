"""Sizes of a heatmap: of the figure, of a cell and of its labels. Lengths are in points unless named inches."""

import math
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nmt.visual.picture import PictureAxes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 72.0
SMALLEST_FONT = 5.0
LARGEST_FONT = 10.0
NUMBERED_CELL = 20.0
TITLE_CHARACTER = 6.5
TITLE_LINE = 0.22
PANEL_CHARACTERS = 20
GAP = 0.35
RIGHT = 1.1
GRID_INCHES = 7.0
PANEL_INCHES = 5.5
WIDEST_ROW = 15.0
LARGEST_GRID_INCHES = 30.0


class Panel(NamedTuple):
    """What takes room: the S labels above a matrix, the T labels left of it, and a title, maybe empty."""

    source: Sequence[str]
    target: Sequence[str]
    title: str = ""


class Place(NamedTuple):
    """Where a matrix stands, in inches from the top left corner of the figure, and what it shows."""

    left: float
    top: float
    width: float
    height: float
    title_characters: int
    named: bool
    """Whether its rows are labelled: not if they are the same as those of the panel to its left."""
    has_bar: bool
    """Whether the colour bar stands beside it."""


def place_panels(panels: Sequence[Panel]) -> list[Place]:
    """Place matrices side by side, in as many rows as they need; all cells are squares of one size."""
    is_alone = len(panels) == 1
    longest = max(max(_shape(panel)) for panel in panels)
    cell = cell_inches(longest, GRID_INCHES if is_alone else PANEL_INCHES)
    places: list[Place] = []
    top = 0.0
    for number, row in enumerate(_rows(panels, cell)):
        wraps = [title_characters(_shape(panel)[1] * cell * POINTS, is_alone=is_alone) for panel in row]
        top += max(_head(panel, cell, wrap) for panel, wrap in zip(row, wraps, strict=True))
        last: Place | None = None
        for index, (panel, wrap) in enumerate(zip(row, wraps, strict=True)):
            named = index == 0 or panel.target != row[index - 1].target
            height, width = (count * cell for count in _shape(panel))
            left = _margin(panel, cell) if named else GAP
            if last is not None:
                left = last.left + last.width + max(left, _title_gap(row[index - 1], last.width, panel, width))
            last = Place(left, top, width, height, wrap, named, number == 0 and index == len(row) - 1)
            places.append(last)
        top += max(_shape(panel)[0] for panel in row) * cell + GAP
    return places


def _title_gap(one: Panel, width: float, other: Panel, other_width: float) -> float:
    """Inches that must be between two matrices of these widths, so that titles centred above them keep apart."""
    return (_title_inches(one, width) + _title_inches(other, other_width) - width - other_width) / 2


def _title_inches(panel: Panel, width: float) -> float:
    """Width of the title above a matrix among others; one that is wrapped counts as full lines."""
    return min(len(panel.title) + 1, title_characters(width * POINTS, is_alone=False)) * TITLE_CHARACTER / POINTS


def panel_axes(figure: "Figure", places: Sequence[Place]) -> list["Axes"]:
    """Give a figure the size that its matrices need, and each of them axes of its own."""
    width = max(place.left + place.width for place in places) + RIGHT
    height = max(place.top + place.height for place in places) + 0.2
    figure.set_size_inches(width, height)
    boxes = [
        (one.left / width, 1 - (one.top + one.height) / height, one.width / width, one.height / height)
        for one in places
    ]
    return [figure.add_axes(box, axes_class=PictureAxes) for box in boxes]


def _rows(panels: Sequence[Panel], cell: float) -> list[list[Panel]]:
    """Fill rows with panels while they fit."""
    rows: list[list[Panel]] = []
    width = 0.0
    for panel in panels:
        alone = _margin(panel, cell) + _shape(panel)[1] * cell
        beside = GAP + alone - _margin(panel, cell) if rows and rows[-1][-1].target == panel.target else alone
        beside = max(beside, _title_inches(panel, _shape(panel)[1] * cell))
        if rows and width + beside <= WIDEST_ROW:
            rows[-1].append(panel)
            width += beside
        else:
            rows.append([panel])
            width = alone
    return rows


def _shape(panel: Panel) -> tuple[int, int]:
    """Rows and columns, at least one of each."""
    return max(len(panel.target), 1), max(len(panel.source), 1)


def _margin(panel: Panel, cell: float) -> float:
    """Inches left of a matrix: its labels, and the name of the axis."""
    return 0.5 + _widest(panel.target, font_size(cell * POINTS)) / POINTS


def _head(panel: Panel, cell: float, wrap: int) -> float:
    """Inches above a matrix: its slanted labels, the name of the axis, and the title."""
    slant = math.sin(math.radians(rotation(panel.source, cell * POINTS)))
    labels = slant * _widest(panel.source, font_size(cell * POINTS)) / POINTS
    return 0.6 + labels + TITLE_LINE * len(textwrap.wrap(panel.title, wrap))


def cell_inches(tokens: int, room: float) -> float:
    """Side of a cell for the longest axis: generous for few tokens, never so small that 80 labels become illegible.

    Far beyond that the picture stops growing; `label_step` then thins the labels out.

    Args:
        tokens: number of tokens on that axis.
        room: inches that the axis should keep to while its labels stay legible.
    """
    return min(float(np.clip(room / tokens, 0.15, 0.45)), LARGEST_GRID_INCHES / tokens)


def title_characters(width: float, *, is_alone: bool = True) -> int:
    """How many characters a line of the title takes above a matrix of this width in points.

    A matrix that stands alone may be narrower than its title, panels must not write over each other.
    """
    return max(48 if is_alone else PANEL_CHARACTERS, int(width / TITLE_CHARACTER))


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
