"""The colours of weights: one scale for pictures and pages."""

import numpy as np
from numpy.typing import NDArray

PALE, DEEP = (1.0, 1.0, 1.0), (8 / 255, 81 / 255, 156 / 255)
"""sRGB of weight 0 and weight 1: from white to a dark blue, which differ in lightness for every kind of sight."""
GOLD = "#b4500a"
"""Of gold links: apart from the blues for the colour-blind, too."""
STRONG = 0.775
"""Above this weight white text has more contrast on the colour than black; both have more than 4.5 : 1 here."""

# B. Ottosson 2020, "A perceptual color space for image processing": linear sRGB to cone responses, and the cube roots
# of these to L, a and b.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def scale(steps: int = 256) -> NDArray[np.float64]:
    """Returns sRGB colours (steps, 3) from 0 to 1 that lie evenly on a straight line in OKLab.

    Equal differences of weight therefore look equally large. Pages mix the same colours by CSS, `in oklab`.
    """
    pale, deep = (_TO_LAB @ np.cbrt(_TO_CONES @ _linear(np.array(color))) for color in (PALE, DEEP))
    lab = pale + np.linspace(0, 1, steps)[:, None] * (deep - pale)
    linear = (lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_CONES).T
    return _encoded(linear.clip(0, 1))


def _linear(color: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns sRGB values without their gamma (IEC 61966-2-1)."""
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)


def _encoded(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns sRGB values with their gamma."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
