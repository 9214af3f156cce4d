"""Where the live numbers are: the warehouse's schema `live`. Another store has to answer the same four questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg

from serving.query.metric_names import FUNCTIONS, LARGE_DIMENSIONS, SUM, aggregate_of
from serving.query.parameters import at
from serving.query.warehouse import Warehouse, table_of

TOP_MEMBERS, TOP_MINUTES = 10, 15
MOST_SERIES_MEMBERS = 10
# A feed takes events from a while ahead: a window that has not begun is not shown, and nothing hangs on it.
# Of a shop that was replayed, the newest window is long ago; looked for there only where none is of today.
NEWEST = """
SELECT extract(epoch FROM coalesce(
    (SELECT max(window_start) FROM live.series WHERE window_start BETWEEN now() - interval '6 hours' AND now()),
    (SELECT max(window_start) FROM live.series WHERE window_start <= now())
))::float8 AS newest
"""
STREAM = "SELECT window_seconds, extract(epoch FROM watermark)::float8 AS watermark FROM live.stream"
RECENT = """
SELECT feed, metric, dimension, member, unit, extract(epoch FROM window_start)::bigint AS at, value, is_closed
FROM live.series
WHERE window_start BETWEEN %(since)s AND now() AND dimension <> ALL (%(large)s)
ORDER BY window_start
"""
TOPS = """
SELECT feed, metric, dimension, member, unit, amount
FROM (
    SELECT feed, metric, dimension, member, max(unit) AS unit, sum(value) AS amount,
           row_number() OVER (PARTITION BY feed, metric, dimension ORDER BY sum(value) DESC, member) AS place
    FROM live.series
    WHERE window_start > %(since)s AND window_start <= now()
      AND dimension = ANY (%(large)s) AND metric = ANY (%(sums)s)
    GROUP BY feed, metric, dimension, member
) AS summed
WHERE place <= %(most)s
ORDER BY feed, metric, dimension, place
"""
CATALOG = """
SELECT feed, metric, dimension, max(unit) AS unit, count(DISTINCT member) AS members,
       extract(epoch FROM max(window_start))::bigint AS newest
FROM live.series
WHERE window_start > %(since)s AND window_start <= now()
GROUP BY feed, metric, dimension
ORDER BY feed, dimension, metric
"""
SERIES = """
WITH wanted AS (
    SELECT member, window_start, value, unit, is_closed
    FROM live.series
    WHERE feed = %(feed)s AND metric = %(metric)s AND dimension = %(dimension)s
      AND (%(member)s::text IS NULL OR member = %(member)s)
      AND window_start >= %(since)s AND window_start < %(until)s
), greatest_member AS (
    SELECT member FROM wanted GROUP BY member ORDER BY sum(value) DESC NULLS LAST, member LIMIT %(most)s
)
SELECT member, (floor(extract(epoch FROM window_start) / %(resolution)s) * %(resolution)s)::bigint AS bucket,
       {function}(value) AS value, max(unit) AS unit, extract(epoch FROM max(window_start))::bigint AS newest,
       extract(epoch FROM max(window_start) FILTER (WHERE is_closed))::bigint AS newest_closed
FROM wanted
JOIN greatest_member USING (member)
GROUP BY 1, 2
ORDER BY 1, 2
"""
ANOMALY = """
SELECT anomaly_id AS id, feed, metric, dimension, member, kind, extract(epoch FROM started_at)::bigint AS started_at,
       extract(epoch FROM last_window)::bigint AS last_window, extract(epoch FROM ended_at)::bigint AS ended_at,
       windows, value::float8, expected::float8, lower::float8, upper::float8, score::float8, explanation, state,
       state_by, extract(epoch FROM state_at)::bigint AS state_at,
       extract(epoch FROM detected_at)::bigint AS detected_at
FROM live.anomaly
"""
NEW_ANOMALIES = f"{ANOMALY} WHERE ended_at IS NULL OR last_window > %(since)s ORDER BY anomaly_id DESC LIMIT 200"
SUMS = sorted(
    name for name in ("events", "views", "clicks", "purchases", "orders", "revenue") if aggregate_of(name) == SUM
)


@dataclass(frozen=True)
class Range:
    """What of a series is asked for: all of a dimension's members where `member` is None."""

    feed: str
    metric: str
    dimension: str
    member: str | None
    since: float
    until: float
    resolution: int


