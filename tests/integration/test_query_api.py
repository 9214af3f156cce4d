"""What the pages ask is answered from the real stores, and browsers hear of every change, as long as they may."""

import json
import re
import socket as sockets
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from serving.query.live_copy import NOW as COPIED
from tests.events import view, views
from tests.pipeline import Pipeline, eventually
from tests.redis_server import running_redis
from tests.running_api import RunningApi

pytestmark = pytest.mark.servers

NOW = int(time.time()) // 60 * 60
EVENT_ID = str(uuid.uuid4())
"""Other tests have indexed the same events: the alias is one for all."""
VISITOR = "00000000-0000-0000-0000-000000000001"
WINDOW = """
INSERT INTO live.window_total (window_start, window_end, events, views, visitors, batch_id, updated_at)
SELECT at, at + interval '1 minute', %(views)s, %(views)s, 1, 1, now()
FROM (SELECT to_timestamp(%(at)s) AS at) AS told
ON CONFLICT (window_start) DO UPDATE SET views = excluded.views, events = excluded.events, batch_id = 2
"""
ROWS = f"""
INSERT INTO etl.run (status, mode, finished_at) VALUES ('finished', 'incremental', now());
INSERT INTO dim_store (store_id, country_name, country_code) VALUES ('6', 'Germany', 'DE');
INSERT INTO fact_session (session_id, visitor, person, started_at, ended_at, duration_seconds, date_key, country_key,
    referrer_key, device_key, events, views, distinct_products, reached_cart, reached_checkout, reached_order, is_bot,
    chain_started_at, pages, entry_page_type, exit_page_type, seconds_to_view)
SELECT gen_random_uuid(), '{VISITOR}', '{VISITOR}', '2026-01-01Z', '2026-01-01Z', 20 * number,
       20260100 + number, (SELECT country_key FROM dim_store WHERE store_id = '6'), -1, -1, 2, number, 1, number > 2,
       false, false, number = 5, '2026-01-01Z', 2, 'home', 'product', 1
FROM generate_series(1, 5) AS number;
INSERT INTO etl.quality_result (checked_at, check_name, run_id, severity, passed, observed, bound, unit)
SELECT now() - number * interval '1 hour', 'fresh_event', 1, 'warning', number > 0, 25, 24, 'hours'
FROM generate_series(0, 2) AS number;
INSERT INTO etl.rejected_event (bus_topic, bus_partition, bus_offset, rule, field, value, original, run_id, kind)
VALUES ('views', 0, 7, 'time_in_bounds', 'ip', '203.0.113.9', '{{"ip": "203.0.113.9"}}', 1, 'view_product_detail');
INSERT INTO live.anomaly (feed, metric, dimension, member, kind, started_at, last_window, worst_window, summed, windows,
    value, expected, lower, upper, score, explanation)
SELECT 'product_views', 'views', '', '', 'drop', now() - number * interval '1 minute', now(), now(), 1, number, 1, 2,
    1, 3, -4, 'fewer than expected'
FROM generate_series(1, 3) AS number;
"""


