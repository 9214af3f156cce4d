"""Every page in a browser: readable at both widths and in both themes, and in each state that it can be in."""

import pytest
from playwright.sync_api import expect

from tests.dashboard_answers import HOSTILE
from tests.dashboard_reports import VISITOR
from tests.unit.serving.dashboard.conftest import Dashboard, keep, overflow, serious

SETTLED = {
    "live": ".events .event",
    "pipeline": ".flow .stage",
    "warehouse": ".plot canvas",
    "quality": ".history",
    "path": ".canvas canvas",
    "login": "form",
}
JUDGED = {("light", 1280), ("dark", 360)}
"""Each theme and each width is before axe once: it takes a second."""
STATES = {
    ("live", "empty"): "No window yet",
    ("live", "stale"): "No new window for some time",
    ("live", "away"): "The server takes no page for now",
    ("live", "old"): "The server has no answer of its store. What stands here was read at",
    ("pipeline", "empty"): "Nothing flows yet",
    ("pipeline", "away"): "The store is away",
    ("warehouse", "away"): "The store is away",
    ("quality", "empty"): "Nothing was rejected",
    ("quality", "away"): "The store is away",
    ("path", "empty"): "No session in this range",
    ("path", "away"): "The store is away",
}


@pytest.mark.parametrize("name", SETTLED)
def test_a_page_is_readable_at_both_widths_and_in_both_themes(dashboard: Dashboard, name: str) -> None:
    page = dashboard.open(name, role="" if name == "login" else "operator")
    page.locator(SETTLED[name]).first.wait_for()
    if name == "live":
        page.locator(".mark").first.click()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_function(
                "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
            )
            assert page.evaluate("document.documentElement.dataset.theme") == theme
            assert overflow(page) <= 0, width
            if (theme, width) in JUDGED:
                assert serious(page) == [], (theme, width)
            keep(page, f"{name}-{width}-{theme}")
    assert dashboard.complaints == []


@pytest.mark.parametrize(("name", "shown"), STATES)
def test_a_state_says_what_it_is(dashboard: Dashboard, name: str, shown: str) -> None:
    page = dashboard.open(name, shown=shown, width=360)
    expect(page.get_by_text(STATES[name, shown]).first).to_be_visible()
    assert overflow(page) <= 0
    # A store that is away looks alike on all pages.
    assert (shown == "away" and name != "quality") or serious(page) == []
    keep(page, f"{name}-360-{shown}")


def test_what_is_on_its_way_has_its_shape_already(dashboard: Dashboard) -> None:
    for name in ("warehouse", "quality", "path"):
        page = dashboard.open(name, shown="slow")
        expect(page.get_by_role("status", name="Loading").first).to_be_visible()
        keep(page, f"{name}-1280-slow")


def test_no_text_of_an_event_becomes_markup(dashboard: Dashboard) -> None:
    pages = {"live": ".event", "pipeline": ".log", "quality": "td", "path": ".timeline"}
    for name, place in pages.items():
        page = dashboard.open(name)
        if name == "path":
            page.get_by_label("Keyed hash of a visitor").fill(VISITOR)
            page.get_by_role("button", name="Show").click()
        expect(
            page.locator(place).get_by_text(HOSTILE[:20]).or_(page.locator(place, has_text=HOSTILE[:20])).first
        ).to_be_attached()
        assert page.locator("main img, main script").count() == 0, name
        assert page.title() != "1"
    assert dashboard.complaints == []


def test_the_theme_that_was_chosen_stays(dashboard: Dashboard) -> None:
    page = dashboard.open("login", role="")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_keyboard_reaches_a_definition_and_closes_it(dashboard: Dashboard) -> None:
    page = dashboard.open("live")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.get_by_role("button", name="Visitors", exact=True).focus()
    expect(page.get_by_role("tooltip")).to_contain_text("The device (device_id), whoever uses it")
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_have_count(0)
