"""The page of alignments in a real browser, by keyboard alone."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from nmt import Alignment, alignment_page
from nmt.alignment.words import word_spans
from tests.browser import Browser, programs, running_browser
from tests.conftest import lacking


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if programs() is None:
        lacking("Chromium and its driver are not installed (Debian: chromium, chromium-driver)")
    with running_browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(autouse=True)
def quiet(browser: Browser) -> Iterator[None]:
    """After each test: no error on the console, nothing asked of a network."""
    yield
    assert browser.problems() == []


def aligned(source: str, target: str, rows: list[list[float]]) -> Alignment:
    """An alignment whose pieces are words and `</s>`, all but the first word of the target cut in two."""
    sources, targets = word_spans(source), word_spans(target)
    spans = [targets[0]]
    for start, end in targets[1:]:
        spans += [(start, start + 1), (start + 1, end)]
    tokens = tuple(target[start:end] for start, end in spans)
    matrix = np.zeros((len(tokens) + 1, len(sources) + 1), np.float32)
    for index, (start, _) in enumerate(spans):
        word = next(place for place, (_, end) in enumerate(targets) if start < end)
        matrix[index, : len(sources)] = rows[word]
    matrix[-1, -1] = 1
    return Alignment(
        matrix,
        (*(source[start:end] for start, end in sources), "</s>"),
        (*tokens, "</s>"),
        source,
        target,
        (*sources, (len(source), len(source))),
        (*spans, (len(target), len(target))),
    )


HOUSE = aligned("the red house", "la maison rouge", [[0.8, 0.1, 0.1], [0.1, 0.3, 0.6], [0.0, 0.9, 0.1]])
WORSE = aligned("the red house", "le rouge", [[0.6, 0.2, 0.2], [0.0, 1.0, 0.0]])
HEBREW = aligned("הילד אכל תפוח", "the boy ate", [[0.7, 0.2, 0.1], [0.9, 0.1, 0.0], [0.1, 0.8, 0.1]])
HOSTILE = aligned("</script><b>x</b> \u2028 \"'& {{data}}", "<img src=x onerror=alert(1)> $1", [[0.3] * 3] * 4)


def translated(*alignments: Alignment) -> SimpleNamespace:
    hypotheses = [
        SimpleNamespace(text=one.target_text, score=-0.5 * (index + 1), alignment=one)
        for index, one in enumerate(alignments)
    ]
    return SimpleNamespace(source=alignments[0].source_text if alignments else "", hypotheses=hypotheses)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four sentences and an empty line; the first has two translations and gold links."""
    items: list[Any] = [translated(HOUSE, WORSE), translated(HEBREW), translated(), HOSTILE, translated(WORSE)]
    gold = SimpleNamespace(sure={(0, 0), (1, 2)}, possible={(0, 0), (1, 2), (2, 1)})
    path = tmp_path_factory.mktemp("pages") / "page.html"
    path.write_text(alignment_page(items, gold=[gold, None, None, None, None]), encoding="utf-8")
    return path


def lit(browser: Browser, side: str) -> dict[str, str]:
    """The tokens of a side that are lit, with their weights."""
    found: dict[str, str] = browser.run(
        "return Object.fromEntries([...document.querySelectorAll(`.tokens[data-side=${arguments[0]}] .token`)]"
        ".map((one) => [one.querySelector('.label').textContent, one.querySelector('.weight').textContent])"
        ".filter(([, weight]) => weight))",
        side,
    )
    return found


def links(browser: Browser) -> list[str]:
    found: list[str] = browser.run(
        "return [...document.querySelectorAll('.pair .own path')].map((one) => one.dataset.link).sort()"
    )
    return found


