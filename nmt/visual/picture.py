"""A figure that shows itself in a notebook, whichever backend is set and whether or not pyplot is in use."""

from io import BytesIO
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

DOTS_PER_INCH = 150
CSS_DOTS_PER_INCH = 96


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
