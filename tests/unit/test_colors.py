"""The colours of weights, judged by formulas other than those that made them."""

import numpy as np
from numpy.typing import NDArray

from nmt.visual.colors import DEEP, GOLD, PALE, STRONG, scale


def linear(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)


def cielab(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE 1976 L*a*b* of sRGB colours (N, 3), D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = linear(colors) @ to_xyz.T / to_xyz.sum(axis=1)
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def luminance(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(linear(colors) @ np.array([0.2126, 0.7152, 0.0722]))


def test_scale_goes_from_end_to_end() -> None:
    np.testing.assert_allclose(scale(7)[[0, -1]], [PALE, DEEP], atol=1e-3)


def test_equal_steps_of_weight_look_equally_large() -> None:
    steps = np.linalg.norm(np.diff(cielab(scale(21)), axis=0), axis=1)
    assert steps.max() < 1.25 * steps.min()


def test_lightness_falls_for_every_kind_of_sight() -> None:
    # Brettel-like single-plane simulation of Vienot et al. 1999 for red- and green-blindness, on linear sRGB.
    red_blind = np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]])
    green_blind = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])
    for sight in (np.eye(3), red_blind, green_blind):
        seen = linear(scale(101)) @ sight.T @ np.array([0.2126, 0.7152, 0.0722])
        assert (np.diff(seen) < 0).all()
        assert seen[0] - seen[-1] > 0.8


def test_numbers_on_cells_and_gold_have_contrast() -> None:
    shades = luminance(scale(201))
    weights = np.linspace(0, 1, 201)
    contrast = np.where(weights > STRONG, 1.05 / (shades + 0.05), (shades + 0.05) / 0.05)
    assert contrast.min() > 4.5, "WCAG 2.2, level AA, of text"
    gold = luminance(np.array([[int(GOLD[i : i + 2], 16) / 255 for i in (1, 3, 5)]]))
    assert 1.05 / (gold[0] + 0.05) > 4.5
