"""What the warehouse says of itself: its ledger, its facts and its watermarks, in one snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg

from config.operator_logins import WarehouseSettings
from migrations.facts import facts_of_kinds
from utilities.reconciliation.feed_ledger import FeedLedger, read_feed_ledger
from utilities.reconciliation.live_windows import LiveWindows, read_live
from utilities.stores.warehouse import warehouse_connection

TopicPartition = tuple[str, int]

LEDGER = """
SELECT bus_topic, bus_partition, sum(landed)::bigint, sum(other_kinds)::bigint, sum(loaded)::bigint,
       sum(duplicates)::bigint, sum(rejected)::bigint
FROM etl.run_range GROUP BY bus_topic, bus_partition
"""
WATERMARKS = "SELECT bus_topic, bus_partition, next_offset FROM etl.watermark"
TOPIC_IDS = "SELECT bus_topic, max(topic_id) FROM etl.watermark GROUP BY bus_topic"
EVENT_ROWS = "SELECT bus_topic, bus_partition, count(*) FROM fact_event GROUP BY bus_topic, bus_partition"
VIEW_EVENTS = """
SELECT bus_topic, bus_partition, count(*)
FROM fact_event JOIN dim_event_kind USING (kind_key) WHERE kind = 'view_product_detail' GROUP BY 1, 2
"""
VIEW_ROWS = "SELECT bus_topic, bus_partition, count(*) FROM fact_product_view_event GROUP BY bus_topic, bus_partition"
REJECTED_ROWS = "SELECT bus_topic, bus_partition, count(*) FROM etl.rejected_event GROUP BY bus_topic, bus_partition"
REMOVED = """
SELECT bus_topic, bus_partition,
       coalesce(sum(rows) FILTER (WHERE what = 'facts'), 0)::bigint,
       coalesce(sum(rows) FILTER (WHERE what = 'raw events'), 0)::bigint,
       coalesce(max(until_offset) FILTER (WHERE what = 'raw events'), 0),
       coalesce(sum(rows) FILTER (WHERE what = 'bus records'), 0)::bigint,
       coalesce(max(until_offset) FILTER (WHERE what = 'bus records'), 0),
       sum(replayed)::bigint
FROM etl.removed GROUP BY bus_topic, bus_partition
"""
EVENTS_OF = "SELECT count(*) FROM fact_event JOIN dim_event_kind USING (kind_key) WHERE kind IN ({})"
ROWS_OF = "SELECT count(*) FROM {}"
# What retention took of the facts, the aggregates still count.
AND_REMOVED = "SELECT (SELECT count(*) FROM {}) + (SELECT coalesce(sum({}), 0) FROM etl.removed)"
AND_REMOVED_ONES = " and removed ones"
Comparison = tuple[str, str, str, str, str]
"""Identity, name and count of one side, name and count of the other."""
COUNTED_BY_PARTITION = {"facts", "views"}
"""Identities of facts that tell their rows' place on the bus (utilities/reconciliation/identities.py)."""
COUNTED_BY_SUM: tuple[Comparison, ...] = (
    (
        "daily",
        "sum of view_count",
        "SELECT coalesce(sum(view_count), 0)::bigint FROM fact_product_views",
        "atomic fact rows" + AND_REMOVED_ONES,
        AND_REMOVED.format("fact_product_view_event", "views"),
    ),
    (
        "daily by type",
        "sum of views",
        "SELECT coalesce(sum(views), 0)::bigint FROM fact_daily_product_views",
        "atomic fact rows and removed ones",
        AND_REMOVED.format("fact_product_view_event", "views"),
    ),
    (
        "orders",
        "checkout_success" + AND_REMOVED_ONES,
        AND_REMOVED.format("fact_event WHERE order_key IS NOT NULL", "orders"),
        "sum of fact_order.events",
        "SELECT coalesce(sum(events), 0)::bigint FROM fact_order",
    ),
    (
        "sessions",
        "events with a visitor" + AND_REMOVED_ONES,
        AND_REMOVED.format("fact_event WHERE visitor IS NOT NULL", "with_visitor"),
        "sum of fact_session.events",
        "SELECT coalesce(sum(events), 0)::bigint FROM fact_session",
    ),
)
"""Of the facts that count events without holding them."""


