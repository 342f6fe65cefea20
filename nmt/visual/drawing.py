"""The parts of a heatmap, each drawn on axes that exist: cells, labels, frames, numbers, title, colour bar."""

import textwrap
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from nmt.visual import colors, fonts, layout
from nmt.visual.labels import shorten, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = ListedColormap(colors.scale(), "weights")
GRID_COLOR = "#dcdcdc"
NOTEWORTHY = 0.1
MOST_NUMBERED = 12


class Texts(NamedTuple):
    """Texts as they are drawn, and the text properties they are drawn with."""

    lines: list[str]
    style: dict[str, Any]


Kind = tuple[str, Literal["solid", "dotted"], list[tuple[int, int]]]


class Gold(NamedTuple):
    """Gold links (source, target), 0-based: sure ones, and possible ones, among which sure ones count as sure."""

    sure: Collection[tuple[int, int]] = ()
    possible: Collection[tuple[int, int]] = ()

    def kinds(self) -> list[Kind]:
        """Returns label, line style and links of each kind that there is."""
        sure = sorted(set(self.sure))
        possible = sorted(set(self.possible) - set(self.sure))
        kinds: list[Kind] = [
            ("sure gold" if possible else "gold", "solid", sure),
            ("possible gold", "dotted", possible),
        ]
        return [kind for kind in kinds if kind[2]]


NO_GOLD = Gold()


class Labels(NamedTuple):
    """All that is written on a heatmap; each part has fonts of its own, as its language may be another."""

    source: Texts
    target: Texts
    title: Texts


def prepare(source: Sequence[str], target: Sequence[str], title: str | None, *, keep_missing: bool) -> Labels:
    """Make labels fit to draw and choose their fonts; warn of what cannot be drawn.

    Args:
        source: the S labels of the columns.
        target: the T labels of the rows.
        title: a line above them.
        keep_missing: leave characters without a font as they are, for a viewer that brings its own.
    """
    found: set[str] = set()
    parts = []
    for texts in (
        [shorten(visible(token)) for token in source],
        [shorten(visible(token)) for token in target],
        [visible(title or "")],
    ):
        families, missing = fonts.cover("".join(texts))
        found |= missing
        replaced = texts if keep_missing else [text.translate(fonts.substitutes(missing)) for text in texts]
        # Labels are text: a dollar sign is no formula, whatever the user's settings.
        parts.append(Texts(replaced, {"fontfamily": families, "parse_math": False, "usetex": False}))
    if not keep_missing:
        fonts.warn_missing(found)
        fonts.warn_unshaped([*source, *target, title or ""])
    return Labels(*parts)


def draw(
    axes: "Axes",
    weights: NDArray[np.float64],
    labels: Labels,
    gold: Gold = NO_GOLD,
    place: layout.Place | None = None,
) -> None:
    """Draw one matrix on axes.

    Args:
        axes: where.
        weights: (T, S) between 0 and 1.
        labels: what `prepare` made of the tokens.
        gold: links to be framed.
        place: its place among panels; `None` for a matrix that stands alone.
    """
    cell = _paint(axes, weights)
    _label_source(axes, labels.source, cell)
    if place is None or place.named:
        _label_target(axes, labels.target, cell)
    else:
        axes.set_yticks([])
    _mark_gold(axes, gold, cell)
    if max(weights.shape) <= MOST_NUMBERED and cell >= layout.NUMBERED_CELL:
        _print_numbers(axes, weights, cell)
    if place is None or place.has_bar:
        _color_bar(axes, gold)
    if title := labels.title.lines[0]:
        wrap = place.title_characters if place else layout.title_characters(layout.axes_points(axes)[0])
        axes.set_title(textwrap.fill(title, wrap), fontsize=11, **labels.title.style)


