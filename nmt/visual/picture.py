"""A figure that shows itself in a notebook, whichever backend is set and whether or not pyplot is in use."""

import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DOTS_PER_INCH = 150
CSS_DOTS_PER_INCH = 96
SUFFIXES = (".png", ".svg")


class Picture(Figure):
    """A matplotlib figure that pyplot does not know: it needs no closing."""

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        """What a notebook shows: twice as many dots as it takes room, for sharp text."""
        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight")
        content = buffer.getvalue()
        width = int.from_bytes(content[16:20], "big")  # of the header, where PNG keeps it
        return content, {"width": round(width * CSS_DOTS_PER_INCH / DOTS_PER_INCH)}


class PictureAxes(Axes):
    """Axes that stand for their figure as the last value of a notebook cell."""

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]] | None:
        figure = self.get_figure(root=True)
        return figure._repr_png_() if isinstance(figure, Picture) else None


def save_picture(path: str | Path, paint: Callable[[Picture, bool], None]) -> None:
    """Writes what is painted on a new figure. An SVG holds its labels as text, and equal pictures give equal bytes.

    Args:
        path: the file.
        paint: given the figure, and whether characters without a font are to be left as they are.

    Raises:
        ValueError: the suffix is neither `.png` nor `.svg`.
        OSError: the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path}: a picture is written as {' or '.join(SUFFIXES)}")
    is_svg = suffix == ".svg"
    with mpl.rc_context({"svg.hashsalt": "nmt", "svg.fonttype": "none"}), warnings.catch_warnings():
        # The viewer of an SVG brings its own fonts: what matplotlib lacks here is no loss there.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Picture()
        paint(figure, is_svg)
        metadata = {"Date": None} if is_svg else {}
        figure.savefig(path, format=suffix[1:], dpi=DOTS_PER_INCH, bbox_inches="tight", metadata=metadata)
