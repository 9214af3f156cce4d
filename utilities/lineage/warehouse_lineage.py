"""What the warehouse knows of an event: its row of every fact, its run, or why it has none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from config.operator_logins import WarehouseSettings
from kafka.position import BusPosition
from migrations.facts import kinds_with_facts
from utilities.stores.warehouse import warehouse_connection

Row = dict[str, Any]

EVENT = "SELECT event.*, kind.kind, kind.step FROM fact_event AS event JOIN dim_event_kind AS kind USING (kind_key) "
POSITION = "bus_topic = %s AND bus_partition = %s AND bus_offset = %s"
DAILY = """
SELECT daily.*, product.product_id, store.store_id
FROM fact_product_views AS daily
JOIN dim_product AS product USING (product_key)
JOIN dim_store AS store USING (country_key)
WHERE (date_key, product_key, country_key, referrer_key, device_key)
    = (%(date_key)s, %(product_key)s, %(country_key)s, %(referrer_key)s, %(device_key)s)
"""
DAILY_BY_TYPE = """
SELECT daily.*
FROM fact_daily_product_views AS daily
JOIN dim_referrer AS referrer ON referrer.referrer_key = %(referrer_key)s
JOIN dim_user_agent AS agent ON agent.user_agent_key = %(user_agent_key)s
WHERE (date_key, product_key, country_key, daily.is_bot)
    = (%(date_key)s, %(product_key)s, %(country_key)s, %(is_bot)s)
  AND (daily.referrer_type, daily.device_type)
    = (referrer.referrer_type, coalesce(agent.device_type, 'Unknown'))
"""
SESSION = """
SELECT session_id, started_at, ended_at, events, views
FROM fact_session WHERE session_id = %(session_id)s
"""
ORDER = "SELECT order_key, order_id, events, lines, revenue, currency FROM fact_order WHERE order_key = %(order_key)s"
RUN = "SELECT run_id, mode, started_at, finished_at FROM etl.run WHERE run_id = %s"
RUN_OF_POSITION = """
SELECT run_id, mode, started_at, finished_at
FROM etl.run_range JOIN etl.run USING (run_id)
WHERE mode = 'incremental' AND bus_topic = %s AND bus_partition = %s AND %s BETWEEN from_offset AND to_offset - 1
"""
REMOVED_RAW = """
SELECT until_offset, removed_at FROM etl.removed
WHERE what = 'raw events' AND bus_topic = %s AND bus_partition = %s AND until_offset > %s
ORDER BY until_offset LIMIT 1
"""
ARCHIVES = """
SELECT path FROM etl.archived_file WHERE to_char(month, 'YYYYMM') = left(%s::text, 6) AND sha256 <> '' ORDER BY path
"""
DAY_TOTAL = """
SELECT coalesce(sum(view_count), 0)::bigint, count(*)
FROM fact_product_views JOIN dim_product USING (product_key)
WHERE date_key = %(date_key)s AND product_id = %(product_id)s
"""
DAY_EVENTS = """
SELECT event_id, event_time, bus_topic, bus_partition, bus_offset, run_id, store_id
FROM fact_product_view_event
JOIN dim_product USING (product_key)
JOIN dim_store USING (country_key)
WHERE date_key = %(date_key)s AND product_id = %(product_id)s
ORDER BY event_time, event_id
LIMIT %(limit)s
"""


class WarehouseLineage:
    """Looks events up in one connection; raises psycopg.Error."""

    def __init__(self, connection: "psycopg.Connection[Row]") -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def connect(cls) -> Iterator["WarehouseLineage"]:
        """Read as the ETL, which alone sees the ledger; raises what `warehouse_error` says."""
        settings = WarehouseSettings.load()
        login = settings.postgres_user, settings.postgres_password
        with warehouse_connection(settings, *login, "-c TimeZone=UTC") as connection:
            connection.read_only = True
            by_name = cast("psycopg.Connection[Row]", connection)
            by_name.row_factory = dict_row
            yield cls(by_name)

    def event(self, event_id: str) -> Row | None:
        """The row of fact_event with an id, and the event's kind and step."""
        return self._first(EVENT + "WHERE event_id = %s", [event_id])

    def event_at(self, position: BusPosition) -> Row | None:
        """The row of fact_event of a position; reads the whole fact, which has no index by offset."""
        return self._first(EVENT + "WHERE " + POSITION, position)

    def fact(self, event: Row) -> tuple[str, Row] | None:
        """The row of the fact of the event's kind, with that fact's name; None for a kind that has none."""
        table = kinds_with_facts().get(event["kind"])
        if table is None:
            return None
        query = sql.SQL("SELECT * FROM {} WHERE event_id = %s AND date_key = %s").format(sql.Identifier(table))
        row = self._connection.execute(query, self._key(event)).fetchone()
        return (table, row) if row is not None else None

    def daily(self, view: Row) -> Row | None:
        """The daily row that a product view counts in, with the product's and the store's id."""
        return self._first(DAILY, view)

    def daily_by_type(self, view: Row) -> Row | None:
        """The daily row by types that a product view counts in; None where a type is another since it was loaded."""
        return self._first(DAILY_BY_TYPE, view)

    def session(self, event: Row) -> Row | None:
        """The session that the event belongs to."""
        return self._first(SESSION, event)

    def order(self, event: Row) -> Row | None:
        """The order that the event tells of."""
        return self._first(ORDER, event)

    def run(self, run_id: int) -> Row | None:
        """A run of the ETL."""
        return self._first(RUN, [run_id])

    def run_of(self, position: BusPosition) -> Row | None:
        """The run that first read a position."""
        return self._first(RUN_OF_POSITION, position)

    def rejection(self, position: BusPosition) -> Row | None:
        """The row of etl.rejected_event of a position."""
        return self._first("SELECT * FROM etl.rejected_event WHERE " + POSITION, position)

    def loaded_until(self, position: BusPosition) -> int:
        """The first offset of the position's partition that no run has read."""
        query: LiteralString = "SELECT next_offset FROM etl.watermark WHERE bus_topic = %s AND bus_partition = %s"
        row = self._first(query, position[:2])
        return int(row["next_offset"]) if row else 0

    def raw_removal(self, position: BusPosition) -> Row | None:
        """The retention run that removed the document of a position."""
        return self._first(REMOVED_RAW, position)

    def facts_kept_from(self) -> int:
        """First date_key whose facts retention has left, 0 where it took none."""
        row = self._first("SELECT etl.facts_kept_from() AS date_key", [])
        return int(row["date_key"]) if row else 0

    def archives(self, date_key: int) -> list[str]:
        """The files that hold the month of a day."""
        return [row["path"] for row in self._connection.execute(ARCHIVES, [date_key])]

    def day_total(self, product_id: str, date_key: int) -> tuple[int, int]:
        """Sum of view_count, and number of daily rows, of a product and day."""
        row = self._first(DAY_TOTAL, {"product_id": product_id, "date_key": date_key}) or {}
        return int(row["coalesce"]), int(row["count"])

    def day_events(self, product_id: str, date_key: int, limit: int) -> list[Row]:
        """The product views that these daily rows count, in order of time."""
        values = {"product_id": product_id, "date_key": date_key, "limit": limit}
        return self._connection.execute(DAY_EVENTS, values).fetchall()

    def _first(self, query: LiteralString, values: Any) -> Row | None:
        return self._connection.execute(query, values).fetchone()

    @staticmethod
    def _key(event: Row) -> list[Any]:
        return [event["event_id"], event["date_key"]]
