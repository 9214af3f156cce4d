"""live.series in Elasticsearch: a document for each row, written after the commit by a thread of its own.

Elasticsearch may be slow or away: the stream does not wait for it. Which batch is written up to is in live.export; what
later batches changed is read from the warehouse and written, absolute values under the row's own id, so that whoever
writes twice, or was killed in between, changes nothing.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event, Thread
from typing import Any, NamedTuple

import psycopg
from elasticsearch import ApiError, Elasticsearch, TransportError
from elasticsearch.helpers import BulkIndexError, bulk

from kafka.feeds.feed import MAIN
from kafka.waiting import Waiting
from spark.live.metrics_settings import MetricsIndexSettings
from spark.warehouse import WarehouseLogin

logger = logging.getLogger(__name__)

TARGET = "elasticsearch"
ANSWER_SECONDS = 10
RETRY_SECONDS = 5.0
ENDING_SECONDS = 15.0
"""How long a stream that ends waits for what it has just counted to be written; the next one writes the rest."""
WINDOWS_AT_ONCE = 100
LONGEST_ID_BYTES = 512
"""Elasticsearch's limit for `_id`."""
LAST_BATCH = "SELECT batch_id FROM live.stream"
WRITTEN = "SELECT batch_id FROM live.export WHERE target = %s"
WRITE_DOWN = """
INSERT INTO live.export (target, batch_id, written_at) VALUES (%s, %s, clock_timestamp())
ON CONFLICT (target) DO UPDATE SET batch_id = excluded.batch_id, written_at = excluded.written_at
"""
COLUMNS = "feed, metric, dimension, member, window_start, value, unit, is_closed, batch_id"
OF_FEEDS = f"SELECT {COLUMNS} FROM live.series WHERE feed <> %(main)s AND batch_id > %(written)s"
# The view's rows of a window are found by the window: few of its tables know batches by an index.
CHANGED_WINDOWS = """
SELECT window_start FROM live.window_total WHERE batch_id > %(written)s
UNION SELECT minute FROM live.quality WHERE batch_id > %(written)s
"""
OF_WINDOWS = f"""
SELECT {COLUMNS} FROM live.series
WHERE feed = %(main)s AND window_start = ANY(%(windows)s) AND batch_id > %(written)s
"""


class Row(NamedTuple):
    """A row of live.series."""

    feed: str
    metric: str
    dimension: str
    member: str
    window_start: datetime
    value: float | None
    unit: str
    is_closed: bool
    batch_id: int


def document_id(row: Row) -> str:
    """What the row is known by, in readable words; a hash of them where they are too long."""
    words = "|".join((*row[:4], f"{row.window_start:%Y-%m-%dT%H:%M:%SZ}"))
    return words if len(words.encode()) <= LONGEST_ID_BYTES else hashlib.sha256(words.encode()).hexdigest()


def action(row: Row) -> dict[str, Any]:
    """The row for Elasticsearch's bulk requests: into the index of the window's month."""
    told = {name: value for name, value in row._asdict().items() if name != "window_start"}
    return {
        "_index": f"{MetricsIndexSettings.metrics_alias}-{row.window_start:%Y.%m}",
        "_id": document_id(row),
        "@timestamp": row.window_start,
        **told,
    }


def changed_rows(connection: psycopg.Connection, written: int) -> Iterator[Row]:
    """The rows that batches after `written` have changed, in the caller's transaction."""
    values = {"main": MAIN, "written": written}
    with connection.cursor(name="metrics") as cursor:
        cursor.itersize = 2_000
        for row in cursor.execute(OF_FEEDS, values):
            yield Row(*row)
    starts = sorted(start for (start,) in connection.execute(CHANGED_WINDOWS, values).fetchall())
    for first in range(0, len(starts), WINDOWS_AT_ONCE):
        windows = starts[first : first + WINDOWS_AT_ONCE]
        for row in connection.execute(OF_WINDOWS, {**values, "windows": windows}).fetchall():
            yield Row(*row)


def write_changes(connection: psycopg.Connection, write: Callable[[Iterable[Row]], None]) -> int:
    """Let `write` write what is not written yet, and write down that it is; the number of the last batch.

    The last batch is asked for before the rows: what later ones change meanwhile is written again.
    """
    with connection.transaction():
        ((last,),) = connection.execute(LAST_BATCH).fetchall()
        written = next((number for (number,) in connection.execute(WRITTEN, [TARGET])), 0)
        if written < last:
            write(changed_rows(connection, written))
            connection.execute(WRITE_DOWN, [TARGET, last])
    return int(last)


class MetricsWriter(Thread):
    """Writes what changed, so often at most; `counted` tells it of a batch."""

    def __init__(self, login: WarehouseLogin, settings: MetricsIndexSettings, pause_seconds: float) -> None:
        super().__init__(name="metrics", daemon=True)
        self._login, self._settings, self._pause_seconds = login, settings, pause_seconds
        self._waiting = Waiting(logger, "metrics wait to be in Elasticsearch; the stream goes on")
        self._changed, self._ending = Event(), Event()
        self._changed.set()  # what a former stream has left

    def counted(self) -> None:
        """Something was committed that is not written yet."""
        self._changed.set()

    def end(self) -> None:
        """Write what is left, and wait for that for a while."""
        self._ending.set()
        self._changed.set()
        self.join(ENDING_SECONDS)

    def run(self) -> None:
        """Until the end: wait for a batch, write, pause."""
        password = self._settings.elasticsearch_stream_password.get_secret_value()
        with Elasticsearch(
            self._settings.elasticsearch_url,
            **self._settings.elasticsearch_tls_options,
            basic_auth=(self._settings.elasticsearch_stream_user, password),
            request_timeout=ANSWER_SECONDS,
        ) as client:
            is_last = False
            while not is_last:
                self._changed.wait()
                self._changed.clear()  # before the question, or the last call would be lost
                is_last = self._ending.is_set()
                if not self._attempt(client):
                    self._changed.set()
                    self._ending.wait(RETRY_SECONDS)
                self._ending.wait(self._pause_seconds)

    def _attempt(self, client: Elasticsearch) -> bool:
        def write(rows: Iterable[Row]) -> None:
            bulk(client, map(action, rows), chunk_size=1_000)

        try:
            with self._login.connect() as connection:
                write_changes(connection, write)
        except (ApiError, TransportError, BulkIndexError, psycopg.Error) as error:
            away = "the warehouse: " if isinstance(error, psycopg.Error) else ""
            self._waiting.because(away + " ".join(str(error).split())[:300])
            return False
        self._waiting.over()
        return True


@contextmanager
def writing_metrics(login: WarehouseLogin, pause_seconds: float) -> Iterator[Callable[[], None]]:
    """What is to be called after each commit; with a pause of 0 nothing is written."""
    if not pause_seconds:
        yield lambda: None
        return
    writer = MetricsWriter(login, MetricsIndexSettings.load(), pause_seconds)
    writer.start()
    try:
        yield writer.counted
    finally:
        writer.end()