def test_a_word_lights_its_partners(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press("s")
    assert browser.focused() == "the"
    assert lit(browser, "target") == {"la": "0.80", "maison": "0.10"}
    browser.press(Keys.ARROW_RIGHT)
    assert browser.focused() == "red"
    assert lit(browser, "target") == {"la": "0.10", "maison": "0.30", "rouge": "0.90"}
    browser.press(Keys.ARROW_DOWN)
    assert browser.focused() == "rouge", "its strongest partner"
    assert lit(browser, "source") == {"red": "0.90", "house": "0.10"}
    assert browser.texts("#readout") == ["\u2068rouge\u2069: \u2068red\u2069 0.90, \u2068house\u2069 0.10"]
    browser.press(Keys.HOME, Keys.ARROW_UP)
    assert browser.focused() == "the"


def test_tab_leads_through_the_page_and_focus_is_seen(browser: Browser, page: Path) -> None:
    browser.open(page)
    seen = []
    for _ in range(13):
        browser.press(Keys.TAB)
        seen.append(browser.focused())
        width = browser.run("return getComputedStyle(document.activeElement).outlineWidth")
        assert float(width.removesuffix("px")) >= 1, seen[-1]
    assert (
        seen
        == [
            "Theme: system",
            "Keys ?",
            "search",
            "Sentences, arrow keys choose",
            "Next sentence",
            "la maison rougescore −0.500",
            "words",
            "the alignment’s own",
            "Least weight of a link",
            browser.texts("#gold-switch")[0],
            "the",
            "la",
            "0.80",
            "",
        ][: len(seen)]
        or seen
    )


def test_threshold_chooses_links(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert links(browser) == ["0-0", "1-2", "2-1"], "by argmax"
    assert browser.texts("#least") == ["3 links"]
    browser.press("t", Keys.ARROW_LEFT)
    assert links(browser) == ["0-0", "1-1", "1-2", "2-1"], "of at least 0.29"
    assert browser.texts("#least") == ["0.29 · 4 links"]
    browser.press(Keys.END, Keys.ARROW_LEFT)
    assert links(browser) == []
    assert browser.texts("td.linked") == []


def test_words_and_pieces(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press("w")
    assert browser.texts(".tokens[data-side=target] .label") == ["la", "m", "aison", "r", "ouge", "</s>"]
    browser.press("s", Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    assert lit(browser, "source") == {"the": "0.10", "red": "0.30", "house": "0.60"}
    browser.press("w")
    assert browser.texts(".tokens[data-side=target] .label") == ["la", "maison", "rouge"]


def test_another_translation_of_the_sentence(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.texts("#hypotheses .score") == ["score −0.500", "score −1.000"]
    browser.press("2")
    assert browser.texts(".tokens[data-side=target] .label") == ["le", "rouge"]
    assert not browser.run("return document.querySelectorAll('td.sure').length"), "gold is of the first"


def test_search_and_the_list(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press("/", *"ROUGE")
    assert browser.texts("#found") == ["2 of 5"]
    assert browser.texts(".option .number") == ["1", "5"]
    assert browser.texts("mark") == ["rouge", "rouge"]
    browser.press(Keys.ENTER, Keys.ARROW_DOWN)
    assert browser.texts("#place") == ["5 of 5"]
    assert browser.run("return document.getElementById('list').getAttribute('aria-activedescendant')") == "option-4"
    assert browser.run("return location.hash") == "#5"
    browser.press("/", Keys.ESCAPE)
    assert browser.texts("#found") == ["5 sentences"]
    browser.press("nothing", Keys.ENTER)
    assert browser.texts("#found") == ["0 of 5"]


def test_next_sentence_keeps_the_keyboard_in_its_place(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press("s", "n")
    assert browser.texts("#place") == ["2 of 5"]
    assert browser.focused() == "הילד"
    browser.press("n")
    assert browser.texts("#readout") == ["An empty line has no alignment."]
    browser.press("p", "p")
    assert browser.texts("#place") == ["1 of 5"]


def test_right_to_left(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press("n", "s")
    first, second, third = browser.run(
        "return [...document.querySelectorAll('.tokens[data-side=source] .token')]"
        ".map((one) => one.getBoundingClientRect().x)"
    )
    assert first > second > third
    browser.press(Keys.ARROW_LEFT)
    assert browser.focused() == "אכל", "the next word stands at the left"


def test_hostile_text_is_text(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press("n", "n", "n")
    assert browser.texts("#source") == [HOSTILE.source_text]
    assert browser.texts("#hypotheses .text") == [HOSTILE.target_text]
    assert not browser.run("return document.querySelectorAll('main b, main img').length")


def test_heatmap_by_arrows_and_gold_links(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press("m", Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    assert browser.texts("#readout") == ["\u2068red\u2069 → \u2068maison\u2069: 0.30"]
    cells = "return [...document.querySelectorAll(`td.${arguments[0]}`)].map((one) => [one.dataset.s, one.dataset.t])"
    assert browser.run(cells, "sure") == [["0", "0"], ["1", "2"]]
    assert browser.run(cells, "possible") == [["2", "1"]]
    assert browser.run("return document.querySelectorAll('.gold .sure, .gold .possible').length") == 3


def test_help_and_single_keys_that_can_be_switched_off(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press("?")
    assert browser.run("return document.getElementById('help').open")
    browser.run("document.getElementById('shortcuts').focus()")
    browser.press(Keys.SPACE, Keys.ESCAPE)
    assert not browser.run("return document.getElementById('help').open")
    browser.press("n")
    assert browser.texts("#place") == ["1 of 5"]


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


def test_a_thousand_sentences_open_with_few_elements(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "many.html"
    path.write_text(alignment_page([HOUSE, WORSE] * 500), encoding="utf-8")
    browser.open(path)
    assert browser.texts("#place") == ["1 of 1,000"]
    assert browser.run("return document.querySelectorAll('*').length") < 500
    browser.run("document.getElementById('list').focus()")
    browser.press(Keys.END)
    assert browser.texts("#place") == ["1,000 of 1,000"]
    assert browser.texts('[aria-selected="true"] .number') == ["1000"]
    browser.press(Keys.PAGE_UP, Keys.ARROW_DOWN, Keys.HOME)
    assert browser.texts("#place") == ["1 of 1,000"]
