"""The streaming job: Spark reads the bus in small batches, each is counted in one transaction of the warehouse.

    positions of live.position ──▶ Spark's source ──▶ batch ──▶ one transaction: windows, positions, watermark

Spark keeps no state and its checkpoint is thrown away: windows, known ids and positions are in the warehouse, where the
numbers are, so nothing can be older or newer than they are. Each query begins where live.position says.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock
from typing import Any

from py4j.protocol import Py4JNetworkError  # type: ignore[import-untyped]
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from config.errors import MillraceError, TerminalError, UnavailableError
from kafka.forgotten import ForgottenTopic, ForgottenVisitors, Moments
from kafka.signals import stop_on_signals
from kafka.topic_sight import TopicSightings
from kafka.waiting import Waiting
from spark.definitions import Definitions
from spark.enrichment.settings import EnrichmentSettings
from spark.live.batch import Batch, Rules
from spark.live.bus import ANSWER_SECONDS, Bus, refuse_another_topic, starting_offsets
from spark.live.planned import perhaps_unread, planned_ends
from spark.live.records import raw_events
from spark.live.rows import counted_rows
from spark.live.settings import StreamSettings
from spark.live.store import LiveStore
from spark.live.watermark import Clock, Clocks
from spark.retained import facts_kept_from
from spark.session import spark_session
from spark.task_errors import error_of_spark
from spark.transforms import parse, validate
from spark.warehouse import WarehouseLogin
from spark.zones import refuse_zone_of_java

logger = logging.getLogger(__name__)

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


def run_stream(follow: bool, skip_lost: bool, anew: bool) -> None:
    """Count until the topic's end as of the start, or with `follow` until stopped; raises a MillraceError."""
    settings, enrichment = StreamSettings.load(), EnrichmentSettings.load()
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
        with spark_session(settings.spark_driver_memory, 1, "millrace-stream", SPARK_PROPERTIES) as session:
            refuse_zone_of_java(session, settings.business_time_zone)
            Stream(settings, enrichment.shop_domain_names, store, session, stop, follow, skip_lost).run()


