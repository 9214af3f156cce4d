"""What is asked cannot become a statement or a query of its own, and what is answered says what it is."""

import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from kafka.dead_letters.letter import DeadLetter
from kafka.feeds.declaration import load_feeds
from kafka.position import BusPosition
from serving.problem import Code, Problem
from serving.query import bus_lag, reports
from serving.query.bus_lag import BusLag, BusSampler, Lag, Sample
from serving.query.configuration import configuration, without_login
from serving.query.csv_text import csv_text
from serving.query.dead_letters import DeadLetters
from serving.query.definitions import definitions
from serving.query.local_logs import LocalLogs, masked
from serving.query.metric_names import ANCHORS, GREATEST, MEAN, SUM, aggregate_of
from serving.query.parameters import day_key, days, epoch, make_cursor, read_cursor
from serving.query.pipeline import state_of
from serving.query.report_list import REPORTS, unit_of
from serving.query.reports import statement_of, tagged
from serving.query.search import query_of
from serving.query.search_store import shown_fields
from tests.mock_cluster import Api, MockCluster
from tests.unit.serving.query_parts import query_api

NOON = 1_796_040_000


def test_times_are_seconds_or_iso_and_nothing_else() -> None:
    assert epoch("1796040000", "from", 0) == epoch("2026-11-30T12:00:00Z", "from", 0) == NOON
    assert epoch("2026-11-30T12:00:00", "from", 0) == NOON
    assert epoch(None, "from", 5) == 5
    for wrong in ("yesterday", "99999999999", "-1", "nan"):
        with pytest.raises(Problem):
            epoch(wrong, "from", 0)
    assert days(None, date(2026, 1, 30)) == (date(2026, 1, 1), date(2026, 1, 30))
    assert day_key(date(2026, 1, 30)) == 20260130


def test_a_cursor_is_one_that_was_given() -> None:
    told = ["a", 1, None]
    assert read_cursor(make_cursor(told)) == told
    for wrong in ("x", "é", make_cursor(told)[:-2], "AAAA" + make_cursor(told)):
        with pytest.raises(Problem):
            read_cursor(wrong)


def test_a_series_has_null_where_there_is_no_window() -> None:
    with query_api() as api:
        api.log_in()
        told = {"member": "", "unit": "", "newest": NOON + 120, "newest_closed": NOON}
        api.live.rows = [{**told, "bucket": NOON, "value": 0.0}, {**told, "bucket": NOON + 120, "value": 7.0}]
        asked = f"/api/live/series?feed=product_views&metric=views&from={NOON}&to={NOON + 180}"
        body = api.client.get(asked).json()
        assert body["series"] == [{"member": "", "points": [[NOON, 0.0], [NOON + 60, None], [NOON + 120, 7.0]]}]
        assert (body["resolution"], body["aggregate"], body["newest_closed"]) == (60, SUM, NOON)
        api.live.rows = []
        empty = api.client.get(asked).json()
        assert [value for _, value in empty["series"][0]["points"]] == [None, None, None]
        assert empty["newest"] is None
        month = api.client.get(f"{asked[: asked.index('&from')]}&from={NOON - 86_400 * 30}&to={NOON}").json()
        assert len(month["series"][0]["points"]) <= 760
        for wrong in ("resolution=7", "resolution=90", f"to={NOON - 1}", "resolution=x"):
            assert api.client.get(f"{asked}&{wrong}").status_code == 422


def test_distinct_counts_are_never_added_up() -> None:
    assert {aggregate_of(each) for each in ("visitors", "active_users", "sessions", "latency_p99")} == {GREATEST}
    assert {aggregate_of(each) for each in ("views", "revenue", "late_events")} == {SUM}
    assert {aggregate_of(each) for each in ("conversion", "temperature_mean", "new")} == {MEAN}


def test_every_number_has_a_definition_that_is_there() -> None:
    known = {each["anchor"] for each in definitions()}
    assert {report.definition for report in REPORTS.values()} | set(ANCHORS.values()) <= known
    assert all(each["text"] for each in definitions())


def statement(**asked: Any) -> str:
    sort = asked.pop("sort", "-sessions")
    return statement_of(REPORTS["store_funnel"], asked, ["date", "store_id", "sessions"], sort).as_string(None)


