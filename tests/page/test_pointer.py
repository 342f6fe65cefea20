"""The page of alignments by mouse."""

from pathlib import Path
from typing import Any

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from tests.browser import Browser
from tests.page.examples import lit


def token(browser: Browser, side: str, index: int) -> Any:
    return browser.driver.find_element(By.CSS_SELECTOR, f".tokens[data-side={side}] .token[data-index='{index}']")


def test_pointing_lights_and_leaving_settles(browser: Browser, page: Path) -> None:
    browser.open(page)
    pointer = ActionChains(browser.driver, duration=0)
    pointer.move_to_element(token(browser, "source", 1)).perform()
    assert lit(browser, "target") == {"la": "0.10", "maison": "0.30", "rouge": "0.90"}
    pointer.move_to_element(token(browser, "target", 0)).perform()
    assert lit(browser, "source") == {"the": "0.80", "red": "0.10", "house": "0.10"}
    assert lit(browser, "target") == {}
    pointer.move_to_element(browser.driver.find_element(By.ID, "next")).perform()
    assert lit(browser, "source") == lit(browser, "target") == {}


def test_clicks_choose_sentences(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.driver.find_element(By.ID, "next").click()
    assert browser.texts("#place") == ["2 of 5"]
    rows = browser.driver.find_elements(By.CSS_SELECTOR, "#list [role=option]")
    rows[4].click()
    assert browser.texts("#place") == ["5 of 5"]
    browser.driver.find_element(By.ID, "previous").click()
    assert browser.texts("#place") == ["4 of 5"]
