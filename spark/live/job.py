"""The streaming job: Spark reads the bus in small batches, each is counted in one transaction of the warehouse.

    positions of live.position ──▶ Spark's source ──▶ batch ──▶ one transaction: windows, positions, watermarks

Spark keeps no state and its checkpoint is thrown away: windows, known ids and positions are in the warehouse, where the
numbers are, so nothing can be older or newer than they are. Each query begins where live.position says.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import Any, TypeVar

import pyarrow as pa
from py4j.protocol import Py4JNetworkError  # type: ignore[import-untyped]
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows
from pyspark.sql.streaming.query import StreamingQuery

from config.errors import MillraceError, TerminalError, UnavailableError
from kafka.feeds.declaration import chosen_feeds
from kafka.feeds.feed import MAIN, Feed
from kafka.forgotten import ForgottenTopic, ForgottenVisitors
from kafka.signals import stop_on_signals
from kafka.waiting import Waiting
from spark.definitions import Definitions
from spark.enrichment.settings import EnrichmentSettings
from spark.live.batch import Batch, Rules
from spark.live.bus import ANSWER_SECONDS, Bus, source
from spark.live.checkpoint import checkpoint_folder
from spark.live.feed_batch import FeedBatch, reads_of_topics
from spark.live.feed_rows import FEED_ROW, FeedReader, feed_rows
from spark.live.metrics_index import writing_metrics
from spark.live.planned import perhaps_unread, planned_ends
from spark.live.records import raw_events
from spark.live.rows import COUNTED_ROW, counted_rows
from spark.live.settings import StreamSettings
from spark.live.store import LiveStore
from spark.live.streamed import Place, StreamedFeed, flattened
from spark.outages import while_away
from spark.retained import facts_kept_from
from spark.session import spark_session
from spark.task_errors import error_of_spark
from spark.transforms import parse, validate
from spark.warehouse import WarehouseLogin
from spark.zones import refuse_zone_of_java

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

COMMAND = "stream"
POLL_SECONDS = 0.2
QUIET_SECONDS = 120.0
"""A query that has lived so long has reached the bus: where it cannot, it fails in less (spark/live/bus.py)."""
SPARK_PROPERTIES = {
    # Which a stream does not have, and Spark warns of.
    "spark.sql.adaptive.enabled": "false",
    # Batches are small: what a second brings would otherwise be cut into more tasks than there are cores.
    "spark.sql.streaming.noDataMicroBatches.enabled": "false",
    "spark.sql.redaction.options.regex": "(?i)url|jaas|password",
    "spark.sql.streaming.ui.enabled": "false",
    # What a query did is in our log, one line a minute.
    "spark.sql.streaming.numRecentProgressUpdates": "2",
}
REPORT_SECONDS = 60.0
OF_PYTHON = "Traceback"
"""In what Spark says of a task that failed in our own code."""


class SourceFailedError(UnavailableError):
    """Spark could not read the bus."""


def run_stream(feeds: str | None, follow: bool, skip_lost: bool, anew: bool) -> None:
    """Count until the topics' ends as of the start, or with `follow` until stopped; raises a MillraceError.

    `feeds` is as `chosen_feeds` takes it, None for the main one.
    """
    settings, enrichment = StreamSettings.load(), EnrichmentSettings.load()
    chosen = chosen_feeds(MAIN if feeds is None else feeds)
    stop = stop_on_signals()
    login = WarehouseLogin(
        settings.postgres_host,
        settings.postgres_port,
        settings.postgres_db,
        settings.postgres_stream_user,
        settings.postgres_stream_password,
        settings.stream_outage_seconds,
        COMMAND,
    )
    with LiveStore(login) as store:
        if anew:
            store.forget_all()
        store.transaction(Definitions.of(settings, enrichment).refuse_others)
        with (
            writing_metrics(login, settings.stream_metrics_seconds) as counted,
            spark_session(settings.spark_driver_memory, 1, "millrace-stream", SPARK_PROPERTIES) as session,
        ):
            refuse_zone_of_java(session, settings.business_time_zone)
            shop_domains = enrichment.shop_domain_names
            Stream(settings, chosen, shop_domains, store, session, stop, follow, skip_lost, counted).run()


@dataclass
class Stream:
    """One stream under way; `counted` is called after each batch."""

    settings: StreamSettings
    chosen: Sequence[Feed]
    shop_domains: tuple[str, ...]
    store: LiveStore
    session: SparkSession
    stop: Event
    follow: bool
    skip_lost: bool
    counted: Callable[[], None] = lambda: None
    planned: dict[Place, int] = field(default_factory=dict)
    """By topic and partition, the offset that the next batch begins at."""
    failure: Exception | None = None
    events: int = 0
    applied_at: float = 0.0
    told_at: float = field(default_factory=time.monotonic)
    applying: Lock = field(default_factory=Lock)
    ending: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        settings = self.settings
        config = self.config = settings.stream_client()
        self.streamed = {
            topic: StreamedFeed(feed, Bus(config, topic))
            for feed in self.chosen
            for topic in [settings.destination_topic if feed.is_main else feed.topic]
        }
        self.doing = f"reading {', '.join(self.streamed)} at {config['bootstrap.servers']}"
        self.rules = Rules(
            settings.stream_window_seconds,
            settings.stream_lateness_seconds,
            settings.stream_lead_seconds,
            settings.stream_kept_days,
            settings.stream_ids_hours,
        )
        topic = ForgottenTopic(config, settings.forgotten_topic, ANSWER_SECONDS)
        self.forgotten = ForgottenVisitors(topic, settings.key)

    def run(self) -> None:
        """Query after query: one that could not read the bus is begun anew at the positions of the warehouse.

        Spark gives up where a broker does not answer in time, and says so in words of its own; what is wrong for good,
        our own questions to the bus tell before the next query begins. Raises what is wrong once patience ends.
        """
        waiting, failing_since = Waiting(logger, "the stream begins anew"), 0.0
        while not self.stop.is_set():
            begun, before = time.monotonic(), self.events
            try:
                self._query(self._patiently(self._begin))
                waiting.over()
                return
            except SourceFailedError as error:
                reason = error
            now = time.monotonic()
            if self.events > before or now - begun > QUIET_SECONDS or not failing_since:
                failing_since = now
            if now - failing_since > self.settings.stream_outage_seconds:
                raise reason
            waiting.because(reason)
            self.stop.wait(1.0)

    def _query(self, starting: Mapping[str, Mapping[int, int]]) -> None:
        self.ending = Event()
        for topic, each in self.streamed.items():
            partitions = len(starting[topic])
            logger.info("the stream begins topic=%s partitions=%d watermark=%s", topic, partitions, each.watermark)
        with checkpoint_folder() as folder:
            query = self._start(source(self.config, starting, self.settings.stream_batch_offsets), folder)
            self._attend(query)
        logger.info("the stream has stopped events=%d", self.events)

    def _begin(self) -> dict[str, dict[int, int]]:
        """Ask the bus and the warehouse where to go on, by topic; raises what is wrong there for good."""
        window_seconds, until_readable = self.settings.stream_window_seconds, None if self.follow else self.stop
        starting = {
            topic: each.begin(self.store, window_seconds, self.skip_lost, until_readable)
            for topic, each in self.streamed.items()
        }
        self.forgotten.refresh()
        self.planned = flattened(starting)
        return starting

    def _patiently(self, work: Callable[[], Result]) -> Result:
        result: Result = while_away(self.settings.stream_outage_seconds, self.doing)(work)
        return result

    def _start(self, options: dict[str, str], folder: Path) -> StreamingQuery:
        records = self.session.readStream.format("kafka").options(**options).load()
        writer = records.writeStream.foreachBatch(partial(self._count, folder))
        writer = writer.option("checkpointLocation", str(folder))
        if self.follow:
            writer = writer.trigger(processingTime=f"{self.settings.stream_trigger_seconds} seconds")
        else:
            writer = writer.trigger(availableNow=True)
        return writer.start()

    def _attend(self, query: StreamingQuery) -> None:
        """Wait for the query's end, or end it between two batches where that is asked for."""
        try:
            while query.isActive and not self.stop.is_set():
                self.stop.wait(POLL_SECONDS)
            self.ending.set()
            with self.applying:
                pass  # the batch under way ends first; a later one finds that it is over
            query.stop()
            error: Any = query.exception()
        except Exception as problem:
            error = problem
        failure, self.failure = self.failure, None
        if (failure or error) is not None and not self.stop.is_set():
            raise failure or self._error_of(error)

    def _error_of(self, error: Exception) -> Exception:
        """A task's own error as it is; else Spark could not read the bus, which is asked next what is wrong there."""
        if isinstance(error, ConnectionError | Py4JNetworkError):
            return TerminalError("Spark's JVM is gone, and with it the stream; start it again, it goes on where it was")
        found = error if isinstance(error, MillraceError) else error_of_spark(error)
        if found is None or isinstance(error, MillraceError) or OF_PYTHON in str(error):
            return found or error
        return SourceFailedError(f"{self.doing} failed: {found}")

    def _count(self, folder: Path, records: DataFrame, batch_id: int) -> None:
        """Count one batch of Spark's; its own error is kept, since Spark would tell it as a traceback."""
        with self.applying:
            if self.ending.is_set():
                return
            try:
                self._apply(records, planned_ends(folder, batch_id))
            except Exception as error:
                self.failure = self._error_of(error)
                raise

    def _apply(self, records: DataFrame, ends: dict[Place, int]) -> None:
        asked = time.monotonic()
        unread = perhaps_unread(self.planned, ends, self.settings.stream_batch_offsets)
        moved = {place[0] for place, end in ends.items() if end > self.planned.get(place, 0)}
        self.planned = ends
        self._patiently(self.forgotten.refresh)
        told = [each for topic, each in self.streamed.items() if topic in moved]
        main = next((each for each in told if each.feed.is_main), None)
        others = [each for each in told if not each.feed.is_main]
        rows = COUNTED_ROW.empty_table() if main is None else self._main_rows(records, main)
        of_feeds = self._feed_rows(records, others) if others else FEED_ROW.empty_table()
        for each in told:
            self._patiently(partial(each.confirm, asked))
        if not rows.num_rows and not of_feeds.num_rows:
            return
        now, idle_seconds = int(time.time()), self.settings.stream_idle_seconds
        batch = Batch.of(main.topic if main else "", main.topic_id if main else "", rows, self.rules, now)
        read = {**reads_of_topics(of_feeds, now, self.rules.lead_seconds), batch.topic: batch.read}
        # As of the batch's beginning: while it waited for a server, no partition was listened to.
        clocks = {
            each.topic: each.heard(read[each.topic], asked, idle_seconds, unread) for each in told if each.topic in read
        }
        parts = [each.part(read[each.topic], clocks[each.topic]) for each in others if each.topic in read]
        watermark = clocks[main.topic].watermark if main else None
        number = self.store.apply(batch, watermark, FeedBatch(of_feeds, parts))
        for topic, found in clocks.items():
            self.streamed[topic].clocks = found
        self.applied_at = time.monotonic()
        self.counted()
        self._tell(number, rows.num_rows + of_feeds.num_rows, self.applied_at - asked)

    def _main_rows(self, records: DataFrame, main: StreamedFeed) -> pa.Table:
        """Records of the main feed in the columns of COUNTED_ROW."""
        own = records.where(F.col("topic") == main.topic)
        raw = raw_events(own, self.forgotten.moments, self._hash_key, self.shop_domains)
        kept_from = self.store.transaction(facts_kept_from)
        validated = validate(parse(raw, self.settings.business_time_zone), kept_from)
        return counted_rows(validated, self.shop_domains).toArrow()

    def _feed_rows(self, records: DataFrame, others: Sequence[StreamedFeed]) -> pa.Table:
        """Records of the other feeds in the columns of FEED_ROW."""
        moments = self.forgotten.moments
        readers = {
            each.topic: FeedReader(each.feed, replace(moments, owner=each.feed.person_of), self._hash_key)
            for each in others
        }
        return feed_rows(records, readers, self.session.sparkContext.defaultParallelism).toArrow()

    @property
    def _hash_key(self) -> bytes:
        return self.settings.visitor_hash_key.get_secret_value().encode()

    def _tell(self, number: int, rows: int, seconds: float) -> None:
        self.events += rows
        logger.debug("batch=%d rows=%d seconds=%.2f", number, rows, seconds)
        if self.applied_at - self.told_at >= REPORT_SECONDS:
            self.told_at = self.applied_at
            watermarks = ",".join(f"{each.feed.name}:{each.watermark}" for each in self.streamed.values())
            logger.info("counted batch=%d events=%d watermarks=%s", number, self.events, watermarks)
