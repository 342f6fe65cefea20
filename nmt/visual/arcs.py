"""Two sentences and lines between their tokens: the source above or at the left, the target below or at the right."""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve
from matplotlib.text import Text
from numpy.typing import ArrayLike, NDArray

from nmt.visual import colors, drawing, layout
from nmt.visual.heatmap import Links, checked
from nmt.visual.picture import Picture, PictureAxes, save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST = 0.1
"""The least weight of a line where no links are given."""
FONT = 11.0
BETWEEN = 9.0
"""Points between two tokens of a row."""
LINE = 17.0
"""Points from one token to the next in a column."""
WIDEST = 15 * 72.0
"""Points of the widest sentence that is set as a row; longer ones stand in columns."""
TALLEST = 90 * 72.0
ROOM = 90.0
"""Points between the two sentences."""
BAND = 6.0
COLOR = tuple(colors.scale(2)[1])


class Place(NamedTuple):
    """Where a token stands, in points from the top left corner, and where its lines end."""

    x: float
    y: float
    end: tuple[float, float]


@dataclass(frozen=True)
class Plan:
    """Where everything stands: in rows, or in columns where a row would be too wide."""

    source: list[Place]
    target: list[Place]
    width: float
    height: float
    has_rows: bool


def arcs(
    matrix: ArrayLike,
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    *,
    links: Links | None = None,
    ax: "Axes | None" = None,
    title: str | None = None,
    gold: Links | None = None,
    possible: Links | None = None,
) -> "Axes":
    """Draw lines between two sentences, the thicker and darker the more weight. A right-to-left row runs right to left.

    Args:
        matrix: weights (T, S) between 0 and 1, row = target token, column = source token; either may be empty.
        source_tokens: the S tokens above, or at the left where they are too many for a row.
        target_tokens: the T tokens below, or at the right.
        links: pairs (source, target), 0-based, to draw; by default all of a weight of at least 0.1.
        ax: axes to draw on; `None` makes a figure of a size that suits the tokens, unknown to pyplot.
        title: a line above the picture.
        gold: links drawn as bands behind the lines.
        possible: gold links that are possible only, drawn as dotted bands.

    Returns:
        The axes; `.figure` is the picture. Axes of an own figure show it as the last value of a notebook cell.

    Raises:
        ValueError: the shape of the matrix differs from the numbers of tokens, or a link lies outside of it.
    """
    marks = drawing.Gold(gold or (), possible or ())
    weights = _checked(matrix, source_tokens, target_tokens, links, marks)
    labels = drawing.prepare(source_tokens, target_tokens, title, keep_missing=False)
    return _draw(ax, Picture(), weights, labels, links, marks)


def save_arcs(
    path: str | Path,
    matrix: ArrayLike,
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    *,
    links: Links | None = None,
    title: str | None = None,
    gold: Links | None = None,
    possible: Links | None = None,
) -> None:
    """Write an alignment (T, S) as a picture; the arguments are those of `arcs`. Needs no display.

    Raises:
        ValueError: the suffix is neither `.png` nor `.svg`, or as for `arcs`.
        OSError: the file cannot be written.
    """
    marks = drawing.Gold(gold or (), possible or ())

    def paint(figure: Picture, keep_missing: bool) -> None:
        weights = _checked(matrix, source_tokens, target_tokens, links, marks)
        labels = drawing.prepare(source_tokens, target_tokens, title, keep_missing=keep_missing)
        _draw(None, figure, weights, labels, links, marks)

    save_picture(path, paint)


def _checked(
    matrix: ArrayLike, source: Sequence[str], target: Sequence[str], links: Links | None, gold: drawing.Gold
) -> NDArray[np.float64]:
    return checked(matrix, source, target, drawing.Gold(gold.sure, [*gold.possible, *(links or ())]))


def _draw(
    ax: "Axes | None",
    figure: Picture,
    weights: NDArray[np.float64],
    labels: drawing.Labels,
    links: Links | None,
    gold: drawing.Gold,
) -> "Axes":
    plan = _plan(labels)
    axes = ax if ax is not None else _own_axes(figure, plan)
    axes.set(xlim=(0, plan.width), ylim=(plan.height, 0))
    axes.set_axis_off()
    # On axes of the user's the text shrinks with the picture, so that tokens keep apart.
    width, height = layout.axes_points(axes)
    shrink = min(1.0, width / plan.width, height / plan.height)
    if links is None:
        links = [(int(source), int(target)) for target, source in zip(*np.nonzero(weights >= LEAST), strict=True)]
    _draw_gold(axes, plan, gold)
    for source, target in sorted(links, key=lambda link: weights[link[1], link[0]]):
        weight = float(np.clip(weights[target, source], 0, 1))
        line = {"edgecolor": COLOR, "alpha": 0.25 + 0.75 * weight, "linewidth": (0.8 + 1.9 * weight) * shrink}
        axes.add_patch(_curve(plan, source, target, **line))
    _write(axes, plan, labels, FONT * shrink)
    if title := labels.title.lines[0]:
        axes.set_title(title, fontsize=11, **labels.title.style)
    return axes


