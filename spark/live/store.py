"""The stream's side of schema live: one stream at a time, where it goes on from, and its batches."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import psycopg

from config.errors import MillraceError, TerminalError, UnderWayError
from config.settings import PROJECT_ROOT
from kafka.feeds.feed import MAIN
from spark.live.batch import Batch, another_stream, apply
from spark.live.feed_batch import FeedBatch, empty_feed_batch
from spark.sole_writer import SoleWriter

logger = logging.getLogger(__name__)

# Any constant will do; this one spells LIVE.
STREAM_LOCK = int.from_bytes(b"LIVE")
TAKE = "UPDATE live.stream SET taken = taken + 1 RETURNING taken"
LAST_TAKEN = "SELECT taken FROM live.stream"
STREAM = "SELECT window_seconds, extract(epoch FROM watermark)::bigint FROM live.stream"
FEED_WATERMARK = "SELECT extract(epoch FROM watermark)::bigint FROM live.feed WHERE feed = %s"
SET_WINDOW = "UPDATE live.stream SET window_seconds = %s"
POSITIONS = """
SELECT bus_partition, topic_id, next_offset, extract(epoch FROM reached_time)::bigint,
       greatest(0, extract(epoch FROM clock_timestamp() - heard_at))::double precision
FROM live.position WHERE bus_topic = %s
"""
# Where nothing is counted yet, the stream begins: what was there before it will be in the facts alone. What the ETL had
# rejected and has loaded by now, it counts.
BEGIN = """
INSERT INTO live.position AS known (
    bus_topic, bus_partition, topic_id, first_offset, next_offset, heard_at, batch_id, begun_after_run
)
SELECT %s, part.partition, %s, part.first_offset, part.first_offset, clock_timestamp(), 0,
       (SELECT coalesce(max(run_id), 0) FROM etl.run)
FROM unnest(%s::integer[], %s::bigint[]) AS part (partition, first_offset)
ON CONFLICT (bus_topic, bus_partition) DO UPDATE SET next_offset = excluded.next_offset
"""
LAST_RUN = "SELECT coalesce(max(run_id), 0) FROM etl.watermark"
LOADED_EVENT_IDS = PROJECT_ROOT / "sql" / "live" / "loaded_event_id.sql"


@dataclass(frozen=True)
class Position:
    """How far a partition is counted, how far its event time has come, and for how long it has told nothing."""

    topic_id: str
    next_offset: int
    reached: int | None
    silent_seconds: float


@dataclass(frozen=True)
class Progress:
    """Where the stream goes on from."""

    positions: Mapping[int, Position]
    watermark: int | None


class LiveStore(SoleWriter):
    """The one connection that counts; raises UnderWayError where another stream does."""

    lock = STREAM_LOCK
    take = TAKE
    last_taken = LAST_TAKEN
    _run_id = -1

    def progress(self, topic: str, window_seconds: int, feed: str = MAIN) -> Progress:
        """Where the stream goes on from with a feed's topic.

        Raises TerminalError where the windows that are there have another length.
        """

        def read(connection: psycopg.Connection) -> Progress:
            ((known_seconds, watermark),) = connection.execute(STREAM).fetchall()
            if known_seconds is None:
                connection.execute(SET_WINDOW, [window_seconds])
            elif known_seconds != window_seconds:
                raise TerminalError(
                    f"the windows that are there are of {known_seconds} s, and STREAM_WINDOW_SECONDS is"
                    f" {window_seconds}: set it back, or count everything anew (./millrace stream --anew)"
                )
            if feed != MAIN:
                watermark = next((each for (each,) in connection.execute(FEED_WATERMARK, [feed])), None)
            rows = connection.execute(POSITIONS, [topic]).fetchall()
            return Progress({partition: Position(*place) for partition, *place in rows}, watermark)

        return self.transaction(read)

    def begin(self, topic: str, topic_id: str, offsets: Mapping[int, int]) -> None:
        """Write down from where the stream reads partitions that it has not read, or skips what is lost of others."""
        columns = list(offsets), list(offsets.values())
        self.transaction(lambda connection: connection.execute(BEGIN, [topic, topic_id, *columns]))

    def apply(self, batch: Batch, watermark: int | None, feeds: FeedBatch | None = None) -> int:
        """Count a batch, once; its number. `feeds` is what it has of the feeds beside the main one."""
        assert self._number is not None
        taken, of_feeds = self._number, feeds or empty_feed_batch()
        number = self.transaction(partial(apply, batch=batch, taken=taken, watermark=watermark, feeds=of_feeds))
        self._forget_loaded_ids()
        return number

    def forget_all(self) -> None:
        """Remove every window and position: the next stream counts from the first record that the bus still has."""
        self.transaction(forget_all)

    def _forget_loaded_ids(self) -> None:
        """Once for each run of the ETL: what it has loaded, the facts know."""

        def forget(connection: psycopg.Connection) -> int:
            ((run_id,),) = connection.execute(LAST_RUN).fetchall()
            if run_id != self._run_id:
                connection.execute(LOADED_EVENT_IDS.read_text(encoding="utf-8").encode())
            return int(run_id)

        self._run_id = self.transaction(forget)

    def _held(self, connection: psycopg.Connection, holder: str) -> None:
        raise UnderWayError(f"another ./millrace stream is under way on {self._login.address}; one at a time counts")

    def _taken_first(self, connection: psycopg.Connection) -> None:
        pass

    def _taken_by_another(self, connection: psycopg.Connection) -> MillraceError:
        return another_stream()


TABLES = (
    *("position", "event_id", "window_total", "window_count", "window_revenue", "quality", "window_visitor"),
    *("recent_order", "window_reach", "feed", "feed_event_id", "window_metric", "window_session", "recent_session"),
    "recent_latency",
)
RESET = """
UPDATE live.stream
SET window_seconds = NULL, watermark = NULL, kept_from = NULL, late_before_kept = 0, batch_id = batch_id + 1,
    updated_at = clock_timestamp()
"""


def forget_all(connection: psycopg.Connection) -> None:
    """Empty schema live but for what tells streams and batches apart, in the caller's transaction."""
    for table in TABLES:
        connection.execute(f"DELETE FROM live.{table}".encode())
    connection.execute(RESET)