def comparisons() -> list[Comparison]:
    """What the rows of each fact are compared with that is built from fact_event and tells no place on the bus."""
    by_kind = [
        (
            fact.counted,
            fact.kinds[0] if len(fact.kinds) == 1 else "events of its kinds",
            EVENTS_OF.format(", ".join(f"'{kind}'" for kind in fact.kinds)),
            "rows",
            ROWS_OF.format(table),
        )
        for table, fact in facts_of_kinds().items()
        if fact.counted and fact.counted not in COUNTED_BY_PARTITION
    ]
    daily, daily_by_type, *others = COUNTED_BY_SUM
    return [daily, daily_by_type, *by_kind, *others]


@dataclass(frozen=True)
class Ledger:
    """What the runs say became of one partition's landed events."""

    landed: int
    other_kinds: int
    loaded: int
    duplicates: int
    rejected: int


@dataclass(frozen=True)
class Removed:
    """What retention took of one partition; raw events and bus records below the offsets that are kept."""

    facts: int = 0
    raw: int = 0
    raw_kept_from: int = 0
    bus: int = 0
    bus_kept_from: int = 0
    bus_replayed: int = 0


@dataclass(frozen=True)
class WarehouseFigures:
    """One consistent snapshot; `compared` holds an identity's name, and name and count of both sides."""

    removed: Mapping[TopicPartition, Removed]
    watermarks: Mapping[TopicPartition, int]
    topic_ids: Mapping[str, str]
    ledger: Mapping[TopicPartition, Ledger]
    event_rows: Mapping[TopicPartition, int]
    view_events: Mapping[TopicPartition, int]
    view_rows: Mapping[TopicPartition, int]
    rejected_rows: Mapping[TopicPartition, int]
    compared: Sequence[tuple[str, str, int, str, int]]
    live: LiveWindows = field(default_factory=LiveWindows)
    feeds: Mapping[TopicPartition, FeedLedger] = field(default_factory=dict)


def side_name(name: str, removed: Mapping[TopicPartition, Removed]) -> str:
    """The name of a side of an identity: of removed facts it speaks where some were removed."""
    return name if any(each.facts for each in removed.values()) else name.removesuffix(AND_REMOVED_ONES)


def read_warehouse(settings: WarehouseSettings) -> WarehouseFigures:
    """Read every figure in one transaction; raises AccessError, UnavailableError, or TerminalError without tables."""
    with warehouse_connection(settings, settings.postgres_user, settings.postgres_password) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        removed = {(row[0], row[1]): Removed(*row[2:]) for row in connection.execute(REMOVED)}
        return WarehouseFigures(
            removed=removed,
            watermarks=_by_partition(connection, WATERMARKS),
            topic_ids=dict(connection.execute(TOPIC_IDS).fetchall()),
            ledger={(row[0], row[1]): Ledger(*row[2:]) for row in connection.execute(LEDGER)},
            event_rows=_by_partition(connection, EVENT_ROWS),
            view_events=_by_partition(connection, VIEW_EVENTS),
            view_rows=_by_partition(connection, VIEW_ROWS),
            rejected_rows=_by_partition(connection, REJECTED_ROWS),
            compared=[
                (
                    name,
                    side_name(left, removed),
                    _number(connection, count_left),
                    side_name(right, removed),
                    _number(connection, count_right),
                )
                for name, left, count_left, right, count_right in comparisons()
            ],
            live=read_live(connection),
            feeds=read_feed_ledger(connection),
        )


def _by_partition(connection: psycopg.Connection, statement: str) -> dict[TopicPartition, int]:
    return {(topic, partition): value for topic, partition, value in connection.execute(statement.encode())}


def _number(connection: psycopg.Connection, statement: str) -> int:
    return int(connection.execute(statement.encode()).fetchall()[0][0])
