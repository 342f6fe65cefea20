"""The page of alignments in a real browser, by keyboard alone."""

from pathlib import Path

from selenium.webdriver.common.keys import Keys

from nmt import alignment_page
from tests.browser import Browser
from tests.page.examples import HOSTILE, HOUSE, WORSE, links, lit


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
