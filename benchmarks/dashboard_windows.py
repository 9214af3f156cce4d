"""Windows of a busy shop that change every second, as the stream would change them: by SQL, so that no Spark runs."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Event, Thread

import psycopg

from benchmarks.live_events import LiveEvent, PacedSender
from config.errors import TerminalError

SHOWN_MINUTES = 60
EVENTS_A_SECOND = 5
"""On the bus, for the list of the newest ones."""
TOTALS = """
INSERT INTO live.window_total AS known (
    window_start, window_end, events, views, order_events, bot_events, bot_views, orders, visitors, persons, batch_id,
    updated_at
)
SELECT at, at + interval '1 minute', 300 * %(times)s, 80 * %(times)s, 2 * %(times)s, 20 * %(times)s, 5 * %(times)s,
       %(times)s, 60 * %(times)s, 55 * %(times)s, %(batch)s, now()
FROM generate_series(%(first)s::timestamptz, %(last)s, interval '1 minute') AS at
ON CONFLICT (window_start) DO UPDATE
SET events = known.events + excluded.events, views = known.views + excluded.views,
    order_events = known.order_events + excluded.order_events, bot_events = known.bot_events + excluded.bot_events,
    bot_views = known.bot_views + excluded.bot_views, orders = known.orders + excluded.orders,
    visitors = known.visitors + excluded.visitors, persons = known.persons + excluded.persons,
    batch_id = excluded.batch_id, updated_at = now()
"""
COUNTS = """
INSERT INTO live.window_count AS known (window_start, dimension, member, events, views, batch_id)
SELECT at, dimension, member, times, times, %(batch)s
FROM generate_series(%(first)s::timestamptz, %(last)s, interval '1 minute') AS at
CROSS JOIN LATERAL (
    SELECT dimension, member, %(times)s * (random() * 3)::int AS times
    FROM (
        SELECT 'product' AS dimension, (75000 + number)::text AS member FROM generate_series(1, 300) AS number
        UNION ALL SELECT 'store', number::text FROM generate_series(1, 40) AS number
        UNION ALL SELECT 'referrer type', unnest(ARRAY['Direct', 'Search', 'Social', 'Email', 'Internal', 'Other'])
    ) AS members
    WHERE at IS NOT NULL
) AS counted
WHERE times > 0
ON CONFLICT (window_start, dimension, member) DO UPDATE
SET events = known.events + excluded.events, views = known.views + excluded.views, batch_id = excluded.batch_id
"""
REVENUE = """
INSERT INTO live.window_revenue AS known (window_start, is_bot, currency, orders, revenue, batch_id)
SELECT at, false, currency, %(times)s, 100 * %(times)s, %(batch)s
FROM generate_series(%(first)s::timestamptz, %(last)s, interval '1 minute') AS at
CROSS JOIN unnest(ARRAY['EUR', 'USD', 'GBP', 'CZK']) AS currency
ON CONFLICT (window_start, is_bot, currency) DO UPDATE
SET orders = known.orders + excluded.orders, revenue = known.revenue + excluded.revenue, batch_id = excluded.batch_id
"""
QUALITY = """
INSERT INTO live.quality AS known (minute, verdict, events, batch_id)
SELECT at, verdict, share * %(times)s, %(batch)s
FROM generate_series(%(first)s::timestamptz, %(last)s, interval '1 minute') AS at
CROSS JOIN (VALUES ('valid', 300), ('duplicate', 1), ('time_in_bounds', 1)) AS told (verdict, share)
ON CONFLICT (minute, verdict) DO UPDATE SET events = known.events + excluded.events, batch_id = excluded.batch_id
"""
METRICS = """
INSERT INTO live.window_metric AS known (
    feed, metric, dimension, member, window_start, events, total, minimum, maximum, batch_id
)
SELECT feed, metric, dimension, member, at, 10 * %(times)s,
       CASE feed WHEN 'pipeline' THEN 1 + random() WHEN 'user_clickstream' THEN %(times)s ELSE 210 * %(times)s END,
       19 - random(), 22 + random(), %(batch)s
