"""Batches as Spark hands them to the stream's transaction, row by row, without Spark."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa

from kafka.feeds.declaration import load_feeds
from kafka.forgotten import Moments
from spark.live.batch import Batch, Rules
from spark.live.feed_batch import FeedBatch, FeedPart, reads_of_topics
from spark.live.feed_rows import FEED_ROW, FeedReader
from spark.live.records import Record
from spark.live.rows import COUNTED_ROW
from spark.live.store import LiveStore
from spark.warehouse import WarehouseLogin
from tests.empty_database import Database

TOPIC, TOPIC_ID = "views", "an id"
MINUTE = 1_767_225_600
"""2026-01-01T00:00:00Z, where a window begins."""
LATER = MINUTE + 365 * 86_400
"""When batches are counted, if nothing else is said."""
RULES = Rules(window_seconds=60, lateness_seconds=120, lead_seconds=60, kept_days=30)
VIEW, ORDER = "view_product_detail", "checkout_success"


def hashed(name: object) -> str:
    """32 hex digits that stand for an event, a visitor or an order."""
    return uuid.uuid5(uuid.NAMESPACE_OID, str(name)).hex


def row(offset: int, seconds: int = 0, **fields: Any) -> dict[str, Any]:
    """A product view by the visitor `v`, so many seconds after MINUTE; the bus took it at once."""
    partition = fields.get("bus_partition", 0)
    found = {
        "bus_topic": TOPIC,
        "bus_partition": partition,
        "bus_offset": offset,
        "bus_seconds": MINUTE + seconds,
        "kind": VIEW,
        "event_id": hashed((partition, offset)),
        "event_seconds": MINUTE + seconds,
        "product": "80001",
        "store": "6",
        "visitor": hashed("v"),
        "referrer_type": "Direct",
        "is_bot": False,
        **fields,
    }
    assert found.keys() <= set(COUNTED_ROW.names)
    return found


def order(offset: int, seconds: int, order_id: str | None, *prices: str, **fields: Any) -> dict[str, Any]:
    """An event that tells of an order with one piece at each price, in euros."""
    lines = [{"amount": "1", "price": price, "currency": "EUR"} for price in prices]
    told = {"order_hash": order_id and hashed(order_id), "lines": orjson.dumps(lines).decode()}
    return row(offset, seconds, **{"kind": ORDER, **told, **fields})


def batch(*rows: Mapping[str, Any], rules: Rules = RULES, now: int = LATER) -> Batch:
    """What Spark has read."""
    return Batch.of(TOPIC, TOPIC_ID, pa.Table.from_pylist([dict(each) for each in rows], COUNTED_ROW), rules, now)


def stream_login(warehouse: Database, outage_seconds: float = 0.0) -> WarehouseLogin:
    """The stream's login, which waits for no server unless told to."""
    password = warehouse.servers.secrets.postgres_stream_password
    return replace(warehouse.login, user="warehouse_stream", password=password, outage_seconds=outage_seconds)


def count(warehouse: Database, *rows: Mapping[str, Any], watermark: int | None = None, rules: Rules = RULES) -> int:
    """Count a batch in a stream of its own; `watermark` is in seconds after MINUTE."""
    with LiveStore(stream_login(warehouse)) as store:
        reached = None if watermark is None else MINUTE + watermark
        return store.apply(batch(*rows, rules=rules), reached)


def record(feed: str, offset: int, event: Mapping[str, Any] | bytes, seconds: float = 0, partition: int = 0) -> Record:
    """A record of a feed that the bus took so many seconds after MINUTE; its topic is called as the feed."""
    value = event if isinstance(event, bytes) else orjson.dumps(event)
    return Record(feed, partition, offset, MINUTE * 1000 + round(seconds * 1000), value, None)


def at(seconds: float) -> str:
    """The time so many seconds after MINUTE, as events tell it."""
    return f"{datetime.fromtimestamp(MINUTE + seconds, UTC).isoformat(timespec='milliseconds')}"


def feed_batch(*records: Record, watermarks: Mapping[str, int] | None = None, rules: Rules = RULES) -> FeedBatch:
    """What Spark has read of feeds, by their readers; watermarks are in seconds after MINUTE."""
    feeds = load_feeds()
    rows = [FeedReader(feeds[each.topic], Moments(b"k", {}), b"key").row(each) for each in records]
    table = pa.Table.from_pylist(rows, FEED_ROW)
    known = {feed: MINUTE + seconds for feed, seconds in (watermarks or {}).items()}
    found = {
        feed: FeedPart(feed, feed, TOPIC_ID, read, known.get(feed))
        for feed, read in reads_of_topics(table, LATER, rules.lead_seconds).items()
    }
    return FeedBatch(table, list(found.values()))


def count_records(warehouse: Database, *records: Record, **watermarks: int) -> int:
    """Count records of feeds in a stream of its own; a watermark by the feed's name, `_` for `-`, after MINUTE."""
    known = {name if name == "user_clickstream" else name.replace("_", "-"): each for name, each in watermarks.items()}
    with LiveStore(stream_login(warehouse)) as store:
        return store.apply(batch(), None, feed_batch(*records, watermarks=known))


def series(warehouse: Database, feed: str, minute: int | None = 0) -> dict[tuple[str, ...], float]:
    """What live.series has of a feed and a window, by its number of minutes after MINUTE: by metric and member."""
    with warehouse.connect("bi_reader") as connection:
        rows = connection.execute(
            "SELECT metric, member, value FROM live.series WHERE feed = %s AND extract(epoch FROM window_start) = %s",
            [feed, MINUTE + 60 * (minute or 0)],
        ).fetchall()
    return {(metric, member) if member else (metric,): value for metric, member, value in rows}


def tables(warehouse: Database, *left_out: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of schema live, without what tells when, in which stream or by which batch, and how long it took."""
    timing = {"batch_id", "closed_batch_id", "updated_at", "taken", "heard_at", *left_out}
    measured = "recent_latency", "export"
    found = {}
    with warehouse.connect() as connection:
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'live' AND table_type = 'BASE TABLE'"
            " AND table_name <> ALL(%s) ORDER BY 1",
            [list(measured)],
        ).fetchall()
        for (name,) in names:
            rows = connection.execute(f"SELECT to_jsonb(t) FROM live.{name} AS t".encode()).fetchall()
            told = [
                {key: value for key, value in each.items() if key not in timing}
                for (each,) in rows
                if each.get("feed") != "pipeline"
            ]
            found[name] = sorted(told, key=str)
    return found


def window(warehouse: Database, minute: int = 0) -> dict[str, Any]:
    """The row of a window, by its number of minutes after MINUTE."""
    with warehouse.connect() as connection:
        statement = "SELECT to_jsonb(t) FROM live.window_total AS t WHERE extract(epoch FROM window_start) = %s"
        ((found,),) = connection.execute(statement, [MINUTE + 60 * minute]).fetchall()
        return dict(found)