def _own_axes(figure: Picture, plan: Plan) -> "Axes":
    figure.set_size_inches(plan.width / layout.POINTS, plan.height / layout.POINTS)
    return figure.add_axes((0, 0, 1, 1), axes_class=PictureAxes)


def _plan(labels: drawing.Labels) -> Plan:
    widths = [_widths(texts) for texts in (labels.source, labels.target)]
    totals = [sum(one) + BETWEEN * max(0, len(one) - 1) for one in widths]
    margin = 2 * BETWEEN
    if max(totals) <= WIDEST:
        width = max(*totals, ROOM)
        rows = [
            _row(one, (width - total) / 2 + margin, y, end, _is_right_to_left(texts.lines))
            for one, total, texts, y, end in zip(
                widths, totals, labels[:2], (2.2 * FONT, 3.4 * FONT + ROOM), (3 * FONT, 2.6 * FONT + ROOM), strict=True
            )
        ]
        return Plan(rows[0], rows[1], width + 2 * margin, 5.2 * FONT + ROOM, has_rows=True)
    line = min(LINE, TALLEST / max(map(len, widths)))
    left = margin + max(widths[0], default=0)
    tops = [3 * FONT + line * index for index in range(max(map(len, widths)))]
    source = [Place(left, y, (left + 4, y)) for y in tops[: len(widths[0])]]
    right = left + 2 * ROOM
    target = [Place(right, y, (right - 4, y)) for y in tops[: len(widths[1])]]
    return Plan(source, target, right + max(widths[1], default=0) + margin, tops[-1] + line, has_rows=False)


def _row(widths: Iterable[float], left: float, y: float, end: float, is_right_to_left: bool) -> list[Place]:
    widths = list(widths)
    places = []
    for width in reversed(widths) if is_right_to_left else widths:
        middle = left + width / 2
        places.append(Place(middle, y, (middle, end)))
        left += width + BETWEEN
    return places[::-1] if is_right_to_left else places


def _widths(texts: drawing.Texts) -> list[float]:
    """Widths of tokens in points."""
    figure = Picture(dpi=72)
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    measured = (Text(0, 0, text, fontsize=FONT, figure=figure, **texts.style) for text in texts.lines)
    return [max(float(text.get_window_extent(renderer).width), FONT / 2) for text in measured]


def _is_right_to_left(tokens: Iterable[str]) -> bool:
    """Whether the first character that has a direction runs right to left (Unicode Annex 9, rule P2)."""
    strong = (unicodedata.bidirectional(character) for token in tokens for character in token)
    return next((one != "L" for one in strong if one in {"L", "R", "AL"}), False)


def _curve(plan: Plan, source: int, target: int, **style: object) -> PathPatch:
    (x, y), (u, v) = plan.source[source].end, plan.target[target].end
    middle = [(x, (y + v) / 2), (u, (y + v) / 2)] if plan.has_rows else [((x + u) / 2, y), ((x + u) / 2, v)]
    curve = Curve([(x, y), *middle, (u, v)], [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4])
    return PathPatch(curve, facecolor="none", gid=f"{source}-{target}", **{"capstyle": "round", **style})


def _draw_gold(axes: "Axes", plan: Plan, gold: drawing.Gold) -> None:
    handles = []
    for label, style, links in gold.kinds():
        # A band behind the line of the alignment, so that both are seen where they agree.
        line: dict[str, Any] = {
            "linestyle": "solid" if style == "solid" else (0, (0.4, 0.6)),
            "linewidth": BAND,
            "alpha": 0.5,
        }
        for source, target in links:
            axes.add_patch(_curve(plan, source, target, edgecolor=colors.GOLD, capstyle="butt", **line))
        handles.append(Line2D([], [], color=colors.GOLD, label=label, **line))
    if handles:
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=9)


def _write(axes: "Axes", plan: Plan, labels: drawing.Labels, size: float) -> None:
    sides: Collection[tuple[str, list[Place], drawing.Texts, str]] = (
        ("source", plan.source, labels.source, "right"),
        ("target", plan.target, labels.target, "left"),
    )
    for name, places, texts, side in sides:
        anchor = "center" if plan.has_rows else side
        for place, text in zip(places, texts.lines, strict=True):
            axes.text(place.x, place.y, text, ha=anchor, va="center", fontsize=size, **texts.style)
        if not places:
            continue
        dim: dict[str, Any] = {"fontsize": 0.8 * size, "alpha": 0.7}
        if plan.has_rows:
            y = places[0].y + (-1.4 * FONT if name == "source" else 1.4 * FONT)
            axes.text(plan.width / 2, y, name, ha="center", va="center", **dim)
        else:
            axes.text(places[0].x, FONT, name, ha=anchor, va="center", **dim)
