"""A browser and the dashboard with recorded answers: one of each for the tests of a file."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.dashboard_server import DashboardServer

PATIENCE_MS = 30_000
"""How long a page may take on a busy machine; what is there is not waited for."""
expect.set_options(timeout=PATIENCE_MS)
SCREENSHOTS = "TEST_SCREENSHOTS"
"""Names the folder that screenshots go to; without it none are kept."""


class Dashboard:
    """Opens pages, and remembers what their consoles complained about."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self.address = address
        self.complaints: list[str] = []

    def open(self, name: str, *, role: str = "operator", shown: str = "", width: int = 1280) -> Page:
        context = self._browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="light", reduced_motion="reduce", locale="en-GB"
        )
        given = {"as": role, "shown": shown}
        context.add_cookies(
            [{"name": key, "value": value, "url": self.address} for key, value in given.items() if value]
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{self.address}/{name}")
        return page

    def close(self) -> None:
        for context in self._browser.contexts:
            context.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright runs an event loop in the test's thread for as long as it is there: other files have their own."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not here: apt-get install chromium")
    with sync_playwright() as playwright:
        # As root there is no sandbox; the pages are our own.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server() -> Iterator[DashboardServer]:
    server = DashboardServer()
    yield server
    server.close()


@pytest.fixture
def dashboard(browser: Browser, server: DashboardServer) -> Iterator[Dashboard]:
    dashboard = Dashboard(browser, server.address)
    yield dashboard
    dashboard.close()


def keep(page: Page, name: str) -> None:
    """A picture of the whole page, where somebody wants pictures."""
    if folder := os.environ.get(SCREENSHOTS):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def serious(page: Page) -> list[str]:
    """What axe finds to be in the way of somebody."""
    found = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']]}"
        for each in found.response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def overflow(page: Page) -> int:
    """Pixels that the page would have to be scrolled sideways."""
    wide: Any = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return int(wide)
