"""A real browser for tests of pages: Chromium without a window, driven by keys as a user without a mouse would."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def programs() -> tuple[str, str] | None:
    """The browser and the program that drives it, if both are installed."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Browser:
    """One tab, its keyboard, and what it complained of."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self.command("Emulation.setFocusEmulationEnabled", enabled=True)

    def command(self, name: str, **arguments: Any) -> Any:
        """Sends a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def open(self, page: Path, *, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        """Opens a file anew, with nothing remembered."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", features=media)
        self.driver.get("about:blank")
        self.problems()
        self.driver.get(page.as_uri())

    def press(self, *keys: str) -> None:
        """Presses keys, one after the other."""
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def run(self, script: str, *arguments: Any) -> Any:
        """Returns what a script of the test finds in the page."""
        return self.driver.execute_script(script, *arguments)

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that a selector finds."""
        found: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)", selector
        )
        return found

    def focused(self) -> str:
        """What the keyboard is at: its label or text, else its id."""
        place: str = self.run(
            "const one = document.activeElement;"
            "return one.getAttribute('aria-label') || one.closest('label')?.textContent || one.textContent || one.id"
        )
        return place

    def problems(self) -> list[str]:
        """Errors on the console, and addresses that were asked for, other than the page's own, since the last call."""
        complaints = [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]
        for entry in self.driver.get_log("performance"):  # type: ignore[no-untyped-call]
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                complaints += [] if url.startswith(("data:", "about:")) or url.endswith(".html") else [url]
        return complaints


@contextmanager
def running_browser(profile: Path) -> Iterator[Browser]:
    """Starts Chromium with an empty profile, and ends it."""
    found = programs()
    assert found is not None
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(found[1]))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
