"""A visitor in the warehouse: counted, and erased in one transaction (`sql/forget/`)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from config.settings import PROJECT_ROOT
from kafka.position import BusPosition
from spark.ledger import EMPTY_STAGING
from spark.load import LOAD_FOLDER
from utilities.erasure.visitor import Visitor
from utilities.stores.unused_members import delete_unused_members

FORGET_FOLDER = PROJECT_ROOT / "sql" / "forget"
TABLES = (
    "fact_event",
    "fact_product_view_event",
    "fact_cart_event",
    "fact_search",
    "fact_recommendation",
    "fact_session",
    "fact_order",
)
DAILY_ANEW, FINISH_RUN = LOAD_FOLDER / "070_fact_product_views.sql", LOAD_FOLDER / "099_run.sql"
# The orders that others' events still tell of.
ORDERS_ANEW = [
    LOAD_FOLDER / f"{name}.sql"
    for name in (
        "065_touched_order",
        "066_order_of_event",
        "067_fact_order_removed",
        "068_fact_order",
        "069_fact_order_line",
    )
]
IS_ANYTHING_STAGED = """
SELECT EXISTS (SELECT FROM staging.resolved_event) OR EXISTS (SELECT FROM staging.removed_rejection)
"""
START_RUN = "INSERT INTO etl.run (mode) VALUES ('erasure') RETURNING run_id"
TOUCHED = "SELECT array_agg(DISTINCT date_key) FROM staging.resolved_event"
REJECTED_AT = """
SELECT bus_topic, bus_partition, bus_offset FROM etl.rejected_event
JOIN unnest(%(topics)s::text[], %(partitions)s::integer[], %(offsets)s::bigint[])
    AS known (bus_topic, bus_partition, bus_offset) USING (bus_topic, bus_partition, bus_offset)
"""
REJECTED_NAMING = """
SELECT bus_topic, bus_partition, bus_offset, original FROM etl.rejected_event WHERE position(%s IN original) > 0
"""
DEVICES = """
SELECT count(*) FROM dim_device AS device
WHERE device_id IS NOT NULL
  AND (device_id = %(device)s OR device_key IN (SELECT device_key FROM fact_event WHERE visitor = %(visitor)s))
  AND NOT EXISTS (
      SELECT FROM fact_event AS event
      WHERE event.device_key = device.device_key AND event.visitor IS DISTINCT FROM %(visitor)s
  )
"""
OTHERS_ON_DEVICES = """
SELECT known.device_id, event.visitor, count(*)
FROM fact_event AS event
JOIN dim_device AS device USING (device_key)
JOIN identity.device AS known USING (device_key)
WHERE visitor <> %(visitor)s
  AND (device.device_id = %(device)s
       OR device_key IN (SELECT device_key FROM fact_event WHERE visitor = %(visitor)s))
GROUP BY known.device_id, event.visitor
ORDER BY count(*) DESC
LIMIT 10
"""


@dataclass(frozen=True)
class VisitorFacts:
    """What the warehouse holds: rows by table, and where the events stand on the bus."""

    rows: dict[str, int]
    loaded: set[BusPosition]
    rejected: set[BusPosition]


def find_facts(connection: psycopg.Connection, visitor: Visitor, positions: Iterable[BusPosition]) -> VisitorFacts:
    """Count the rows of every table; `positions` are those of the visitor's events that other stores know."""
    names = _names(visitor)
    rows = {
        table: _value(connection, f"SELECT count(*) FROM {table} WHERE visitor = %(visitor)s", names)
        for table in TABLES
    }
    rejected = find_rejections(connection, visitor, positions)
    rows["etl.rejected_event"] = len(rejected)
    rows["dim_device"] = _value(connection, DEVICES, names)
    loaded = connection.execute(
        "SELECT bus_topic, bus_partition, bus_offset FROM fact_event WHERE visitor = %(visitor)s", names
    )
    return VisitorFacts(rows, {BusPosition(*place) for place in loaded}, rejected)


def find_rejections(
    connection: psycopg.Connection, visitor: Visitor, positions: Iterable[BusPosition]
) -> set[BusPosition]:
    """Rejected events at the positions, and those whose masked original names the visitor's device."""
    found = {BusPosition(*place) for place in connection.execute(REJECTED_AT, _arrays(positions))}
    for *place, original in connection.execute(REJECTED_NAMING, [visitor.identity]):
        if visitor.owns(json.loads(original)):
            found.add(BusPosition(*place))
    return found


def others_on_devices(connection: psycopg.Connection, visitor: Visitor) -> list[tuple[str, Any, int]]:
    """Device id, visitor hash and events of others on the visitor's devices: at most ten, the most events first."""
    names = _names(visitor)
    return list(connection.execute(OTHERS_ON_DEVICES, names))


def erase_facts(connection: psycopg.Connection, visitor: Visitor, rejected: Iterable[BusPosition]) -> int | None:
    """Erase within the caller's transaction; the run whose counts say so, None where there was no event to erase.

    The ledger takes the events for such of no known kind from now on, which is what a full refresh finds in MongoDB.
    Staging is emptied, for a run that failed may have left the visitor there.
    """
    connection.execute(EMPTY_STAGING)
    values: dict[str, Any] = {**_names(visitor), **_arrays(rejected)}
    _run(connection, values, *FORGET_FOLDER.glob("01*.sql"))
    run_id: int | None = None
    if _value(connection, IS_ANYTHING_STAGED, {}):
        run_id = values["run_id"] = _value(connection, START_RUN, {})
        _run(connection, values, *FORGET_FOLDER.glob("02[01]*.sql"))
        _run(connection, values, FINISH_RUN)
    values["days"] = _value(connection, TOUCHED, {}) or []
    _run(connection, values, *FORGET_FOLDER.glob("02[6-9]*.sql"))
    _run(connection, values, *FORGET_FOLDER.glob("0[34]*.sql"))
    _run(connection, values, *ORDERS_ANEW)
    _run(connection, values, DAILY_ANEW)
    _run(connection, values, *FORGET_FOLDER.glob("0[56]*.sql"))
    connection.execute(EMPTY_STAGING)
    delete_unused_members(connection)
    return run_id


def _names(visitor: Visitor) -> dict[str, Any]:
    """The visitor's hash; `device` is how dim_device spells it."""
    return {"visitor": visitor.hash, "device": visitor.hash.hex}


def _run(connection: psycopg.Connection, values: dict[str, Any], *statements: Path) -> None:
    for statement in sorted(statements):
        connection.execute(statement.read_text(encoding="utf-8").encode(), values)


def _arrays(positions: Iterable[BusPosition]) -> dict[str, list[Any]]:
    ordered = sorted(positions)
    return {
        "topics": [place.topic for place in ordered],
        "partitions": [place.partition for place in ordered],
        "offsets": [place.offset for place in ordered],
    }


def _value(connection: psycopg.Connection, query: str, values: dict[str, Any]) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    return row[0] if row else None
