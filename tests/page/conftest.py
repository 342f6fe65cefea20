"""A browser and a page for all tests of pages."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nmt import alignment_page
from tests.browser import Browser, programs, running_browser
from tests.conftest import lacking
from tests.page.examples import HEBREW, HOSTILE, HOUSE, WORSE, translated


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, started once."""
    if programs() is None:
        lacking("Chromium and its driver are not installed (Debian: chromium, chromium-driver)")
    with running_browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(autouse=True)
def _quiet(browser: Browser) -> Iterator[None]:
    """After each test: no error on the console, nothing asked of a network."""
    yield
    assert browser.problems() == []


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four sentences and an empty line; the first has two translations and gold links."""
    items: list[Any] = [translated(HOUSE, WORSE), translated(HEBREW), translated(), HOSTILE, translated(WORSE)]
    gold = SimpleNamespace(sure={(0, 0), (1, 2)}, possible={(0, 0), (1, 2), (2, 1)})
    path = tmp_path_factory.mktemp("pages") / "page.html"
    path.write_text(alignment_page(items, gold=[gold, None, None, None, None]), encoding="utf-8")
    return path
