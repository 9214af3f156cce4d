"""Live windows are the same of the warehouse and of their copy in Redis, which is whole, never old, and may be lost."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psycopg
import pytest
from prometheus_client import CollectorRegistry, Counter

from config.settings import PROJECT_ROOT
from serving import live_copier
from serving.live_copier import renew
from serving.query.live_copy import (
    FRESH_SECONDS,
    NOW,
    CopiedLive,
    NotThereError,
    members_key,
    read_recent,
    redis_client,
    window_key,
)
from serving.query.live_store import LiveStore, Recent, WarehouseLive
from serving.query.settings import WarehouseReaderSettings
from serving.query.warehouse import Warehouse
from spark.live.store import LiveStore as Stream
from tests.empty_database import Database
from tests.live_batches import MINUTE, batch, row, stream_login
from tests.pipeline import eventually
from tests.redis_server import RedisServer, running_redis

pytestmark = pytest.mark.servers

ANOMALY = """
INSERT INTO live.anomaly (feed, metric, dimension, member, kind, started_at, last_window, worst_window, summed, windows,
    value, expected, lower, upper, score, explanation)
VALUES ('product_views', 'views', '', '', 'drop', now(), now(), now(), 1, 1, 1, 2.5, 1, 3, -4, 'fewer than expected')
"""
MANY = """
INSERT INTO live.window_total (window_start, window_end, events, views, visitors, batch_id, updated_at)
SELECT at, at + interval '1 minute', 0, 0, 0, 0, now()
FROM generate_series(to_timestamp(%s), to_timestamp(%s), interval '1 minute') AS at
"""
TYPES = """
INSERT INTO live.window_metric (feed, metric, dimension, member, window_start, events, batch_id)
SELECT 'customer-events', 'events', 'event_type', 'type_' || events, to_timestamp(%s), events, 0
FROM generate_series(1, 12) AS events
"""
BATCH = """
WITH told AS (UPDATE live.stream SET batch_id = %(number)s, watermark = to_timestamp(%(number)s))
UPDATE live.window_total SET events = %(number)s, views = %(number)s, batch_id = %(number)s
"""


@dataclass
class Store:
    """A store of live numbers; `bring` lets it have what the warehouse has."""

    live: LiveStore
    bring: Callable[[], None] = lambda: None

    def recent(self, minutes: float = 60) -> Recent:
        self.bring()
        return asyncio.run(self.live.recent(minutes))


def points_of(recent: Recent) -> dict[tuple[str, str, int], tuple[float, bool]]:
    """Value and whether it is closed, by metric, member and minute."""
    return {(each[1], each[3], (each[5] - MINUTE) // 60): (each[6], each[7]) for each in recent.points}


def settings_of(warehouse: Database, url: str = "") -> WarehouseReaderSettings:
    told: dict[str, Any] = {
        "_env_file": None,
        "live_redis_url": url,
        "postgres_port": warehouse.servers.settings.postgres_port,
        "postgres_db": warehouse.name,
        "postgres_query_password": warehouse.servers.secrets.postgres_query_password,
    }
    return WarehouseReaderSettings(**told)


def readings() -> Counter:
    return Counter("readings", "by store", ("store",), registry=CollectorRegistry())


def copying(warehouse: Database, url: str, *words: str) -> subprocess.Popen[str]:
    """The command, as a process."""
    settings = settings_of(warehouse)
    own = {
        "POSTGRES_HOST": settings.postgres_host,
        "POSTGRES_PORT": str(settings.postgres_port),
        "POSTGRES_DB": settings.postgres_db,
        "POSTGRES_QUERY_PASSWORD": settings.postgres_query_password.get_secret_value(),
        "LIVE_REDIS_URL": url,
    }
    command = [sys.executable, "-m", "serving.live_copier", *words]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, env={**os.environ, **own}, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as server:
        yield server


@pytest.fixture
def owner(warehouse: Database) -> Iterator[psycopg.Connection]:
    with warehouse.connect() as connection:
        yield connection


@pytest.fixture
def stream(warehouse: Database) -> Iterator[Stream]:
    with Stream(stream_login(warehouse)) as stream:
        yield stream


@pytest.fixture(params=("warehouse", "redis"))
def store(request: pytest.FixtureRequest, warehouse: Database) -> Iterator[Store]:
    """Each of the two; what Redis does not have is not looked for in the warehouse."""
    live = WarehouseLive(Warehouse(settings_of(warehouse), threads=1))
    if request.param == "warehouse":
        yield Store(live)
    else:
        server: RedisServer = request.getfixturevalue("redis")
        counter = readings()
        with warehouse.connect("serving_query") as reader:
            yield Store(CopiedLive(server.client, live, counter), lambda: renew(server.client, reader))
        assert counter.labels("warehouse")._value.get() == 0
    live.close()


def test_the_newest_windows_are_told_as_the_stream_counts_them(
    store: Store, stream: Stream, owner: psycopg.Connection
) -> None:
    assert (store.recent().newest, store.recent().points) == (None, [])
    stream.apply(batch(row(0), row(1, 61), row(2, 61, product="9|9")), None)
    first = points_of(store.recent())
    assert (first["views", "", 0], first["views", "", 1], first["views", "Direct", 1]) == (
        (1, False),
        (2, False),
        (2, 0),
    )
    stream.apply(batch(row(3, 62, product="9|9"), row(4, 300)), MINUTE + 180)
    owner.execute(ANOMALY)
    recent, second = store.recent(), points_of(store.recent(3))
    assert (recent.newest, recent.window_seconds, recent.watermark) == (MINUTE + 300, 60, MINUTE + 180)
    assert points_of(recent)["views", "", 0] == (1, True)
    assert points_of(recent)["views", "", 1] == (3, False)
    assert [each[5] for each in recent.points] == sorted(each[5] for each in recent.points)
    assert {minute for _, _, minute in second if minute < 10} == {5}
    assert [(each[2], each[3], each[5]) for each in recent.tops if each[1] == "views"] == [
        ("product", "80001", 3),
        ("product", "9|9", 2),
        ("store", "6", 5),
    ]
    assert [(each["kind"], each["expected"], each["state"]) for each in recent.anomalies] == [("drop", 2.5, "open")]


def test_of_members_that_senders_make_there_are_the_greatest_alone(
    warehouse: Database, redis: RedisServer, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.execute(TYPES, [MINUTE])
    monkeypatch.setattr(live_copier, "MOST_MEMBERS", 3)
    with warehouse.connect("serving_query") as reader:
        owner.execute(MANY, [MINUTE, MINUTE])
        renew(redis.client, reader)
    live = WarehouseLive(Warehouse(settings_of(warehouse), threads=1))
    for found in (read_recent(redis.client, 60), asyncio.run(live.recent(60))):
        assert [each[2:] for each in found.points if each[0] == "customer-events"] == []
        types = [each[3] for each in found.tops if each[2] == "event_type"]
        assert types == [f"type_{events}" for events in range(12, 2, -1)]
    live.close()
    kept = redis.client.hkeys(members_key(MINUTE))
    assert sorted(kept) == [f"customer-events|events|event_type|type_{events}".encode() for events in (10, 11, 12)]


def test_a_window_ahead_is_told_when_it_begins(store: Store, stream: Stream, owner: psycopg.Connection) -> None:
    stream.apply(batch(row(0)), None)
    begins = int(time.time()) + 3
    owner.execute(MANY, [begins, begins])
    assert store.recent().newest == MINUTE
    eventually(lambda: store.recent().newest == begins, 20)
    assert {each[5] for each in store.recent().points} == {begins}


def test_windows_that_are_counted_anew_are_told_no_more(store: Store, stream: Stream) -> None:
    stream.apply(batch(row(0), row(1, 61)), None)
    assert {minute for _, _, minute in points_of(store.recent())} == {0, 1}
    stream.forget_all()
    stream.apply(batch(row(2, 300)), None)
    assert {minute for _, _, minute in points_of(store.recent())} == {5}
    stream.forget_all()
    assert store.recent().points == []


def test_a_reader_sees_a_batch_whole_or_not_at_all(
    warehouse: Database, redis: RedisServer, owner: psycopg.Connection
) -> None:
    owner.execute(MANY, [MINUTE, MINUTE + 59 * 60])
    seen: list[set[Any]] = []
    done, client = Event(), redis_client(redis.url)

    def read() -> None:
        while not done.is_set():
            try:
                found = read_recent(client, 60)
            except NotThereError:
                continue  # the writer was faster, for five times
            told = {each[6] for each in found.points if each[1] in ("events", "views")} | {found.watermark}
            seen.append(told)

    def count() -> None:
        for number in range(1, 301):
            owner.execute(BATCH, {"number": number})

    owner.execute(BATCH, {"number": 0})
    with warehouse.connect("serving_query") as reader:
        renew(redis.client, reader)
        counting, reading = Thread(target=count), Thread(target=read)
        counting.start()
        reading.start()
        while counting.is_alive():
            renew(redis.client, reader)
        done.set()
        reading.join()
    assert all(len(each) == 1 for each in seen)
    values = [value for each in seen for value in each]
    assert values == sorted(values)
    assert len(set(values)) > 5


def test_what_redis_has_lost_is_told_by_the_warehouse_and_copied_anew(
    warehouse: Database, redis: RedisServer, owner: psycopg.Connection
) -> None:
    owner.execute(MANY, [MINUTE, MINUTE + 300])
    with warehouse.connect("serving_query") as reader:
        for lost in (window_key(MINUTE + 60), "*"):
            renew(redis.client, reader)
            assert len(points_of(read_recent(redis.client, 60))) == 30
            redis.client.delete(*redis.client.keys(lost))
            counter = readings()
            live = CopiedLive(redis.client, WarehouseLive(Warehouse(settings_of(warehouse), 1)), counter)
            assert len(points_of(asyncio.run(live.recent(60)))) == 30
            assert counter.labels("warehouse")._value.get() == 1
            live.close()


def test_of_two_writers_the_one_that_read_before_the_other_wrote_changes_nothing(
    warehouse: Database, redis: RedisServer, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.execute(MANY, [MINUTE, MINUTE])
    read = live_copier._read

    def slow(connection: psycopg.Connection, known: live_copier.Position) -> Any:
        found = read(connection, known)
        monkeypatch.setattr(live_copier, "_read", read)
        owner.execute(BATCH, {"number": 7})
        with warehouse.connect("serving_query") as other, redis_client(redis.url) as client:
            renew(client, other)
        return found

    with warehouse.connect("serving_query") as reader:
        monkeypatch.setattr(live_copier, "_read", slow)
        renew(redis.client, reader)
    assert points_of(read_recent(redis.client, 60))["views", "", 0] == (7, False)


def test_a_copy_that_nobody_renews_is_read_no_more_and_goes_on_where_it_was(
    warehouse: Database, redis: RedisServer, owner: psycopg.Connection
) -> None:
    owner.execute(MANY, [MINUTE, MINUTE + 300])

    def views() -> float | None:
        try:
            return points_of(read_recent(redis.client, 60))["views", "", 5][0]
        except NotThereError:
            return None

    first = copying(warehouse, redis.url, "--follow")
    eventually(lambda: views() == 0)
    assert 0 < redis.client.pttl(NOW) <= FRESH_SECONDS * 1000
    first.kill()
    first.communicate()
    eventually(lambda: views() is None)
    # Not changed by a batch: whoever goes on where it was does not read it again.
    owner.execute("UPDATE live.window_total SET views = 1 WHERE window_start = to_timestamp(%s)", [MINUTE + 300])
    owner.execute("UPDATE live.stream SET batch_id = 1")
    assert copying(warehouse, redis.url).wait(60) == 0
    assert views() == 0
    owner.execute(BATCH, {"number": 2})
    second = copying(warehouse, redis.url, "--follow")
    eventually(lambda: views() == 2)
    redis.client.flushall()
    eventually(lambda: views() == 2)
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0
    refused = copying(warehouse, redis.url.replace("redis://:", "redis://:not"))
    _, line = refused.communicate(timeout=60)
    assert refused.returncode == 1
    assert "LIVE_REDIS_URL" in line
    assert "Traceback" not in line