@dataclass
class Stream:
    """One stream under way."""

    settings: StreamSettings
    shop_domains: tuple[str, ...]
    store: LiveStore
    session: SparkSession
    stop: Event
    follow: bool
    skip_lost: bool
    clocks: Clocks = field(default_factory=lambda: Clocks({}, None))
    planned: dict[int, int] = field(default_factory=dict)
    """By partition, the offset that the next batch begins at."""
    topic_id: str = ""
    failure: Exception | None = None
    events: int = 0
    applied_at: float = 0.0
    told_at: float = field(default_factory=time.monotonic)
    applying: Lock = field(default_factory=Lock)
    ending: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        settings = self.settings
        self.bus = Bus(settings.stream_client(), settings.destination_topic)
        self.rules = Rules(
            settings.stream_window_seconds,
            settings.stream_lateness_seconds,
            settings.stream_lead_seconds,
            settings.stream_kept_days,
        )
        topic = ForgottenTopic(self.bus.config, settings.forgotten_topic, ANSWER_SECONDS)
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
                self._query(*self._patiently(self._begin))
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

    def _query(self, sightings: TopicSightings, starting: Mapping[int, int]) -> None:
        self.ending = Event()
        partitions, watermark = len(starting), self.clocks.watermark
        logger.info("the stream begins topic=%s partitions=%d watermark=%s", self.bus.topic, partitions, watermark)
        with TemporaryDirectory(prefix="millrace-stream-") as folder:
            query = self._start(sightings, self.bus.source(starting, self.settings.stream_batch_offsets), Path(folder))
            self._attend(query)
        logger.info("the stream has stopped events=%d", self.events)

    def _begin(self) -> tuple[TopicSightings, dict[int, int]]:
        """Ask the bus and the warehouse where to go on; raises what is wrong there for good."""
        sightings = self.bus.sightings()
        progress = self.store.progress(self.bus.topic, self.settings.stream_window_seconds)
        for position in progress.positions.values():
            refuse_another_topic(self.bus.topic, position.topic_id, sightings.seen)
        self.topic_id = sightings.seen.topic_id
        if not self.follow:
            self.bus.await_readable(self.stop)
        starting = starting_offsets(self.bus.topic, self.bus.ranges(), progress.positions, self.skip_lost)
        known = {partition: each.next_offset for partition, each in progress.positions.items()}
        changed = {partition: offset for partition, offset in starting.items() if known.get(partition) != offset}
        if changed:
            self.store.begin(self.bus.topic, sightings.seen.topic_id, changed)
        self.forgotten.refresh()
        now = time.monotonic()
        clocks = {each: Clock(None, now) for each in starting}
        for partition, each in progress.positions.items():
            clocks[partition] = Clock(each.reached, now - each.silent_seconds)
        self.clocks, self.planned = Clocks(clocks, progress.watermark), starting
        return sightings, starting

    def _patiently(self, work: Any) -> Any:
        retrying = Retrying(
            retry=retry_if_exception_type(UnavailableError),
            wait=wait_exponential(multiplier=0.5, max=5),
            stop=stop_after_delay(self.settings.stream_outage_seconds),
            before_sleep=lambda state: logger.warning("%s; trying again", state.outcome and state.outcome.exception()),
            reraise=True,
        )
        return retrying(work)

    def _start(self, sightings: TopicSightings, source: dict[str, str], folder: Path) -> StreamingQuery:
        records = self.session.readStream.format("kafka").options(**source).load()
        writer = records.writeStream.foreachBatch(partial(self._count, sightings, folder))
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
        return SourceFailedError(f"{self.bus.doing} failed: {found}")

    def _count(self, sightings: TopicSightings, folder: Path, records: DataFrame, batch_id: int) -> None:
        """Count one batch of Spark's; its own error is kept, since Spark would tell it as a traceback."""
        with self.applying:
            if self.ending.is_set():
                return
            try:
                self._apply(sightings, records, planned_ends(folder, batch_id))
            except Exception as error:
                self.failure = self._error_of(error)
                raise

    def _apply(self, sightings: TopicSightings, records: DataFrame, ends: dict[int, int]) -> None:
        asked = time.monotonic()
        unread = perhaps_unread(self.planned, ends, self.settings.stream_batch_offsets)
        self.planned = ends
        self._patiently(self.forgotten.refresh)
        moments: Moments = self.forgotten.moments
        hash_key = self.settings.visitor_hash_key.get_secret_value().encode()
        raw = raw_events(records, moments, hash_key, self.shop_domains)
        kept_from = self.store.transaction(facts_kept_from)
        validated = validate(parse(raw, self.settings.business_time_zone), kept_from)
        rows = counted_rows(validated, self.shop_domains).toArrow()
        sight = self._patiently(partial(sightings.confirm, asked))
        refuse_another_topic(self.bus.topic, self.topic_id, sight)
        if not rows.num_rows:
            return
        batch = Batch.of(self.bus.topic, sight.topic_id, rows, self.rules, int(time.time()))
        # As of the batch's beginning: while it waited for a server, no partition was listened to.
        clocks = self.clocks.heard(batch.reached, asked, self.settings.stream_idle_seconds, unread)
        number = self.store.apply(batch, clocks.watermark)
        self.clocks, self.applied_at = clocks, time.monotonic()
        self.events += rows.num_rows
        self._tell(number, rows.num_rows, self.applied_at - asked)

    def _tell(self, number: int, rows: int, seconds: float) -> None:
        logger.debug("batch=%d rows=%d seconds=%.2f watermark=%s", number, rows, seconds, self.clocks.watermark)
        if self.applied_at - self.told_at >= REPORT_SECONDS:
            self.told_at = self.applied_at
            logger.info("counted batch=%d events=%d watermark=%s", number, self.events, self.clocks.watermark)