def test_a_report_runs_what_it_shows_and_values_stay_values() -> None:
    shown = statement(**{"from": date(2026, 1, 1), "store": "6' OR '1'='1"})
    assert shown == (
        'SELECT "date", "store_id", "sessions"\nFROM mart.store_funnel\n'
        "WHERE \"date\" >= '2026-01-01'::date AND \"store_id\" = '6'' OR ''1''=''1'\n"
        'ORDER BY "sessions" DESC NULLS LAST, "date", "store_id"'
    )
    for wrong in ("1; DROP TABLE x", 'sessions"', "", "other"):
        with pytest.raises(Problem):
            statement(sort=wrong)


def test_robots_are_left_out_unless_they_are_asked_for_and_months_begin_on_their_first() -> None:
    report = REPORTS["product_revenue"]
    asked = {"from": date(2026, 1, 17), "bots": "exclude"}
    shown = statement_of(report, asked, ["month"], "month").as_string(None)
    assert "date_trunc('month', '2026-01-17'::date)::date" in shown
    assert "\"audience\" = 'people'" in shown
    assert "audience" not in statement_of(report, {"bots": "include"}, ["month"], "month").as_string(None)


def test_units_follow_from_names() -> None:
    assert [unit_of(each) for each in ("reporting_revenue", "conversion", "exchange_rate", "bot_views", "date")] == [
        "currency:reporting_currency",
        "share",
        "",
        "views",
        "",
    ]


