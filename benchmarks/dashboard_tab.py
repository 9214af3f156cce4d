"""A tab of Chromium on the live page, and how much its scripts keep after their garbage is collected."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.serving_side import Viewer

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

READINGS = 7
COLLECTIONS, PAUSE_MS = 3, 300
PATIENCE_MS = 60_000


@dataclass(frozen=True)
class Tab:
    """Bytes of the JavaScript heap, read evenly over `seconds`; how many messages came, and the page's errors."""

    heap: Sequence[int]
    seconds: float
    messages: int
    complaints: Sequence[str]

    @property
    def growth(self) -> int:
        """Bytes from the first reading to the last."""
        return self.heap[-1] - self.heap[0]

    @property
    def growth_an_hour(self) -> float:
        """The same, of an hour at that pace."""
        return self.growth * 3600 / self.seconds


def why_absent() -> str | None:
    """What is missing for a tab, None where nothing is."""
    try:
        import playwright.sync_api  # noqa: F401  development only
    except ImportError:
        return "the package playwright is not installed (requirements-dev.txt)"
    return None if shutil.which("chromium") else "Chromium is not installed (apt-get install chromium)"


def measure(viewer: Viewer, settle_seconds: float, seconds: float, check: Callable[[], None]) -> Tab:
    """Open the live page as a viewer, let it settle, then read its heap while it stays open for `seconds`."""
    from playwright.sync_api import expect, sync_playwright

    complaints: list[str] = []
    messages: list[None] = []
    with sync_playwright() as playwright:
        # As root there is no sandbox; the page is our own.
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        cookies = viewer.cookies.items()
        context.add_cookies([{"name": name, "value": value, "url": viewer.address} for name, value in cookies])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("websocket", lambda socket: socket.on("framereceived", lambda _: messages.append(None)))
        page.goto(f"{viewer.address}/live")
        expect(page.locator("canvas").first).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_timeout(settle_seconds * 1000)
        messages.clear()
        heap = _readings(page, context.new_cdp_session(page), seconds, check)
        tab = Tab(heap, seconds, len(messages), complaints)
        browser.close()
    return tab


def _readings(page: "Page", session: "CDPSession", seconds: float, check: Callable[[], None]) -> list[int]:
    session.send("HeapProfiler.enable")
    heap = [_heap(page, session)]
    for _ in range(READINGS - 1):
        page.wait_for_timeout(seconds * 1000 / (READINGS - 1))
        check()
        heap.append(_heap(page, session))
    return heap


def _heap(page: "Page", session: "CDPSession") -> int:
    """Bytes in use after all garbage is collected: the least of a few, for one may fall into a message's handling."""
    found = []
    for _ in range(COLLECTIONS):
        session.send("HeapProfiler.collectGarbage")
        found.append(int(session.send("Runtime.getHeapUsage")["usedSize"]))
        page.wait_for_timeout(PAUSE_MS)
    return min(found)
