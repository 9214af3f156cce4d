"""The parts of the query API, put together by the settings, and the application with its routes."""

from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg.conninfo import make_conninfo
from starlette.responses import Response

from config.settings import MongoSettings
from kafka.feeds.feed import MAIN, Feed
from kafka.indexer import GROUP
from kafka.sinks.landing_names import landing_group
from serving.accounts import routes as login
from serving.accounts.attempts import Attempts
from serving.accounts.store import Account, read_accounts
from serving.ingest import Ingest
from serving.periodic import Periodic
from serving.problem import Code, Problem
from serving.query import anomalies, definitions, live, live_socket, paths, pipeline, quality, reports, search
from serving.query.abandoned import Abandoned
from serving.query.bus_lag import BusLag, BusSampler
from serving.query.dead_letters import DeadLetters
from serving.query.examples import show_examples
from serving.query.guard import DOORS, Guard
from serving.query.hub import Hub
from serving.query.live_copy import CopiedLive, redis_client
from serving.query.live_store import LiveStore, WarehouseLive
from serving.query.local_logs import LocalLogs
from serving.query.metrics import QueryMetrics, Timed
from serving.query.pages import DASHBOARD, pages
from serving.query.parts import Query
from serving.query.search_store import SearchStore
from serving.query.settings import QuerySettings
from serving.query.tunables import Set, Tunables, read_tunables
from serving.query.warehouse import Warehouse
from serving.settings import ServingSettings

ROUTERS = (
    login.router,
    live.router,
    live_socket.router,
    anomalies.router,
    reports.router,
    search.router,
    pipeline.router,
    quality.router,
    paths.router,
    definitions.router,
)
TUNABLE_SECONDS = 3.0


def groups_of(feeds: Mapping[str, Feed]) -> dict[str, dict[str, str]]:
    """The consumer groups of each feed, as landing and indexer name them."""
    raw = MongoSettings.load()
    collections = {name: raw.mongo_collection if name == MAIN else feed.collection for name, feed in feeds.items()}
    return {
        name: {
            "landing": landing_group(raw.mongo_db, collections[name]),
            "indexer": GROUP if feed.is_main else f"{GROUP}-{feed.index}",
        }
        for name, feed in feeds.items()
    }


def query_of(settings: QuerySettings, serving: ServingSettings, ingest: Ingest) -> Query:
    """The parts; no thread is started, and no server asked."""
    feeds, warehouse = ingest.feeds, Warehouse(settings, settings.api_query_threads)
    groups = groups_of(feeds)
    good_for = serving.api_refresh_seconds, serving.api_stale_seconds
    tunables = Tunables(Periodic("tunable values", TunableReader(settings), TUNABLE_SECONDS, float("inf")))
    store = SearchStore(settings, feeds)
    bus_login = settings.client_as(settings.kafka_query_username, settings.kafka_query_password)
    topics = {feed.topic: list(groups[name].values()) for name, feed in feeds.items()}
    metrics = QueryMetrics(ingest.metrics.registry, lambda: hub.clients)
    hub = Hub(
        # A thread of its own: what all browsers see does not wait for anybody's report.
        newest_of(settings, Warehouse(settings, threads=1), metrics),
        tunables,
        lambda count: store.newest(feeds[MAIN], count),
    )
    return Query(
        settings=settings,
        feeds=feeds,
        groups=groups,
        warehouse=warehouse,
        live=WarehouseLive(warehouse),
        search=store,
        bus=BusLag(topics, BusSampler(bus_login), lambda: tunables["pipeline_sample_seconds"]),
        dead_letters=DeadLetters(bus_login),
        accounts=Periodic("accounts", AccountReader(serving), *good_for),
        attempts=Attempts(),
        passwords=ThreadPoolExecutor(2, "passwords"),
        reading=ThreadPoolExecutor(2, "reading"),
        tunables=tunables,
        hub=hub,
        metrics=metrics,
        logs=LocalLogs(),
        events_in_flight=lambda: ingest.flight.events,
    )


def newest_of(settings: QuerySettings, warehouse: Warehouse, metrics: QueryMetrics) -> LiveStore:
    """Where the newest windows are read: the warehouse, behind its copy in Redis where the settings name one."""
    live, url = WarehouseLive(warehouse), settings.live_redis_url.get_secret_value()
    return CopiedLive(redis_client(url), live, metrics.readings) if url else live


class _Reader:
    """One connection, made anew where it has ended."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection: psycopg.Connection | None = None

    def connection(self) -> psycopg.Connection:
        """Raises psycopg.Error."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._address, autocommit=True)
        return self._connection


def _address(settings: QuerySettings | ServingSettings, user: str, password: str) -> str:
    return make_conninfo(
        host=settings.postgres_host,
        port=settings.postgres_port,
        dbname=settings.postgres_db,
        user=user,
        password=password,
        connect_timeout=5,
        options="-c statement_timeout=5s -c TimeZone=UTC",
        keepalives_idle=5,
        keepalives_interval=5,
        keepalives_count=2,
        tcp_user_timeout=10_000,
        application_name="millrace-api",
    )


class AccountReader(_Reader):
    """Reads the accounts with the login that reads the keys: what answers questions never sees a password's hash."""

    def __init__(self, settings: ServingSettings) -> None:
        super().__init__(
            _address(settings, settings.postgres_api_user, settings.postgres_api_password.get_secret_value())
        )

    def __call__(self) -> dict[str, Account]:
        return read_accounts(self.connection())


class TunableReader(_Reader):
    """Reads what operators have set."""

    def __init__(self, settings: QuerySettings) -> None:
        super().__init__(
            _address(settings, settings.postgres_query_user, settings.postgres_query_password.get_secret_value())
        )

    def __call__(self) -> Set:
        return read_tunables(self.connection())


def add_query(app: FastAPI, query: Query, dashboard: Path = DASHBOARD) -> None:
    """Add routes, pages and what stands before them to the application of the ingest API."""
    app.state.query = query
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(pages(dashboard))
    show_examples(app)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(Abandoned, skipped=DOORS)
    app.add_middleware(Timed, metrics=query.metrics, skipped=DOORS)
    app.add_middleware(Guard, settings=query.settings)


@asynccontextmanager
async def running(query: Query) -> AsyncIterator[None]:
    """Threads and tasks, from start to end."""
    starts: tuple[Callable[[], None], ...] = (query.accounts.start, query.tunables.start, query.bus.start)
    for start in starts:
        start()
    query.hub.start()
    yield
    await query.hub.close()
    for each in (query.accounts, query.tunables, query.bus, query.warehouse, query.search):
        each.close()
    for pool in (query.passwords, query.reading):
        pool.shutdown(wait=False, cancel_futures=True)


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = [
        {"field": str(each["loc"][-1]), "code": str(each["type"]), "detail": str(each["msg"])}
        for each in error.errors()
    ]
    detail = f"{told[0]['field']}: {told[0]['detail']}" if told else "a parameter is wrong"
    return Problem(Code.INVALID_PARAMETER, detail, more={"errors": told}).response()