def test_an_answer_that_is_known_is_not_sent_again() -> None:
    first = tagged(b"{}", "application/json", None)
    again = tagged(b"{}", "application/json", f'"x", W/{first.headers["etag"]}')
    assert (again.status_code, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert tagged(b"[]", "application/json", first.headers["etag"]).status_code == 200


def test_a_text_in_a_csv_is_no_formula() -> None:
    rows: list[list[Any]] = [
        ["=1+1", "-2", "@x", "\tx", " +x", "\uff1d1", 'fine, "so"'],
        [-2.5, None, 7, True, date(2026, 1, 1), "", "é"],
    ]
    lines = csv_text(list("abcdefg"), rows).decode("utf-8-sig").split("\r\n")
    assert lines[1] == "'=1+1,'-2,'@x,'\tx,' +x,'\uff1d1,\"fine, \"\"so\"\"\""
    assert lines[2] == "-2.5,,7,True,2026-01-01,,é"


def test_a_csv_has_all_rows_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Rows:
        rows = [(1, "a")] * 3

        def execute(self, statement: Any) -> "Rows":
            assert statement.as_string(None).endswith("LIMIT 4")
            return self

        def fetchall(self) -> list[tuple[Any, ...]]:
            return self.rows

    monkeypatch.setattr(reports, "MOST_CSV_ROWS", 3)
    monkeypatch.setattr(reports, "_columns", lambda *_: [{"name": "times"}, {"name": "product"}])
    connection: Any = Rows()
    report = REPORTS["product_pairs"]
    assert reports._as_csv(connection, report, {}, "times").count(b"\r\n") == 4
    connection.rows = [(1, "a")] * 4
    with pytest.raises(Problem) as refused:
        reports._as_csv(connection, report, {}, "times")
    assert refused.value.code is Code.INVALID_PARAMETER


def test_a_search_finds_texts_as_they_are_and_no_field_that_is_personal() -> None:
    for feed in load_feeds().values():
        fields = shown_fields(feed)
        personal = {field.name for field in feed.fields if field.classification == "personal"}
        assert not personal & set(fields)
        assert "event" not in fields
    fields = shown_fields(load_feeds()["product_views"])
    query = query_of(fields, 'a*b?\\ "x:y"', [("product_id", "*"), ("guest", "true")], 0, NOON)
    told = query["bool"]["filter"]
    assert told[1:3] == [{"term": {"product_id": {"value": "*"}}}, {"term": {"guest": {"value": True}}}]
    wild = told[3]["bool"]["should"][0]["wildcard"]
    assert next(iter(wild.values()))["value"] == r"*a\*b\?\\*"
    assert "query_string" not in json.dumps(query)
    for words, exact in (("a " * 20, []), ("x" * 101, []), ("", [("email_address", "a")]), ("", [("guest", "no")])):
        with pytest.raises(Problem):
            query_of(fields, words, exact, 0, NOON)


def sample(at: float, end: int, done: int | None) -> Sample:
    return Sample(at, {"t": {0: end}}, {} if done is None else {("t", "g"): {0: done}})


def lag(*samples: Sample) -> BusLag:
    found = BusLag({"t": ["g"]}, lambda groups, now: samples[0], lambda: 5, lambda: samples[-1].at)
    found.samples.extend(samples)
    return found


def test_a_lag_is_told_in_records_and_in_the_seconds_that_the_first_of_them_waits() -> None:
    told = lag(sample(0, 100, 100), sample(10, 200, 100), sample(20, 300, 150)).of_group("t", "g")
    assert (told.records, told.seconds, told.rate) == (150, 10, 2.5)
    assert state_of(told) == "running"
    caught_up = lag(sample(0, 100, 100), sample(10, 100, 100)).of_group("t", "g")
    assert (caught_up.records, caught_up.seconds, state_of(caught_up)) == (0, 0, "idle")
    stuck = lag(*(sample(each, 100, 50) for each in range(0, 200, 10))).of_group("t", "g")
    assert (stuck.seconds, state_of(stuck)) == (190, "stopped")
    unknown = lag(sample(0, 100, None), sample(10, 100, None)).of_group("t", "g")
    assert (unknown.records, state_of(unknown)) == (None, "unknown")
    assert lag(sample(0, 100, None), sample(5, 160, None)).of_positions("t", {0: 100}).records == 60


def test_a_bus_that_is_away_is_told_as_unknown_and_not_as_it_was() -> None:
    def away(groups: Any, now: float) -> Sample:
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    now = [20.0]
    watched = BusLag({"t": ["g"]}, away, lambda: 5, lambda: now[0])
    watched.samples.extend([sample(0, 100, 100), sample(20, 300, 300)])
    watched.refresh()
    assert (state_of(watched.of_group("t", "g")), watched.end_rate("t")) == ("running", 10)
    now[0] += 60
    watched.refresh()
    unknown = Lag(None, None, None)
    assert [watched.of_group("t", "g"), watched.of_positions("t", {0: 1})] == [unknown, unknown]
    assert (watched.is_reached, watched.end_rate("t")) == (False, None)


def test_a_broker_that_is_late_ends_no_sampling_and_leaves_no_group_without_a_position(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bus_lag, "ANSWER_SECONDS", 0.5)
    with MockCluster() as cluster:
        cluster.create_topic("t", 1)
        cluster.produce("t", 0, b"x")
        consumer = Consumer({**cluster.client, "group.id": "g"})
        consumer.commit(offsets=[TopicPartition("t", 0, 1)], asynchronous=False)
        consumer.close()
        watched = BusLag({"t": ["g"]}, BusSampler(cluster.client), lambda: 5)
        for request in (Api.LIST_OFFSETS, Api.OFFSET_FETCH):
            cluster.answer_late(request, 2000)
            taken = len(watched.samples)
            watched.refresh()
            assert len(watched.samples) == taken, request
            deadline = time.monotonic() + 10
            while len(watched.samples) == taken and time.monotonic() < deadline:
                watched.refresh()
            assert len(watched.samples) > taken, request
        assert [each.done for each in watched.samples] == [{("t", "g"): {0: 1}}] * len(watched.samples)


def test_the_bus_tells_how_far_groups_are_and_letters_are_counted_without_what_they_hold() -> None:
    feed = load_feeds()["sensor-readings"]
    with MockCluster() as cluster:
        cluster.create_topic("t", 2)
        cluster.create_topic(feed.dead_letter_topic, 2)
        producer = Producer(cluster.client)
        for number in range(6):
            producer.produce("t", b"x", partition=number % 2)
        place = BusPosition("t", 1, 77)
        letter = DeadLetter("api", place, "against_declaration", "of ada@shop.example", "pending", 0, b"k", b"ada", [])
        producer.produce(feed.dead_letter_topic, letter.value, letter.record_key, headers=letter.record_headers())
        producer.flush(30)
        consumer = Consumer({**cluster.client, "group.id": "g"})
        consumer.commit(offsets=[TopicPartition("t", 0, 2)], asynchronous=False)
        consumer.close()
        watched = BusLag({"t": ["g", "other"], "missing": ["g"]}, BusSampler(cluster.client), lambda: 5)
        watched.refresh()
        assert [watched.of_group("t", each).records for each in ("g", "other")] == [4, None]
        assert watched.of_group("missing", "g").records is None
        letters = DeadLetters(cluster.client)
        told = letters.of(feed)
    assert told["reasons"] == [{"stage": "api", "reason": "against_declaration", "count": 1}]
    assert told["examples"][0]["place"] == "t:00001:0000000000000000077"
    assert "ada" not in json.dumps(told)
    assert letters.known_errors(feed.dead_letter_topic, "api") == 1


def test_a_log_is_shown_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(tmp_path / "env"))
    monkeypatch.setenv("KAFKA_API_PASSWORD", "0123456789abcdef")
    key = f"mrs_0123456789ab_{'x' * 43}"
    (tmp_path / "land.log").write_text(
        f"begin\nlogin 0123456789abcdef failed\nuser_api='abc' password=\"x y\" key {key}\nmongodb://u:p@host/db\n\x1b[31m"
    )
    logs = LocalLogs(tmp_path)
    assert logs.names() == ["land"]
    assert logs.end_of("land", 4) == [
        "login *** failed",
        "user_api=*** password=*** key ***",
        "mongodb://***@host/db",
        "\\u001b[31m",
    ]
    assert logs.end_of("../land", 4) == []
    for scheme in ("Basic", "bearer", "ApiKey"):
        assert masked(f"< Authorization: {scheme} YTpi\\r", []).startswith("< Authorization: ***")
        assert "YTpi" not in masked(f'"authorization": "{scheme} YTpi", authorization={scheme} YTpi', [])
    assert masked("the passwordless way is token free", []) == "the passwordless way is token free"


