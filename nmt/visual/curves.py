"""Learning curves as one picture: panels of lines over training steps."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""Of the palette of Okabe and Ito, which the colour-blind tell apart; dashes and markers tell the lines apart too."""
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.2, 1.2, 1.2)))
MARKERS = ("o", "s", "^", "D")
MOST_MARKED = 40
"""Lines of more points have no marker at each."""
WIDE = 20
"""A panel whose values lie further apart than this factor, all above zero, has a logarithmic axis."""


@dataclass(frozen=True)
class Curve:
    """A line: a label, and as many steps as values."""

    label: str
    steps: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True)
class Panel:
    """Lines that share an axis.

    Attributes:
        title: a line above.
        curves: from the first to the last colour; those without a point are left out.
        limits: the least and the greatest value of the axis; by default those of the curves.
    """

    title: str
    curves: Sequence[Curve]
    limits: tuple[float, float] | None = None


def save_curves(path: str | Path, panels: Sequence[Panel], *, title: str = "", unit: str = "steps") -> None:
    """Writes panels, two beside each other, as a PNG on white, whatever the user's settings of matplotlib.

    The file is replaced in one step, so that a viewer that watches it never sees half of one.

    Args:
        path: the file.
        panels: what to draw; equal x axes.
        title: a line above all.
        unit: label of the x axes.

    Raises:
        OSError: the file cannot be written.
    """
    part = Path(path).with_name(f".{Path(path).name}.{os.getpid()}")
    rows = (len(panels) + 1) // 2
    with style.context("default"), mpl.rc_context({"font.size": 9, "text.parse_math": False}):
        height = 1.0 + 2.8 * rows
        figure = Figure(figsize=(10, height), facecolor="white")
        grid = figure.subplots(rows, 2, squeeze=False, sharex=True)
        # Margins by hand: to have them found would draw everything twice, at each validation.
        figure.subplots_adjust(0.06, 0.5 / height, 0.985, 1 - 0.65 / height, wspace=0.16, hspace=0.2)
        end = max((step for panel in panels for curve in panel.curves for step in curve.steps), default=1)
        for axes, panel in zip(grid.flat, panels, strict=False):
            draw_panel(axes, panel, end)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        for axes in grid[-1]:
            axes.set_xlabel(unit)
        if title:
            figure.suptitle(title, fontsize=10, y=1 - 0.12 / height, va="top")
        try:
            figure.savefig(part, format="png", dpi=120)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


DIFFERENT = len(COLORS) * len(DASHES)
"""How many kinds of curves there are."""


def curve_style(index: int) -> dict[str, Any]:
    """Returns how the curve of an index is drawn; `DIFFERENT` in a row differ."""
    place, turn = index % len(COLORS), index // len(COLORS)
    return {
        "color": COLORS[place],
        "linestyle": DASHES[(place + turn) % len(DASHES)],
        "marker": MARKERS[(place + turn) % len(MARKERS)],
        "markersize": 4,
        "linewidth": 1.6,
    }


def draw_panel(axes: "Axes", panel: Panel, end: float, *, legend: bool = True) -> None:
    """Draws a panel on axes that exist.

    Args:
        axes: to draw on.
        panel: what to draw.
        end: the last step of all panels.
        legend: whether labels are shown, beside the title.
    """
    axes.set_title(panel.title, fontsize=10, loc="left")
    axes.set_xlim(0, 1.03 * end)
    axes.grid(visible=True, color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    filled = [(index, curve) for index, curve in enumerate(panel.curves) if len(curve.steps)]
    for index, curve in filled:
        axes.plot(
            curve.steps,
            curve.values,
            label=curve.label,
            clip_on=False,
            **curve_style(index) | ({} if len(curve.steps) <= MOST_MARKED else {"marker": ""}),
        )
    if panel.limits is not None:
        axes.set_ylim(*panel.limits)
    elif _is_wide([value for _, curve in filled for value in curve.values]):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if legend and len(panel.curves) > 1 and filled:
        # Beside the title, where no line runs.
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1.01, 1.0),
            ncols=len(filled),
            frameon=False,
            fontsize=8.5,
            handlelength=2.0,
            handletextpad=0.5,
            columnspacing=1.2,
            borderaxespad=0.1,
        )


def _is_wide(values: Sequence[float]) -> bool:
    return bool(values) and min(values) > 0 and max(values) > WIDE * min(values)
