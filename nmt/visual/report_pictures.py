"""Pictures of several runs, as the bytes of a PNG: learning curves over each other, alignments beside each other."""

import warnings
from collections.abc import Sequence
from io import BytesIO
from math import ceil

import matplotlib as mpl
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nmt.visual.curves import Panel, curve_style, draw_panel
from nmt.visual.heatmap import Weighted, side_by_side
from nmt.visual.labels import shorten, visible
from nmt.visual.picture import DOTS_PER_INCH

LONGEST_NAME = 120
SHORT_NAME = 60
"""Characters of the longest name, and of one that needs no line of its own."""


def curves_png(panels: Sequence[Panel], names: Sequence[str], unit: str = "optimizer steps") -> bytes:
    """Draws panels beside each other, whose curves of one place belong to one run, and the names of the runs below.

    Args:
        panels: at least one, each with a curve a run, maybe without points.
        names: of the runs.
        unit: label of the x axes.
    """
    buffer = BytesIO()
    shown = [shorten(visible(name), LONGEST_NAME) for name in names]
    columns = len(panels) if max(map(len, shown)) <= SHORT_NAME else 1
    below = 0.6 + 0.19 * ceil(len(names) / columns)
    height = 3.6 + below
    end = max((step for panel in panels for curve in panel.curves for step in curve.steps), default=1)
    with (
        style.context("default"),
        mpl.rc_context({"font.size": 9, "text.parse_math": False}),
        warnings.catch_warnings(),
    ):
        # The page has the names as text, also those in a script that no font draws.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(5 * len(panels), height), facecolor="white")
        grid = figure.subplots(1, len(panels), squeeze=False)[0]
        figure.subplots_adjust(0.045, below / height, 0.985, 1 - 0.35 / height, wspace=0.16)
        for axes, panel in zip(grid, panels, strict=True):
            draw_panel(axes, panel, end, legend=False)
            axes.set_xlabel(unit)
        lines = [Line2D([], [], **curve_style(index)) for index in range(len(names))]
        legend = {"frameon": False, "fontsize": 8.5, "handlelength": 3.5, "ncols": columns}
        figure.legend(lines, shown, loc="upper left", bbox_to_anchor=(0, (below - 0.45) / height), **legend)
        figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    return buffer.getvalue()


def heatmaps_png(alignments: Sequence[Weighted], titles: Sequence[str]) -> bytes:
    """Draws alignments side by side; the arguments are those of `nmt.visual.heatmap.side_by_side`."""
    buffer = BytesIO()
    side_by_side(alignments, [shorten(title, LONGEST_NAME) for title in titles]).savefig(
        buffer, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight"
    )
    return buffer.getvalue()