@dataclass(frozen=True)
class Recent:
    """The windows since some time, what is greatest among the large dimensions, and the anomalies that are new."""

    newest: float | None
    window_seconds: int
    watermark: float | None
    points: Sequence[tuple[Any, ...]]
    tops: Sequence[tuple[Any, ...]]
    anomalies: Sequence[dict[str, Any]]


class LiveStore(Protocol):
    """What the live pages ask; every method raises Problem where the store does not answer."""

    async def stream(self) -> dict[str, Any]:
        """Length of a window, the watermark and the newest window that has begun, as `window_seconds`, `watermark`,
        `newest`.
        """

    async def catalog(self, hours: int) -> list[dict[str, Any]]:
        """Which series had windows in the hours before the newest."""

    async def series(self, asked: Range) -> list[dict[str, Any]]:
        """The points of a range, those without a window left out."""

    async def recent(self, minutes: float) -> Recent:
        """What the newest minutes hold."""

    def close(self) -> None:
        """Answer no more."""


class WarehouseLive:
    """The store that the stream writes."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def close(self) -> None:
        """As `LiveStore` says."""
        self._warehouse.close()

    async def stream(self) -> dict[str, Any]:
        """As `LiveStore` says."""
        return await self._warehouse.do(stream_of)

    async def catalog(self, hours: int) -> list[dict[str, Any]]:
        """As `LiveStore` says."""

        def work(connection: psycopg.Connection) -> list[dict[str, Any]]:
            newest = stream_of(connection)["newest"] or 0
            return table_of(connection, CATALOG, {"since": at(max(0, newest - hours * 3600))}).dicts()

        return await self._warehouse.do(work)

    async def series(self, asked: Range) -> list[dict[str, Any]]:
        """As `LiveStore` says."""
        statement = SERIES.format(function=FUNCTIONS[aggregate_of(asked.metric)])
        values = {
            "feed": asked.feed,
            "metric": asked.metric,
            "dimension": asked.dimension,
            "member": asked.member,
            "since": at(asked.since),
            "until": at(asked.until),
            "resolution": asked.resolution,
            "most": MOST_SERIES_MEMBERS,
        }
        return await self._warehouse.rows(statement, values)

    async def recent(self, minutes: float) -> Recent:
        """As `LiveStore` says."""

        def work(connection: psycopg.Connection) -> Recent:
            told = stream_of(connection)
            newest = told["newest"] or 0
            since = at(max(0, newest - minutes * 60))
            points = table_of(connection, RECENT, {"since": since, "large": list(LARGE_DIMENSIONS)}).rows
            tops, anomalies = tops_of(connection, newest), anomalies_of(connection, newest)
            return Recent(told["newest"], told["window_seconds"], told["watermark"], points, tops, anomalies)

        return await self._warehouse.do(work)


def tops_of(connection: psycopg.Connection, newest: float) -> Sequence[tuple[Any, ...]]:
    """What is greatest among the large dimensions in the last minutes up to the window `newest`."""
    since = at(max(0, newest - TOP_MINUTES * 60))
    values = {"since": since, "large": list(LARGE_DIMENSIONS), "sums": SUMS, "most": TOP_MEMBERS}
    return table_of(connection, TOPS, values).rows


def anomalies_of(connection: psycopg.Connection, newest: float) -> Sequence[dict[str, Any]]:
    """Those that go on, or ended in the hour before the window `newest`."""
    return table_of(connection, NEW_ANOMALIES, {"since": at(max(0, newest - 3600))}).dicts()


def stream_of(connection: psycopg.Connection) -> dict[str, Any]:
    """As `LiveStore.stream`, in the caller's transaction."""
    rows = table_of(connection, STREAM).dicts()
    told = rows[0] if rows else {"window_seconds": None, "watermark": None}
    newest = table_of(connection, NEWEST).rows[0][0]
    return {"window_seconds": told["window_seconds"] or 60, "watermark": told["watermark"], "newest": newest}
