"""An alignment matrix as a matplotlib heatmap: the source on x, the target on y."""

import textwrap
import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from nmt.visual import fonts, layout
from nmt.visual.labels import check_grid, shorten, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".png", ".svg")
COLORS = "Blues"
GOLD_COLOR = "#d95f02"
GRID_COLOR = "#dcdcdc"
NOTEWORTHY = 0.1
MOST_NUMBERED = 12


def heatmap(
    matrix: ArrayLike,
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    *,
    ax: "Axes | None" = None,
    title: str | None = None,
    gold: Collection[tuple[int, int]] | None = None,
) -> "Axes":
    """Draw an alignment.

    Args:
        matrix: weights (T, S) between 0 and 1, row = target token, column = source token; either may be empty.
        source_tokens: the S labels of the x axis.
        target_tokens: the T labels of the y axis.
        ax: axes to draw on; `None` makes a figure of a size that suits the numbers of tokens, unknown to pyplot.
        title: a line above the picture.
        gold: links (source, target), 0-based, marked by hollow squares.

    Returns:
        The axes; `.figure` is the picture.

    Raises:
        ValueError: the shape of the matrix differs from the numbers of labels, or a gold link lies outside of it.
    """
    weights = _checked(matrix, source_tokens, target_tokens, gold or ())
    labels = _prepare(source_tokens, target_tokens, title, keep_missing=False)
    axes = ax if ax is not None else layout.new_axes(Figure(), labels.source, labels.target, titled=bool(title))
    _draw(axes, weights, labels, gold or ())
    return axes


def save_heatmap(
    path: str | Path,
    matrix: ArrayLike,
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    *,
    title: str | None = None,
    gold: Collection[tuple[int, int]] | None = None,
) -> None:
    """Write an alignment (T, S) as a picture; the arguments are those of `heatmap`. Needs no display.

    An SVG holds its labels as text, and equal arguments give equal bytes.

    Raises:
        ValueError: the suffix is neither `.png` nor `.svg`, or as for `heatmap`.
        OSError: the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path}: a heatmap is written as {' or '.join(SUFFIXES)}")
    weights = _checked(matrix, source_tokens, target_tokens, gold or ())
    is_svg = suffix == ".svg"
    figure = Figure()
    with mpl.rc_context({"svg.hashsalt": "nmt", "svg.fonttype": "none"}), warnings.catch_warnings():
        # The viewer of an SVG brings its own fonts: what matplotlib lacks here is no loss there.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        labels = _prepare(source_tokens, target_tokens, title, keep_missing=is_svg)
        axes = layout.new_axes(figure, labels.source, labels.target, titled=bool(title))
        _draw(axes, weights, labels, gold or ())
        metadata = {"Date": None} if is_svg else {}
        figure.savefig(path, format=suffix[1:], dpi=150, bbox_inches="tight", metadata=metadata)


class _Labels(NamedTuple):
    """Texts as they are drawn, and the text properties they are drawn with."""

    source: list[str]
    target: list[str]
    title: str
    style: dict[str, Any]


def _checked(
    matrix: ArrayLike, source: Sequence[str], target: Sequence[str], gold: Collection[tuple[int, int]]
) -> NDArray[np.float64]:
    weights = np.asarray(matrix, dtype=np.float64)
    check_grid(weights.shape, source, target, gold)
    return weights


def _prepare(source: Sequence[str], target: Sequence[str], title: str | None, *, keep_missing: bool) -> _Labels:
    texts = [visible(title or ""), *(shorten(visible(token)) for token in (*source, *target))]
    families, missing = fonts.cover("".join(texts))
    if missing and not keep_missing:
        fonts.warn_missing(missing)
        texts = [text.translate(fonts.substitutes(missing)) for text in texts]
    # Labels are text: a dollar sign is no formula, whatever the user's settings.
    style = {"fontfamily": families, "parse_math": False, "usetex": False}
    return _Labels(texts[1 : len(source) + 1], texts[len(source) + 1 :], texts[0], style)


def _draw(axes: "Axes", weights: NDArray[np.float64], labels: _Labels, gold: Collection[tuple[int, int]]) -> None:
    cell = _paint(axes, weights)
    _label(axes, labels, cell)
    _mark_gold(axes, gold, cell)
    if max(weights.shape) <= MOST_NUMBERED and cell >= layout.NUMBERED_CELL:
        _print_numbers(axes, weights, cell)
    _color_bar(axes)
    if labels.title:
        width, _ = layout.axes_points(axes)
        lines = textwrap.fill(labels.title, max(48, int(width / layout.TITLE_CHARACTER)))
        axes.set_title(lines, fontsize=11, **labels.style)


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


def _label(axes: "Axes", labels: _Labels, cell: float) -> None:
    source, target, _, style = labels
    size, every = layout.font_size(cell), layout.label_step(cell)
    rotation = layout.rotation(source, cell)
    anchor = {0: "center", 45: "left", 90: "center"}[rotation]
    axes.xaxis.set_label_position("top")
    axes.xaxis.tick_top()
    axes.set_xticks(
        range(0, len(source), every),
        labels=source[::every],
        rotation=rotation,
        ha=anchor,
        rotation_mode="default" if rotation == 90 else "anchor",
        fontsize=size,
        **style,
    )
    axes.set_yticks(range(0, len(target), every), labels=target[::every], fontsize=size, **style)
    axes.tick_params(which="major", length=2, pad=2)
    axes.set_xlabel("source", alpha=0.7)
    axes.set_ylabel("target", alpha=0.7)


def _mark_gold(axes: "Axes", gold: Collection[tuple[int, int]], cell: float) -> None:
    """Frame the gold cells, a little inside so that neighbours keep frames of their own."""
    frames = [Rectangle((source - 0.42, target - 0.42), 0.84, 0.84) for source, target in sorted(gold)]
    width = float(np.clip(cell / 12, 0.8, 2.0))
    marks = PatchCollection(frames, facecolor="none", edgecolor=GOLD_COLOR, linewidth=width, label="gold")
    axes.add_collection(marks, autolim=False)


def _print_numbers(axes: "Axes", weights: NDArray[np.float64], cell: float) -> None:
    colors = mpl.colormaps[COLORS]
    for target, source in zip(*np.nonzero(weights >= NOTEWORTHY), strict=True):
        weight = weights[target, source]
        red, green, blue, _ = colors(float(weight))
        color = "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.45 else "black"
        axes.text(source, target, f"{weight:.2f}", ha="center", va="center", color=color, fontsize=cell * 0.3)


def _color_bar(axes: "Axes") -> None:
    """A bar of fixed width beside the top of the matrix, placed in the axes so that it follows them."""
    width, height = layout.axes_points(axes)
    tall = float(np.clip(height, 60, 140))
    inset = axes.inset_axes((1 + 10 / width, 1 - tall / height, 9 / width, tall / height))
    bar = axes.figure.colorbar(ScalarMappable(Normalize(0, 1), COLORS), cax=inset, ticks=[0, 0.5, 1])
    bar.set_label("weight", alpha=0.7)
    bar.outline.set_linewidth(0.4)
    bar.ax.tick_params(length=2, labelsize=8)
