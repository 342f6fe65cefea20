"""Pictures as arrays."""

from pathlib import Path

import numpy as np
from matplotlib.image import imread
from numpy.typing import NDArray


def read_png(path: str | Path) -> NDArray[np.uint8]:
    """Returns a PNG as (height, width, 3), 0 to 255; what is transparent becomes white.

    Raises:
        OSError: no such file, or none that can be read.
    """
    pixels = np.atleast_3d(np.asarray(imread(path, format="png"), np.float64))
    colors, alpha = pixels[..., :3], pixels[..., 3:]
    if alpha.size:
        colors = colors * alpha + (1 - alpha)
    return np.broadcast_to(np.rint(255 * colors), (*colors.shape[:2], 3)).astype(np.uint8)
