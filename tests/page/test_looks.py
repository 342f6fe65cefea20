"""How the page of alignments looks: light and dark, legible, and within the window."""

from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import Browser
from tests.page.examples import aligned


def test_light_and_dark(browser: Browser, page: Path) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    browser.open(page, scheme="dark")
    dark = browser.run(ground)
    browser.run("document.getElementById('theme').focus()")
    browser.press(Keys.ENTER)
    light = browser.run(ground)
    assert light != dark
    browser.press(Keys.ENTER)
    assert browser.run(ground) == dark
    browser.press(Keys.ENTER)
    assert browser.texts("#theme") == ["Theme: system"]
    browser.open(page, scheme="light")
    assert browser.run(ground) == light


def test_legible_contrast(browser: Browser, page: Path) -> None:
    """WCAG 2.2, level AA: 4.5 to 1 for text on its ground, in both themes."""
    script = """
      const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      const rgb = (color) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
      };
      const luminance = (color) => rgb(color).slice(0, 3).map((value) => value / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
        .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
      const ground = (one) => {
        const color = getComputedStyle(one).backgroundColor;
        return rgb(color)[3] > 0 ? color : ground(one.parentElement);
      };
      const found = [];
      for (const one of document.querySelectorAll(arguments[0])) {
        const [a, b] = [luminance(getComputedStyle(one).color), luminance(ground(one))].sort((x, y) => y - x);
        found.push([(a + 0.05) / (b + 0.05), one.className, one.textContent]);
      }
      return found.sort((x, y) => x[0] - y[0])[0];"""
    shown = "h1, #source, .score, legend, label, #found, .number, .option .text, td:not(.faint), th, .token, .legend"
    for scheme in ("light", "dark"):
        browser.open(page, scheme=scheme)
        browser.press("s", Keys.ARROW_RIGHT)
        assert browser.run(script, shown)[0] >= 4.5, scheme


@pytest.mark.parametrize("width", [400, 1280])
def test_long_sentences_stand_in_columns_and_nothing_runs_off_the_page(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    words = " ".join(f"word{index}" for index in range(60))
    path = tmp_path / "long.html"
    path.write_text(aligned(words, words, np.eye(60).tolist()).to_html(), encoding="utf-8")
    browser.open(path, width=width)
    assert browser.run("return document.querySelector('.pair').dataset.layout") == "columns"
    assert browser.run("return document.documentElement.scrollWidth") <= width
    browser.press("s", Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    assert browser.run("return [document.activeElement.dataset.side, document.activeElement.dataset.index]") == [
        "target",
        "1",
    ]
