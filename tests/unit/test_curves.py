"""Learning curves are drawn, whatever there is to draw and whatever the user has set."""

import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from nmt.visual.curves import Curve, Panel, save_curves
from nmt.visual.pixels import read_png


def panels(points: int) -> list[Panel]:
    steps = [250 * (index + 1) for index in range(points)]
    falling = [4.0 / (1 + index) for index in range(points)]
    rising = [100 - 20 * value for value in falling]
    return [
        Panel("loss", [Curve("training", steps, falling), Curve("validation", steps[1:], falling[1:])]),
        Panel("$x_1", [Curve("BLEU", steps, rising), Curve("nothing", [], [])], (0, 100)),
        Panel("rate", [Curve("rate", steps, [0.001] * points)]),
    ]


@pytest.mark.parametrize("points", [0, 1, 3, 200])
def test_any_number_of_points_is_drawn(points: int, tmp_path: Path) -> None:
    save_curves(tmp_path / "curves.png", panels(points), title="runs/a_b$c", unit="steps")
    pixels = read_png(tmp_path / "curves.png")
    assert pixels.shape[2] == 3
    assert 600 < pixels.shape[1] < 2000
    assert (pixels[0, 0] == 255).all()
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]


def test_settings_of_the_user_do_not_change_the_picture(tmp_path: Path) -> None:
    save_curves(tmp_path / "a.png", panels(3))
    with mpl.rc_context({"figure.facecolor": "black", "text.color": "white", "lines.linewidth": 9, "font.size": 30}):
        save_curves(tmp_path / "b.png", panels(3))
    np.testing.assert_array_equal(read_png(tmp_path / "a.png"), read_png(tmp_path / "b.png"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -1.0])
def test_odd_values_are_no_error(value: float, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_curves(tmp_path / "curves.png", [Panel("loss", [Curve("training", [1, 2, 3], [5.0, value, 0.01])])])
    assert (tmp_path / "curves.png").is_file()


def test_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        save_curves(tmp_path / "missing" / "curves.png", panels(1))