def _paint(axes: "Axes", weights: NDArray[np.float64]) -> float:
    """Paint the cells of a matrix (T, S) and return the side of one in points."""
    rows, columns = (max(count, 1) for count in weights.shape)
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal")
    axes.apply_aspect()
    width, height = layout.axes_points(axes)
    cell: float = min(width / columns, height / rows)
    if weights.size:
        # "none" hands the matrix itself to a vector format, so that its cells stay sharp at any zoom.
        axes.imshow(weights, cmap=COLORS, vmin=0, vmax=1, aspect="equal", interpolation="none")
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(visible=True, which="minor", color=GRID_COLOR, linewidth=min(0.6, cell / 30))
    axes.tick_params(which="minor", length=0)
    return cell


def _label_source(axes: "Axes", texts: Texts, cell: float) -> None:
    labels, style = texts
    every = layout.label_step(cell)
    rotation = layout.rotation(labels, cell)
    anchor = {0: "center", 45: "left", 90: "center"}[rotation]
    axes.xaxis.set_label_position("top")
    axes.xaxis.tick_top()
    axes.set_xticks(
        range(0, len(labels), every),
        labels=labels[::every],
        rotation=rotation,
        ha=anchor,
        rotation_mode="default" if rotation == 90 else "anchor",
        fontsize=layout.font_size(cell),
        **style,
    )
    axes.tick_params(which="major", axis="x", length=2, pad=2)
    axes.set_xlabel("source", alpha=0.7)


def _label_target(axes: "Axes", texts: Texts, cell: float) -> None:
    labels, style = texts
    every, size = layout.label_step(cell), layout.font_size(cell)
    axes.set_yticks(range(0, len(labels), every), labels=labels[::every], fontsize=size, **style)
    axes.tick_params(which="major", axis="y", length=2, pad=2)
    axes.set_ylabel("target", alpha=0.7)


def _mark_gold(axes: "Axes", gold: Gold, cell: float) -> None:
    """Frame the gold cells, a little inside so that neighbours keep their own, on a rim for dark cells."""
    width = float(np.clip(cell / 12, 0.8, 2.0))
    for label, style, links in gold.kinds():
        frames = [Rectangle((source - 0.42, target - 0.42), 0.84, 0.84) for source, target in links]
        for color, line, is_rim in (("white", 2.2 * width, True), (colors.GOLD, width, False)):
            marks = PatchCollection(frames, facecolor="none", edgecolor=color, linewidth=line)
            marks.set(label="" if is_rim else label, linestyle="solid" if is_rim else style)
            axes.add_collection(marks, autolim=False)


def _print_numbers(axes: "Axes", weights: NDArray[np.float64], cell: float) -> None:
    for target, source in zip(*np.nonzero(weights >= NOTEWORTHY), strict=True):
        weight = weights[target, source]
        color = "white" if weight > colors.STRONG else "black"
        axes.text(source, target, f"{weight:.2f}", ha="center", va="center", color=color, fontsize=cell * 0.3)


def _color_bar(axes: "Axes", gold: Gold) -> None:
    """A bar of fixed width beside the top of the matrix, placed in the axes so that it follows them."""
    width, height = layout.axes_points(axes)
    tall = float(np.clip(height, 60, 140))
    inset = axes.inset_axes((1 + 10 / width, 1 - tall / height, 9 / width, tall / height))
    bar = axes.figure.colorbar(ScalarMappable(Normalize(0, 1), COLORS), cax=inset, ticks=[0, 0.5, 1])
    bar.set_label("weight", alpha=0.7)
    bar.outline.set_linewidth(0.4)
    bar.ax.tick_params(length=2, labelsize=8)
    if gold.kinds():
        handles = [
            Patch(facecolor="none", edgecolor=colors.GOLD, linestyle=style, label=label)
            for label, style, _ in gold.kinds()
        ]
        options = {"frameon": False, "fontsize": 9, "handlelength": 1.0, "handleheight": 1.0, "handletextpad": 0.5}
        bar.ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(-0.6, -6 / tall), borderaxespad=0, **options)