FROM generate_series(%(first)s::timestamptz, %(last)s, interval '1 minute') AS at
CROSS JOIN (
    SELECT 'sensor-readings' AS feed, metric, dimension, member
    FROM unnest(ARRAY['temperature', 'humidity']) AS metric
    CROSS JOIN (
        SELECT '' AS dimension, '' AS member
        UNION ALL SELECT 'device', 'sensor-' || number FROM generate_series(1, 20) AS number
    ) AS devices
    UNION ALL
    SELECT 'purchase-events', 'purchases', 'category', unnest(ARRAY['books', 'clothing', 'electronics', 'home'])
    UNION ALL
    VALUES ('purchase-events', 'purchases', '', ''), ('user_clickstream', 'steps', '', ''),
           ('user_clickstream', 'page_views', '', ''), ('click-events', 'clicks', '', ''),
           ('user-events', 'registrations', '', ''), ('pipeline', 'throughput', '', ''),
           ('pipeline', 'latency_p50', '', ''), ('pipeline', 'latency_p95', '', ''), ('pipeline', 'latency_p99', '', '')
) AS measured
ON CONFLICT (feed, metric, dimension, member, window_start) DO UPDATE
SET events = known.events + excluded.events, minimum = least(known.minimum, excluded.minimum),
    maximum = greatest(known.maximum, excluded.maximum), batch_id = excluded.batch_id,
    total = CASE known.feed WHEN 'pipeline' THEN excluded.total ELSE known.total + excluded.total END
"""
CLOSED = """
UPDATE live.window_total SET closed_batch_id = %(batch)s, batch_id = %(batch)s
WHERE closed_batch_id IS NULL AND window_end < now() - interval '2 minutes'
"""
STREAM = """
UPDATE live.stream SET batch_id = %(batch)s, window_seconds = 60, watermark = now() - interval '2 seconds',
    updated_at = now()
"""
STATEMENTS = (TOTALS, COUNTS, REVENUE, QUALITY, METRICS, CLOSED, STREAM)


def put(connection: psycopg.Connection, first: datetime, last: datetime, seconds: int, batch: int) -> None:
    """Count so many seconds of a shop into every window from the first to the last, in one transaction."""
    with connection.transaction():
        for statement in STATEMENTS:
            connection.execute(statement.encode(), {"first": first, "last": last, "times": seconds, "batch": batch})


def fill(connection: psycopg.Connection) -> None:
    """The hour that the page shows."""
    now = _minute()
    put(connection, now - timedelta(minutes=SHOWN_MINUTES), now, 60, 1)


class Shop(Thread):
    """Changes the window of now once a second, and sends a few events, until told to stop."""

    def __init__(self, connection: psycopg.Connection, sender: PacedSender, events: Iterator[LiveEvent]) -> None:
        super().__init__(name="shop", daemon=True)
        self._connection, self._sender, self._events = connection, sender, events
        self._stop_asked = Event()
        self._error: Exception | None = None
        self.changes = 0

    def run(self) -> None:
        begun = time.monotonic()
        try:
            while not self._stop_asked.wait(max(0.0, begun + self.changes + 1 - time.monotonic())):
                self.changes += 1
                put(self._connection, _minute(), _minute(), 1, 1 + self.changes)
                for event in islice(self._events, EVENTS_A_SECOND):
                    self._sender.send_now(event)
        except Exception as error:
            self._error = error

    def check(self) -> None:
        """Raise TerminalError where it has ended by a fault."""
        if self._error is not None:
            raise TerminalError(f"the windows change no more: {self._error!r}") from self._error

    def end(self) -> None:
        """Stop, and wait for its end."""
        self._stop_asked.set()
        self.join()


def _minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)
