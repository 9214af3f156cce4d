"""The live page where its connection ends, and where there is more than it shows."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.unit.serving.dashboard.conftest import Dashboard, keep, overflow, serious

CLOSED = {
    3000: "The connection is lost; it goes on where it ended.",
    1013: "The server takes no page for now (recorded): it is tried again.",
    4401: "The server asks for a login again.",
    4403: "The server does not know the address of this page.",
}


@pytest.mark.parametrize("code", CLOSED)
def test_a_closed_connection_says_why_and_who_is_logged_in_stays(dashboard: Dashboard, code: int) -> None:
    page = dashboard.open("live", shown=f"closed-{code}")
    expect(page.locator(".note.warn")).to_contain_text(CLOSED[code])
    expect(page.locator(".page-head .badge")).to_have_text("reconnecting")
    expect(page.locator(".note.warn")).not_to_contain_text("What stands here")
    assert page.url.endswith("/live")


def test_whoever_is_logged_out_is_led_to_the_login_and_back_once_logged_in(dashboard: Dashboard) -> None:
    page = dashboard.open("live", shown="closed-4401")
    page.locator(".note.warn").wait_for()
    page.context.clear_cookies(name="as")
    page.wait_for_url("**/login?next=%2Flive")
    page.context.clear_cookies(name="shown")
    page.context.add_cookies([{"name": "as", "value": "viewer", "url": dashboard.address}])
    page.reload()
    page.wait_for_url("**/live")


def test_the_age_of_the_last_reading_is_told(dashboard: Dashboard) -> None:
    page = dashboard.open("live", shown="old")
    expect(page.locator(".page-head .badge")).to_have_text("stale")
    expect(page.locator(".page-head .lead")).to_have_text(re.compile(r", last read 5 min ago$"))


def test_a_list_whose_members_are_gone_is_emptied(dashboard: Dashboard) -> None:
    page = dashboard.open("live", shown="quiet")
    expect(page.get_by_text("No view in the last 15 minutes")).to_be_visible()
    expect(page.locator(".tops li")).to_have_count(0)


def test_what_is_open_stands_first_and_what_is_not_shown_is_counted(dashboard: Dashboard) -> None:
    page = dashboard.open("live", shown="crowded", width=360)
    panel = page.locator("section", has=page.get_by_role("heading", name="Anomalies"))
    expect(panel).to_contain_text("1 open")
    lines = panel.locator("button.anomaly")
    expect(lines).to_have_count(12)
    expect(lines.first).to_contain_text("going on")
    panel.get_by_role("button", name="1 more").click()
    expect(lines).to_have_count(13)
    assert serious(page) == []
    keep(page, "live-360-crowded")


def test_a_line_keeps_the_focus_while_it_is_chosen_and_while_others_come(dashboard: Dashboard) -> None:
    page = dashboard.open("live", shown="crowded")
    line = page.locator("button.anomaly").nth(2)
    line.focus()
    page.keyboard.press("Enter")
    expect(line).to_have_attribute("aria-pressed", "true")
    expect(line).to_be_focused()
    told: Any = page.evaluate("""async () => {
      const { arrange, h } = await import("/assets/scripts/element.js");
      const [one, two, three, place] = [h("button"), h("button"), h("button"), h("div")];
      document.body.append(place);
      arrange(place, [one, two]);
      two.focus();
      arrange(place, [two, three]);
      return [document.activeElement === two, [...place.children].indexOf(two), place.childElementCount];
    }""")
    assert told == [True, 0, 2]


def test_what_went_on_and_is_listed_no_more_is_not_explained_as_going_on(dashboard: Dashboard) -> None:
    told: Any = dashboard.open("login").evaluate("""async () => {
      const { AnomalyPanel } = await import("/assets/scripts/pages/live_anomalies.js");
      const told = { metric: "events", member: "", kind: "silence", state: "open", started_at: 60, detected_at: 90,
        value: 0, expected: 2, lower: 1, upper: 3, score: 4, windows: 1, explanation: "No event.", feed: "f" };
      const all = [[1, null], [2, 120], [3, null]].map(([id, ended_at]) => ({ ...told, id, ended_at }));
      const left = (chosen) => {
        const feed = { anomalies: { items: all.slice(0, 2) } };
        const panel = new AnomalyPanel(feed, { role: "viewer" }, () => {});
        panel.update();
        panel.choose(chosen);
        feed.anomalies.items = [{ ...told, id: 4, ended_at: null }];
        panel.update();
        return [panel.chosen?.id ?? null, panel.detail.hidden];
      };
      return all.map(left);
    }""")
    assert told == [[None, True], [2, False], [3, False]]


def test_the_currencies_with_most_are_drawn_and_the_others_counted(dashboard: Dashboard) -> None:
    page = dashboard.open("live", shown="crowded")
    panel = page.locator("section", has=page.get_by_role("heading", name="Revenue"))
    expect(panel.locator(".legend li")).to_have_text(["CHF", "CZK", "DKK", "EUR", "USD"])
    expect(panel).to_contain_text("5 of 8 shown")
    expect(page.locator(".number", has_text="Revenue").locator(".unit")).to_have_text("EUR")


def test_units_and_the_hour_follow_the_length_of_the_windows(dashboard: Dashboard) -> None:
    page = dashboard.open("live", shown="wide", width=360)
    expect(page.locator(".number", has_text="Views")).to_contain_text("1,202in 5 min")
    chart = page.locator("figure").first
    mark, drawing = chart.locator(".mark").bounding_box(), chart.locator(".drawing").bounding_box()
    assert mark and drawing and drawing["y"] - 12 <= mark["y"] < drawing["y"] + drawing["height"]
    expect(chart.locator(".readout")).to_have_text("views in 5 min")
    chart.locator("summary").click()
    expect(chart.locator("tbody tr")).to_have_count(12)
    assert overflow(page) <= 0
    keep(page, "live-360-wide")