def test_no_secret_is_among_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_SESSION_KEY", "0123456789abcdef0")
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "https://hooks.example/0123456789abcdef0")
    groups = configuration()
    assert "0123456789abcdef0" not in json.dumps(groups)
    found = {each["variable"]: each for group in groups for each in group["settings"]}
    assert (found["API_SESSION_KEY"]["is_secret"], found["API_SESSION_KEY"]["is_set"]) == (True, True)
    assert (found["API_PORT"]["value"], found["API_PORT"]["is_secret"]) == ("8000", False)
    assert without_login("https://a:b@host:1/x") == "https://host:1/x"


def test_pages_and_their_files_are_sent_as_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "vendor" / "plot-1").mkdir(parents=True)
    for name, text in (("index.html", "<!doctype html>"), ("a.js", "1"), ("vendor/plot-1/p.js", "2"), ("x.py", "3")):
        (tmp_path / name).write_text(text)
    with query_api(dashboard=tmp_path) as api:
        page = api.client.get("/live")
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
        assert "unsafe-inline" not in page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
        script = api.client.get("/assets/a.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert "immutable" in api.client.get("/assets/vendor/plot-1/p.js").headers["cache-control"]
        for path in ("/assets/x.py", "/assets/../settings.py", "/assets/%2e%2e/settings.py", "/assets/none.js"):
            assert api.client.get(path).status_code == 404, path
        assert api.client.get("/", follow_redirects=False).headers["location"] == "/live"


def test_the_pipeline_is_shown_while_the_warehouse_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with query_api() as api:
        api.log_in()
        for code, is_reached in ((Code.STORE_UNAVAILABLE, False), (Code.OVERLOADED, None)):

            async def away(_: Any, code: Code = code) -> Any:
                raise Problem(code, "the warehouse does not answer")

            monkeypatch.setattr(api.warehouse, "do", away)
            told = api.client.get("/api/pipeline").json()
            assert {each["name"]: each["is_reached"] for each in told["stores"]}["warehouse"] is is_reached
            states = {each["name"]: each["state"] for each in told["stages"]}
            assert (states["etl"], states["stream"]) == ("unknown", "unknown")


def test_the_age_of_the_last_batch_is_a_number() -> None:
    with query_api() as api:
        api.log_in()
        told = {"run": None, "stream": {"watermark": None, "silent_seconds": 4.26}, "loaded": {}, "counted": {}}
        api.warehouse.told = told
        stages = {each["name"]: each for each in api.client.get("/api/pipeline").json()["stages"]}
        assert (stages["stream"]["age_seconds"], stages["stream"]["detail"]) == (4.3, "")
        api.warehouse.told = {**told, "stream": None}
        stages = {each["name"]: each for each in api.client.get("/api/pipeline").json()["stages"]}
        assert (stages["stream"]["age_seconds"], stages["stream"]["detail"]) == (None, "no batch yet")


def test_what_is_asked_is_timed_by_route() -> None:
    with query_api() as api:
        api.log_in()
        api.client.get("/api/quality/fresh_event")
        page = api.client.get("/metrics").text
        assert 'millrace_api_query_seconds_count{route="/api/quality/{check}"} 1.0' in page
        assert "millrace_api_live_clients 0.0" in page
