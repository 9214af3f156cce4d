"""A query API over stores that the test plays."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bcrypt
from fastapi.testclient import TestClient

from kafka.feeds.declaration import load_feeds
from serving.accounts.attempts import Attempts
from serving.accounts.store import OPERATOR, VIEWER, Account
from serving.app import build_app
from serving.periodic import Periodic
from serving.query.assembly import add_query, groups_of
from serving.query.bus_lag import BusLag, Sample
from serving.query.dead_letters import DeadLetters
from serving.query.hub import Hub
from serving.query.live_store import Range, Recent
from serving.query.local_logs import LocalLogs
from serving.query.metrics import QueryMetrics
from serving.query.parts import Query
from serving.query.search_store import shown_fields
from serving.query.settings import QuerySettings
from serving.query.tunables import Tunables
from serving.query.warehouse import Table
from tests.unit.serving.parts import FakeBus, make_api

PASSWORD = "correct horse battery"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
"""A quick one."""
FEEDS = load_feeds()
SHOWN = {name: shown_fields(feed) for name, feed in FEEDS.items()}


def account(name: str, role: str) -> Account:
    return Account(name, role, HASH, uuid.uuid4())


@dataclass
class FakeLive:
    """A store of live numbers; `reads` counts how often all of it was asked for."""

    points: list[tuple[Any, ...]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    asked: list[Range] = field(default_factory=list)
    reads: int = 0

    async def stream(self) -> dict[str, Any]:
        return {"window_seconds": 60, "watermark": None, "newest": None}

    async def catalog(self, hours: int) -> list[dict[str, Any]]:
        return []

    async def series(self, asked: Range) -> list[dict[str, Any]]:
        self.asked.append(asked)
        return self.rows

    async def recent(self, minutes: float) -> Recent:
        self.reads += 1
        newest = max((row[5] for row in self.points), default=None)
        return Recent(newest, 60, None, self.points, [], [])

    def close(self) -> None:
        pass


class FakeWarehouse:
    """Answers each statement with the rows that the test has put for a word of it."""

    def __init__(self) -> None:
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.told: Any = None

    async def rows(self, statement: str, values: Any = ()) -> list[dict[str, Any]]:
        return next((rows for word, rows in self.answers.items() if word in statement), [])

    async def ask(self, statement: str, values: Any = ()) -> Table:
        rows = await self.rows(statement, values)
        return Table(list(rows[0]) if rows else [], [], [tuple(row.values()) for row in rows])

    async def do(self, work: Callable[[Any], Any]) -> Any:
        assert self.told is not None, "the test plays no connection"
        return self.told

    def close(self) -> None:
        pass


class FakeSearch:
    """Elasticsearch without documents; remembers what it was asked."""

    def __init__(self) -> None:
        self.fields = SHOWN
        self.queries: list[dict[str, Any]] = []

    async def search(self, _: Any, query: dict[str, Any], size: int, after: Any) -> dict[str, Any]:
        self.queries.append(query)
        return {"hits": {"total": {"value": 0, "relation": "eq"}, "hits": []}}

    def close(self) -> None:
        pass


@dataclass
class QueryApi:
    """The API, its client, and what it reads."""

    client: TestClient
    query: Query
    accounts: dict[str, Account]
    live: FakeLive
    warehouse: FakeWarehouse
    search: FakeSearch
    key: str

    def token(self) -> str:
        return str(self.client.get("/api/session").json()["csrf_token"])

    def log_in(self, name: str = "ada", password: str = PASSWORD) -> Any:
        told = {"account": name, "password": password}
        return self.client.post("/api/login", json=told, headers={"X-CSRFToken": self.token()})

    def change(self, method: str, path: str, body: Any) -> Any:
        return self.client.request(method, path, json=body, headers={"X-CSRFToken": self.token()})


def settings_of(**settings: Any) -> QuerySettings:
    secrets = {"postgres_query_password": "x", "kafka_query_password": "x", "elasticsearch_reader_password": "x"}
    told: dict[str, Any] = {"_env_file": None, "api_session_key": "0123456789abcdef", **secrets, **settings}
    return QuerySettings(**told)


def make_query(**settings: Any) -> tuple[Query, dict[str, Account], FakeLive, FakeWarehouse, FakeSearch, Any]:
    ingest = make_api(FakeBus())
    known = {"ada": account("ada", OPERATOR), "bob": account("bob", VIEWER)}
    given = settings_of(**settings)
    live, warehouse, search, feeds = FakeLive(), FakeWarehouse(), FakeSearch(), FEEDS
    tunables = Tunables(Periodic("values", lambda: {}, 60, 60))

    async def no_events(_: int) -> list[dict[str, Any]]:
        return []

    hub = Hub(live, tunables, no_events)
    query = Query(
        settings=given,
        feeds=feeds,
        groups=groups_of(feeds),
        warehouse=warehouse,  # type: ignore[arg-type]
        live=live,
        search=search,  # type: ignore[arg-type]
        bus=BusLag({}, lambda _, now: Sample(now, {}, {}), lambda: 60),
        dead_letters=DeadLetters({}),
        accounts=Periodic("accounts", lambda: dict(known), 60, 60),
        attempts=Attempts(),
        passwords=ThreadPoolExecutor(1),
        reading=ThreadPoolExecutor(1),
        tunables=tunables,
        hub=hub,
        metrics=QueryMetrics(ingest.ingest.metrics.registry, lambda: hub.clients),
        logs=LocalLogs(Path("nowhere")),
        events_in_flight=lambda: 0,
    )
    return query, known, live, warehouse, search, ingest


@contextmanager
def query_api(
    base_url: str = "http://testserver", dashboard: Path | None = None, **settings: Any
) -> Iterator[QueryApi]:
    """A running one."""
    query, known, live, warehouse, search, api = make_query(**settings)
    query.accounts.refresh()
    app = build_app(api.ingest) if dashboard else build_app(api.ingest, query)
    if dashboard:
        add_query(app, query, dashboard)
    with TestClient(app, base_url, raise_server_exceptions=False) as client:
        yield QueryApi(client, query, known, live, warehouse, search, api.key)