class Browser:
    """A person who is logged in."""

    def __init__(self, api: RunningApi, name: str, role: str) -> None:
        self.api, self.name = api, name
        self.password = api.pipeline.run("utilities.accounts", "add", name, "--role", role, "--generate").strip()
        self.client = httpx2.Client(base_url=api.address, timeout=60)
        eventually(lambda: self._log_in().status_code == 200)

    def _log_in(self) -> httpx2.Response:
        token = self.client.get("/api/session").json()["csrf_token"]
        told = {"account": self.name, "password": self.password}
        return self.client.post("/api/login", json=told, headers={"X-CSRFToken": token})

    def get(self, path: str, status: int = 200, **options: Any) -> Any:
        """The answer as JSON."""
        answer = self.client.get(path, **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    def change(self, method: str, path: str, body: Any) -> httpx2.Response:
        """With the token of the session."""
        token = self.client.get("/api/session").json()["csrf_token"]
        return self.client.request(method, path, json=body, headers={"X-CSRFToken": token})

    def listen(self, after: str = "", **options: Any) -> ClientConnection:
        """A WebSocket of the page."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        headers = {"Cookie": cookies, "Origin": self.api.address}
        address = f"{self.api.address.replace('http', 'ws')}/ws/live?after={after}"
        listening: ClientConnection = connect(address, additional_headers=headers, max_size=None, **options)
        return listening


def heard(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message, which is of this kind, but for ticks."""
    told: dict[str, Any] = json.loads(socket.recv(60))
    while told["type"] == "tick":
        told = json.loads(socket.recv(60))
    assert told["type"] == kind
    return told


def views_of(told: dict[str, Any]) -> list[float]:
    """The values of the total of views in a message."""
    series = [each for each in told["series"] if (each["metric"], each["dimension"]) == ("views", "")]
    return [point[1] for each in series for point in each["points"]]


@pytest.fixture
def api(pipeline: Pipeline, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RunningApi]:
    """The API of a pipeline with ten indexed events and rows in every table that is asked.

    With the parameter `redis`, its live numbers come from their copy.
    """
    pipeline.produce_events([*views(9), view(9, id=EVENT_ID, email_address="ada@shop.example")])
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.indexer")
    with pipeline.warehouse() as connection:
        connection.execute(ROWS.encode())
        for ago in range(3):
            put_window(connection, ago, 10 * (ago + 1))
        # Of an event from ahead, which its feed allows: it hides nothing.
        put_window(connection, -59 - int(time.time() - NOW) // 60, 1)
    pipeline.environment |= {"API_SLOW_CLIENT_SECONDS": "1", "API_REFRESH_SECONDS": "0.2"}
    with ExitStack() as closing:
        if getattr(request, "param", "") == "redis":
            redis = closing.enter_context(running_redis(tmp_path))
            pipeline.environment["LIVE_REDIS_URL"] = redis.url
            pipeline.start("serving.live_copier", "--follow")
            eventually(lambda: redis.client.exists(COPIED) == 1)
        api = RunningApi(pipeline, tmp_path / "feeds")
        yield api
        api.kill()


def put_window(connection: psycopg.Connection, ago: int, count: int) -> None:
    connection.execute(WINDOW, {"at": NOW - 60 * ago, "views": count})


def test_what_the_pages_ask_is_answered_from_the_real_stores(api: RunningApi) -> None:
    ada = Browser(api, "ada", "operator")
    _reports(ada)
    _search(ada)
    _pipeline(api, ada)
    _changes(ada)
    _examples(ada)
    with api.pipeline.warehouse("serving_query", "postgres_query_password") as connection:
        for kept in ("serving.account", "serving.api_key", "live.window_visitor", "dim_device"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT FROM {kept}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT original FROM etl.rejected_event")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM serving.audit")


def _reports(ada: Browser) -> None:
    asked = "/api/reports/sessions?sort=date&bots=include&limit=2"
    first = ada.get(asked)
    second = ada.get(f"{asked}&cursor={first['next_cursor']}")
    last = ada.get(f"{asked}&cursor={second['next_cursor']}")
    rows = first["rows"] + second["rows"] + last["rows"]
    assert [row[0] for row in rows] == [f"2026-01-0{day}" for day in range(1, 6)]
    assert last["next_cursor"] is None
    assert all(column["comment"] for column in first["columns"] if column["name"] != "audience")
    assert [row[4] for row in ada.get("/api/reports/sessions?sort=date")["rows"]] == ["people"] * 4
    assert len(ada.get("/api/reports/sessions?from=2026-01-02&to=2026-01-03&store=6")["rows"]) == 2
    assert ada.get("/api/reports/sessions?store=7")["rows"] == []
    assert ada.get("/api/reports/funnel?store=6", 422)["errors"][0]["field"] == "store"
    assert ada.get(f"{asked}&cursor={first['next_cursor']}x", 422)["code"] == "invalid_parameter"
    with ada.api.pipeline.warehouse() as connection:
        assert connection.execute(first["sql"].encode()).rowcount == 5
        connection.execute("INSERT INTO etl.run (status, mode, finished_at) SELECT status, mode, now() FROM etl.run")
    assert ada.get(f"{asked}&cursor={first['next_cursor']}", 409)["code"] == "cursor_outdated"
    tag = ada.client.get("/api/reports/store_funnel").headers["ETag"]
    assert ada.client.get("/api/reports/store_funnel", headers={"If-None-Match": tag}).status_code == 304
    text = ada.client.get("/api/reports/sessions", headers={"Accept": "text/csv"})
    assert text.headers["Content-Type"].startswith("text/csv")
    assert text.text.count("\r\n") == 5


def _search(ada: Browser) -> None:
    sent = view(9, id=EVENT_ID)
    asked = f"/api/search?event_id={sent['id']}&q=GOOGLE ring"
    ada.api.pipeline.search()
    assert ada.get("/api/search?q=ring&limit=3&from=2026-01-01&to=2026-01-02")["next_cursor"]
    assert ada.get(asked)["items"] == []
    (found,) = ada.get(f"/api/search?event_id={sent['id']}&q=RING-9&product_id={sent['product_id']}")["items"]
    assert found["fields"]["product_id"] == sent["product_id"]
    text = ada.client.get(f"/api/search?event_id={sent['id']}").text
    assert not any(each in text for each in ("ada@shop.example", sent["device_id"], sent["ip"]))
    assert ada.get("/api/search?email_address=ada@shop.example", 422)["code"] == "invalid_parameter"
    pages = [ada.get("/api/search?feed=product_views&limit=4&store_id=6")]
    while pages[-1]["next_cursor"] and len(pages) < 5:
        pages.append(ada.get(f"/api/search?limit=4&store_id=6&cursor={pages[-1]['next_cursor']}"))
    ids = [each["id"] for page in pages for each in page["items"]]
    assert len(ids) == len(set(ids))


def _pipeline(api: RunningApi, ada: Browser) -> None:
    assert api.post("product_views", [{**view(99), "time_stamp": "yesterday"}]).status_code == 422
    eventually(lambda: _letters(ada)["total"] == 1)
    assert _letters(ada)["reasons"] == [{"stage": "api", "reason": "against_declaration", "count": 1}]
    eventually(lambda: _stage(ada, "indexer")["lag_records"] == 0)
    assert _stage(ada, "landing")["state"] == "unknown"
    assert _stage(ada, "etl")["last_run"]["status"] == "finished"
    assert _stage(ada, "api")["errors"] == 1
    (reason,) = ada.get("/api/rejected")["reasons"]
    assert (reason["rule"], reason["count"]) == ("time_in_bounds", 1)
    assert "203.0.113.9" not in ada.client.get("/api/rejected").text
    (result,) = ada.get("/api/quality")["results"]
    assert (result["check"], result["passed"]) == ("fresh_event", False)
    assert [each["passed"] for each in ada.get("/api/quality/fresh_event")["history"]] == [True, True, False]
    secrets = api.pipeline.servers.secrets
    shown = ada.client.get("/api/pipeline/configuration").text
    assert not any(secrets.reveal(name) in shown for name in type(secrets).model_fields)
    steps = ada.get("/api/paths/funnel?from=2026-01-01&to=2026-01-31&store=6")["steps"]
    assert [each["sessions"] for each in steps] == [4, 4, 2, 0, 0]
    durations = ada.get("/api/paths/durations?from=2026-01-01&to=2026-01-31")
    assert (sum(each["sessions"] for each in durations["buckets"]), durations["median_seconds"]) == (4, 50)
    assert len(ada.get(f"/api/paths/visitor/{VISITOR}")["sessions"]) == 5


def _letters(ada: Browser) -> dict[str, Any]:
    return next(each for each in ada.get("/api/dead-letters")["feeds"] if each["feed"] == "product_views")


def _stage(ada: Browser, name: str) -> dict[str, Any]:
    stages = ada.get("/api/pipeline")["stages"]
    return next(each for each in stages if each["name"] == name and each["feed"] in (None, "product_views"))


def _changes(ada: Browser) -> None:
    assert ada.change("POST", "/api/anomalies/1/state", {"state": "dismissed"}).json()["state_by"] == "ada"
    assert ada.change("POST", "/api/anomalies/999/state", {"state": "open"}).status_code == 404
    assert ada.change("POST", "/api/anomalies/1/state", {"state": "other"}).status_code == 422
    assert [each["id"] for each in ada.get("/api/anomalies?state=open")["items"]] == [3, 2]
    first = ada.get("/api/anomalies?limit=2")
    assert [each["id"] for each in ada.get(f"/api/anomalies?cursor={first['next_cursor']}")["items"]] == [1]
    assert ada.change("PUT", "/api/pipeline/tunables/live_poll_seconds", {"value": 0.2}).json()["set_by"] == "ada"
    assert ada.change("PUT", "/api/pipeline/tunables/live_poll_seconds", {"value": 0.1}).status_code == 422
    audit = [(each["action"], each["before"], each["after"]) for each in ada.get("/api/audit")["items"]]
    assert audit == [("tunable.set", None, "0.2"), ("anomaly.state", "open", "dismissed")]


def _examples(ada: Browser) -> None:
    """Every example of the description is answered, with the members that it shows."""
    described = ada.client.get("/openapi.json").json()["paths"]
    asked = 0
    for path, methods in described.items():
        if "get" not in methods or not path.startswith("/api/"):
            continue
        query = {}
        for each in methods["get"].get("parameters", []):
            examples = each["schema"].get("examples") or each.get("examples")
            if examples and each["in"] == "path":
                path = path.replace(f"{{{each['name']}}}", str(examples[0]))
            elif examples:
                query[each["name"]] = examples[0]
        body = ada.get(path, params=query)
        shown = methods["get"]["responses"]["200"]["content"]["application/json"]["example"]
        assert shown.keys() == body.keys(), (path, body)
        asked += 1
    assert asked > 20


@pytest.mark.parametrize("api", ["warehouse", "redis"], indirect=True)
def test_browsers_hear_of_every_change_as_long_as_they_may_and_read(api: RunningApi) -> None:
    bob, eve = Browser(api, "bob", "viewer"), Browser(api, "eve", "viewer")
    with api.pipeline.warehouse() as connection, ExitStack() as closing:
        steady = closing.enter_context(bob.listen())
        assert views_of(heard(steady, "snapshot")) == [30, 20, 10]
        put_window(connection, 0, 11)
        first = heard(steady, "delta")
        assert views_of(first) == [11]
        with bob.listen(first["resume"]) as again:
            put_window(connection, 0, 12)
            gone_on = heard(again, "delta")
            assert (gone_on["after"], views_of(gone_on)) == (first["number"], [12])
        put_window(connection, 0, 13)
        put_window(connection, 1, 21)
        eventually(lambda: sorted(views_of(heard(steady, "delta")))[-1] == 21)
        with bob.listen(gone_on["resume"]) as resumed:
            missed = heard(resumed, "delta")
            assert (missed["after"], sorted(views_of(missed))) == (gone_on["number"], [13, 21])
        _let_go_of_a_slow_client(connection, eve)
        gone = closing.enter_context(eve.listen())
        assert json.loads(gone.recv(60))["type"] == "snapshot"
        api.pipeline.run("utilities.accounts", "remove", "eve")
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                gone.recv(60)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
        assert eve.get("/api/reports", 401)["code"] == "login_required"
        steady.close()
    # Counted where there is a copy; a busy machine may leave it behind for a while.
    told = httpx2.get(f"{api.address}/metrics").text
    stores = set(re.findall(r'millrace_api_live_readings_total{store="(\w+)"}', told))
    assert ("redis" in stores) == ("LIVE_REDIS_URL" in api.pipeline.environment)
    api.kill()
    api.start()
    eventually(lambda: bob.client.get("/api/session").json().get("account") == "bob")
    with bob.listen(gone_on["resume"]) as anew:
        assert views_of(heard(anew, "snapshot")) == [30, 21, 13]


def _let_go_of_a_slow_client(connection: psycopg.Connection, eve: Browser) -> None:
    """One that reads nothing while windows of a megabyte change is dropped, and its memory with it."""
    address = eve.api.address.removeprefix("http://").split(":")
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.connect((address[0], int(address[1])))
    with raw, eve.listen(sock=raw, max_queue=1) as silent:
        assert silent.recv(60)
        members = [f"{number} {uuid.uuid4().hex * 30}" for number in range(1500)]
        count = iter(range(1, 1000))

        def is_dropped() -> bool:
            connection.execute(
                "INSERT INTO live.window_count (window_start, dimension, member, views, events, batch_id)"
                " SELECT to_timestamp(%(at)s), 'referrer type', member, %(count)s, %(count)s, 3"
                " FROM unnest(%(members)s::text[]) AS told (member)"
                " ON CONFLICT (window_start, dimension, member) DO UPDATE SET views = excluded.views",
                {"members": members, "count": next(count), "at": NOW},
            )
            page = httpx2.get(f"{eve.api.address}/metrics").text
            return "millrace_api_live_dropped_total 1.0" in page

        eventually(is_dropped)
    connection.execute("DELETE FROM live.window_count")
