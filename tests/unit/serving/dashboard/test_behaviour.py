"""What the pages do: in a browser, against recorded answers."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.unit.serving.dashboard.conftest import Dashboard, keep, overflow, serious

FLOOD = """async () => {
  const { LiveFeed } = await import("/assets/scripts/live_feed.js");
  const sockets = [];
  window.WebSocket = class { constructor(address) { sockets.push(address); } close() {} };
  const feed = new LiveFeed("ws://here/ws/live");
  feed.open();
  feed.take({ type: "snapshot", resume: "k-0", number: 0, at: 0, anomalies: [], events: [],
    series: [{ feed: "f", metric: "m", dimension: "d", member: "gone", unit: "", points: [[0, 1, true]] }] });
  for (let n = 1; n <= 5000; n += 1) feed.take({ type: "delta", after: n - 1, number: n, resume: `k-${n}`, at: n,
    series: [{ feed: "f", metric: "m", dimension: "", member: "", unit: "", points: [[60 * n, n, true]] }],
    anomalies: [{ id: n }], events: [{ id: n, at: n, fields: {} }] });
  feed.wait = 0;
  feed.lost(1006);
  await new Promise((done) => setTimeout(done, 50));
  const points = feed.one("f", "m").points;
  return { series: feed.series.size, points: points.byTime.size, newest: points.newest, missing: points.at(30),
    anomalies: feed.anomalies.items.length, events: feed.events.items.map((one) => one.id), addresses: sockets };
}"""


def test_memory_is_bounded_and_a_reconnect_goes_on_after_the_last_message(dashboard: Dashboard) -> None:
    told: Any = dashboard.open("login").evaluate(FLOOD)
    assert (told["series"], told["points"], told["newest"], told["anomalies"]) == (1, 60, 300_000, 100)
    assert told["missing"] is None
    assert told["events"] == list(range(5000, 4950, -1))
    assert told["addresses"] == ["ws://here/ws/live", "ws://here/ws/live?after=k-5000"]


def test_a_missing_window_is_a_gap_and_no_zero(dashboard: Dashboard) -> None:
    page = dashboard.open("live")
    views = page.locator("figure", has=page.get_by_role("button", name=re.compile("drop at")))
    views.locator("summary").click()
    cells = views.locator("tbody tr td:last-child").all_inner_texts()
    assert (len(cells), cells.count("\u2013"), cells.count("0")) == (60, 2, 0)
    assert "2 windows missing" in views.locator("figcaption").inner_text()


def test_an_anomaly_is_explained_on_its_mark_and_judged_by_an_operator(dashboard: Dashboard) -> None:
    page = dashboard.open("live")
    page.get_by_role("button", name=re.compile("drop at")).click()
    expect(page.locator(".explained")).to_contain_text("1,214 (960 to 1,490)")
    expect(page.get_by_role("img", name="118 was seen; 960 to 1,490 was expected")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".explained")).to_contain_text("dismissed by ada")
    assert dashboard.complaints == []


def test_a_viewer_judges_and_sets_nothing(dashboard: Dashboard) -> None:
    page = dashboard.open("live", role="viewer")
    page.get_by_role("button", name=re.compile("drop at")).click()
    expect(page.locator(".explained")).to_contain_text("An operator can confirm or dismiss it")
    page.goto(f"{dashboard.address}/pipeline")
    expect(page.get_by_label("Live poll seconds")).to_be_disabled()


def test_newest_events_come_on_top_and_can_be_held(dashboard: Dashboard) -> None:
    page = dashboard.open("live")
    expect(page.locator(".event").first).to_contain_text("Search")
    page.get_by_role("button", name="Hold").click()
    before = page.locator(".event").count()
    page.wait_for_timeout(1200)
    assert page.locator(".event").count() == before


def test_a_value_out_of_bounds_is_refused_in_words(dashboard: Dashboard) -> None:
    page = dashboard.open("pipeline")
    value = page.get_by_label("Live poll seconds")
    value.evaluate("one => one.removeAttribute('max')")
    value.fill("99")
    page.get_by_role("button", name="Set").click()
    expect(page.locator(".tunable")).to_contain_text("Not set: value: between 0.2 and 60")
    value.fill("2.5")
    page.get_by_role("button", name="Set").click()
    expect(page.locator(".tunable")).to_contain_text("Set to 2.5")
    assert "secret" in page.get_by_role("row", name=re.compile("POSTGRES_API_PASSWORD")).inner_text()


def test_the_flow_and_the_stages_stay_where_the_reader_is(dashboard: Dashboard) -> None:
    page = dashboard.open("pipeline", width=360)
    flow = page.get_by_role("region", name="Flow")
    flow.evaluate("one => { one.scrollLeft = 300; }")
    stages = page.get_by_role("region", name="Stages")
    order = stages.get_by_role("button", name="Lag")
    order.click()
    with page.expect_response(re.compile(r"/api/pipeline$")):
        said = stages.get_by_text(re.compile(r"last batch .* ago")).inner_text()
    expect(stages.get_by_text(said)).to_have_count(0)
    assert flow.evaluate("one => one.scrollLeft") == 300
    expect(stages.locator("th[aria-sort=descending]")).to_have_text("Lag")
    expect(order).to_be_focused()


def test_a_mart_has_its_map_its_files_and_its_sql(dashboard: Dashboard) -> None:
    page = dashboard.open("warehouse")
    page.get_by_role("button", name="Traffic by country").click()
    page.locator(".canvas canvas").wait_for()
    with page.expect_download() as png:
        page.get_by_role("button", name="PNG").click()
    assert png.value.suggested_filename == "country_traffic.png"
    address = page.get_by_role("link", name="CSV").get_attribute("href") or ""
    assert re.match(r"/api/reports/country_traffic\?from=.*&bots=exclude&format=csv$", address)
    expect(page.locator("pre.code")).to_contain_text("FROM mart.country_traffic")
    with page.expect_request(re.compile(r"sort=-views")):
        page.get_by_role("columnheader", name="Views").get_by_role("button").click()
    assert "report=country_traffic" in page.url
    assert dashboard.complaints == []


def test_a_file_comes_whole_or_the_page_says_why_not(dashboard: Dashboard) -> None:
    page = dashboard.open("warehouse?report=revenue", width=360)
    csv = page.get_by_role("link", name="CSV")
    with page.expect_download() as file:
        csv.click()
    assert file.value.suggested_filename == "revenue.csv"
    page.context.add_cookies([{"name": "shown", "value": "large", "url": dashboard.address}])
    csv.click()
    expect(page.get_by_role("alert")).to_have_text("No file: more than 100,000 rows")
    assert serious(page) == []
    assert overflow(page) <= 0
    keep(page, "warehouse-360-large")


def test_columns_of_robots_are_shown_to_whom_asks_for_them(dashboard: Dashboard) -> None:
    page = dashboard.open("warehouse")
    head = page.locator("thead").last
    expect(head).to_contain_text("Conversion")
    expect(head).not_to_contain_text("Bot views")
    with page.expect_request(re.compile("/api/reports/daily_traffic")) as asked:
        page.get_by_label("Robots").select_option("include")
    expect(page.locator("thead").last).to_contain_text("Bot views")
    assert "bots=" not in asked.value.url, "the API has no such filter of this mart"
    assert "bots=include" in page.url


def test_a_chart_says_what_it_leaves_out(dashboard: Dashboard) -> None:
    page = dashboard.open("warehouse?report=revenue")
    expect(page.locator(".chart .legend li")).to_have_text(["CHF", "CZK", "DKK", "EUR", "GBP"])
    expect(page.get_by_text("5 of 7 lines: those with the greatest sums")).to_be_visible()
    keep(page, "warehouse-1280-currencies")
    page.get_by_role("button", name="Traffic by country").click()
    expect(page.get_by_text("Not on the map: International.")).to_be_visible()


def test_distinct_counts_are_not_added_up(dashboard: Dashboard) -> None:
    told: Any = dashboard.open("login").evaluate("""async () => {
      const { chartOf, measures } = await import("/assets/scripts/pages/warehouse_charts.js");
      const columns = [{ name: "store", type: "text" }, { name: "views", type: "integer", comment: "" },
        { name: "visitors", type: "integer", comment: "not to be summed over days" }];
      const [views, visitors] = measures(columns);
      const answer = { columns, rows: [["6", 2, 1], ["6", 3, 1]] };
      const report = { title: "Stores", chart: "bar" };
      return [chartOf(report, answer, views).rows, chartOf(report, answer, visitors).element ?? null];
    }""")
    assert told == [[["6", 5]], None]


def test_a_login_leads_back_to_where_it_was_asked_for_and_nowhere_else(dashboard: Dashboard) -> None:
    page = dashboard.open("quality", role="")
    page.get_by_label("Account").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    page.get_by_label("Password").fill("right")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/quality")
    strange = [
        "//evil.example",
        "https://evil.example/live",
        "/\\evil.example",
        "javascript:alert(1)",
        "/path?visitor=1",
    ]
    told: Any = page.evaluate(
        """async (all) => { const { destination } = await import("/assets/scripts/pages/login.js");
        return all.map((one) => destination(`?next=${encodeURIComponent(one)}`)); }""",
        strange,
    )
    assert told == ["/live", "/live", "/live", "/live", "/path?visitor=1"]
