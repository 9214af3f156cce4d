"""The steps of the ETL, in the order of the data: ranges, read, classify, stage, publish."""

import argparse
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TypeVar

import psycopg
from pyspark.sql import DataFrame, SparkSession

from config.errors import MillraceError, RefusedDataError, UnavailableError, UnderWayError
from config.signs_of_life import working
from spark.alert import AlertSettings, FailureAlert
from spark.broken_rules import broken_rules
from spark.definitions import ALL, VISITOR_KEY, Definitions
from spark.devices import hash_devices
from spark.enrichment.settings import EnrichmentSettings
from spark.ledger import Ledger
from spark.load import (
    NO_LOOPS,
    SESSION,
    PartitionCounts,
    RunFigures,
    StagingLostError,
    check_staging,
    count_staged,
    load_staged,
    make_partitions,
    publish,
    stage_members,
    tell_members,
)
from spark.marts import apply_changed_files, refresh_marts
from spark.members import describe_members
from spark.product_pages import ProductDescription
from spark.quality import Check, QualityError, keep_results, read_checks
from spark.ranges import OffsetRange, Portion, TopicPartition, new_ranges, offsets_in, portions, tasks
from spark.raw_store import RawStore
from spark.reader import EventReader
from spark.refused import Load, any_refused_lines, reject_refused_events, reject_refused_lines
from spark.rejected import Originals, expire_rejected_events
from spark.retained import (
    facts_kept_from,
    refuse_absent,
    refuse_lost_days,
    refuse_lost_events,
    refuse_unread,
    refuse_unstaged,
    without_lost,
)
from spark.schemas import UNKNOWN_KIND
from spark.scope import DAYS, FULL_REFRESH, INCREMENTAL, REJECTED_EVENTS, Scope
from spark.session import spark_session
from spark.settings import EtlSettings
from spark.stage import stage
from spark.stored_texts import scrub_stored_texts
from spark.summary import print_summary
from spark.task_errors import error_of_spark
from spark.transforms import parse, validate
from spark.warehouse import WarehouseLogin
from spark.zones import refuse_zone_of_java

logger = logging.getLogger(__name__)

STAGING_ATTEMPTS = 3
Result = TypeVar("Result")


@dataclass
class Run:
    """One run under way, what it reads with, and what each phase costs."""

    run_id: int
    scope: Scope
    ranges: list[OffsetRange]
    portions: list[Portion]
    store: RawStore
    login: WarehouseLogin
    settings: EtlSettings
    description: ProductDescription
    definitions: Definitions
    checks: list[Check]
    kept_from: date | None
    topic_ids: Mapping[str, str]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def hash_key(self) -> bytes:
        """The key of visitors."""
        return self.settings.visitor_hash_key.get_secret_value().encode()

    @property
    def originals(self) -> Originals:
        """What rejected events leave."""
        return Originals(self.store, self.hash_key)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a step; a step done twice adds up."""
        started = time.monotonic()
        with working(f"run {self.run_id}: {name}"):
            yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started
        logger.info("phase done run=%d phase=%s seconds=%.1f", self.run_id, name, self.seconds[name])


def run_etl(options: argparse.Namespace) -> None:
    """Load, and alert once if that fails; a run under way is no failure of this one."""
    scope = Scope.of(options)
    with FailureAlert(AlertSettings.load(), silent=UnderWayError) as alert:
        load(scope, options.wait, alert)


def load(scope: Scope, wait: bool, alert: FailureAlert) -> None:
    """Load, then refresh the marts."""
    settings = EtlSettings.load()
    store, login = RawStore.of(settings), WarehouseLogin.of(settings)
    enrichment = EnrichmentSettings.load()
    definitions, description = Definitions.of(settings, enrichment), ProductDescription.of(enrichment)
    with Ledger(login, wait) as ledger:
        apply_changed_files(ledger, settings.etl_outage_seconds)
        ledger.transaction(partial(definitions.refuse_others, among=ALL - scope.redefined))
        ledger.transaction(partial(hash_devices, key=settings.visitor_hash_key.get_secret_value().encode()))
        if scope.mode in (DAYS, FULL_REFRESH):
            ledger.transaction(partial(refuse_lost_days, from_date=scope.from_date))
            if scope.mode == FULL_REFRESH:  # a run that reads less proves only that what it takes out is there
                ledger.transaction(partial(refuse_lost_events, store=store))
            with working("looking for the raw events of what is loaded again"):
                ledger.transaction(partial(refuse_absent, store=store, scope=scope))
        ledger.transaction(partial(scrub_stored_texts, description=description))
        ledger.transaction(partial(expire_rejected_events, days=settings.rejected_event_days))
        _load_landed(scope, ledger, store, login, settings, alert)
        if settings.etl_refresh_marts:
            refresh_marts(ledger)


def _load_landed(
    scope: Scope,
    ledger: Ledger,
    store: RawStore,
    login: WarehouseLogin,
    settings: EtlSettings,
    alert: FailureAlert,
) -> None:
    """Load in runs of bounded size until the warehouse has reached what had landed at the start; or load again."""
    landed = store.landed()
    ledger.refuse_other_topics(landed.topic_ids)
    ranges = _ranges(scope, ledger, landed.next_offsets, settings)
    if not ranges:
        logger.info("there is nothing to load mode=%s partitions=%d", scope.mode, len(landed.next_offsets))
        return
    logger.info("starting Spark offsets=%d", offsets_in(ranges))
    started = time.monotonic()
    with spark_session(settings.spark_driver_memory, offsets_in(ranges)) as session:
        logger.info("Spark started master=%s seconds=%.1f", session.sparkContext.master, time.monotonic() - started)
        refuse_zone_of_java(session, settings.business_time_zone)
        while ranges:
            run = _start(scope, ledger, ranges, store, login, settings, landed.topic_ids)
            alert.run_id = run.run_id
            _load(run, session, ledger)
            alert.run_id = None
            ranges = [] if scope.loads_again else _ranges(scope, ledger, landed.next_offsets, settings)


def _ranges(
    scope: Scope, ledger: Ledger, landed: Mapping[TopicPartition, int], settings: EtlSettings
) -> list[OffsetRange]:
    """The offsets that the run answers for: what is new, else all that is loaded."""
    watermarks = ledger.watermarks()
    if not scope.loads_again:
        return new_ranges(watermarks, landed, settings.etl_run_offsets)
    return [OffsetRange(*place, 0, next_offset) for place, next_offset in sorted(watermarks.items()) if next_offset]


def _start(
    scope: Scope,
    ledger: Ledger,
    ranges: list[OffsetRange],
    store: RawStore,
    login: WarehouseLogin,
    settings: EtlSettings,
    topic_ids: Mapping[str, str],
) -> Run:
    """Open a run and say which portions it reads."""
    size = settings.etl_range_offsets
    if scope.mode == INCREMENTAL:
        wanted = portions(ranges, size)
    elif scope.mode == REJECTED_EVENTS:
        wanted = without_lost(ledger.rejected_positions(scope.rule), store)
    else:
        wanted = [part for run_id, loaded in ledger.loaded_ranges() for part in portions([loaded], size, run_id)]
    enrichment = EnrichmentSettings.load()
    description, checks = ProductDescription.of(enrichment), read_checks()
    definitions = Definitions.of(settings, enrichment)
    kept_from = ledger.transaction(facts_kept_from)
    run_id = ledger.start_run(scope)
    return Run(
        run_id, scope, ranges, wanted, store, login, settings, description, definitions, checks, kept_from, topic_ids
    )


def _load(run: Run, session: SparkSession, ledger: Ledger) -> None:
    read = sum(len(portion.offsets) for portion in run.portions)
    logger.info(
        "run started run=%d mode=%s partitions=%d offsets=%d", run.run_id, run.scope.mode, len(run.ranges), read
    )
    try:
        _read_stage_publish(run, session, ledger)
    except QualityError as refused:
        ledger.fail_run(run.run_id, str(refused))
        ledger.transaction(partial(keep_results, results=refused.results))
        raise
    except MillraceError as error:
        ledger.fail_run(run.run_id, str(error))
        raise
    except Exception as error:
        reason = error_of_spark(error)
        if reason is None:
            raise
        ledger.fail_run(run.run_id, str(reason))
        raise reason from error
    rejected = ledger.transaction(partial(broken_rules, run_id=run.run_id))
    print_summary(run.run_id, ledger.counts(run.run_id), rejected, run.seconds)


def _read_stage_publish(run: Run, session: SparkSession, ledger: Ledger) -> None:
    for attempt in range(1, STAGING_ATTEMPTS + 1):
        try:
            figures = _stage(run, session, ledger)
            with run.phase("load"):
                ledger.transaction(make_partitions)
                _publish(run, ledger, figures)
            return
        except StagingLostError as error:
            if attempt == STAGING_ATTEMPTS:
                raise UnavailableError(f"PostgreSQL lost what was staged {attempt} times: {error}") from error
            logger.warning("%s; staging again run=%d", error, run.run_id)
            ledger.empty_staging()


def _stage(run: Run, session: SparkSession, ledger: Ledger) -> RunFigures:
    """Read all events into staging, and what the dimensions need of them; the figures of the run."""
    with run.phase("read and stage"):
        staged = stage(_validated(run, session), run.login, run.run_id, run.originals, run.scope.days)
    if run.scope.mode == REJECTED_EVENTS:
        refuse_unread(run.portions, staged.kinds)
    figures = count(run.scope, run.ranges, staged.kinds)
    figures.topic_ids, figures.staged = run.topic_ids, staged.rows
    figures.judged = run.portions if run.scope.mode == REJECTED_EVENTS else []
    with run.phase("describe members"):
        _reject_refused_lines(run, ledger, figures)
        _stage_members(run, ledger, figures)
        described = describe_members(session, run.login, run.run_id, run.description.rules, figures.staged["event"])
        figures.staged["product"] += described.pop("product")
        figures.staged |= described
        _reject_refused_lines(run, ledger, figures)
    logger.info("staged run=%d %s", run.run_id, " ".join(f"{table}={rows}" for table, rows in figures.staged.items()))
    return figures


def _reject_refused_lines(run: Run, ledger: Ledger, figures: RunFigures) -> None:
    if ledger.transaction(any_refused_lines):
        _reject(ledger, figures, partial(reject_refused_lines, originals=run.originals))


def _reject(ledger: Ledger, figures: RunFigures, reject: Callable[[psycopg.Connection], int]) -> None:
    """Reject events and count what is left in one transaction: rows that a crash took are never counted as rejected."""

    def work(connection: psycopg.Connection) -> dict[str, int]:
        check_staging(connection, figures.staged)
        reject(connection)
        return count_staged(connection, *figures.staged)

    figures.staged = ledger.transaction(work)


def _stage_members(run: Run, ledger: Ledger, figures: RunFigures) -> None:
    def work(connection: psycopg.Connection) -> dict[str, int]:
        return stage_members(connection, run.run_id, figures.staged)

    figures.staged = _without_refused(run, ledger, figures, work, tell_members)


def _publish(run: Run, ledger: Ledger, figures: RunFigures) -> None:
    def prove(connection: psycopg.Connection) -> None:
        check_staging(connection, figures.staged)
        connection.execute(SESSION)
        connection.execute(NO_LOOPS)  # statistics may not know the days yet that are compared with what is staged
        refuse_unstaged(connection, run.store, run.scope)

    def work(connection: psycopg.Connection) -> None:
        if run.definitions.is_other(connection, VISITOR_KEY):
            hash_devices(connection, run.hash_key, anew=True)
        run.definitions.keep(connection, run.run_id, replaces=run.scope.mode == FULL_REFRESH)
        publish(connection, run.run_id, run.scope, figures, run.checks, run.description)

    def trial(connection: psycopg.Connection) -> object:
        return load_staged(connection, run.run_id, run.scope, figures, run.description)

    if run.scope.mode in (DAYS, FULL_REFRESH):
        ledger.transaction(prove)
    _without_refused(run, ledger, figures, work, trial)


def _without_refused(
    run: Run, ledger: Ledger, figures: RunFigures, work: Callable[[psycopg.Connection], Result], trial: Load
) -> Result:
    """Do the work in a transaction; where the database refuses events, reject those that `trial` shows, and again."""
    try:
        return ledger.transaction(work)
    except RefusedDataError as refusal:
        _reject(ledger, figures, partial(reject_refused_events, load=trial, refusal=refusal, originals=run.originals))
        return ledger.transaction(work)


def _validated(run: Run, session: SparkSession) -> DataFrame:
    """The run's events, each with the rule that it breaks."""
    settings, shop_domains = run.settings, run.description.rules.shop_domains
    reader = EventReader(run.store, run.hash_key, run.scope.window(settings.business_time_zone), shop_domains)
    events = reader.frame(session, tasks(run.portions, settings.etl_range_offsets))
    return validate(parse(events, settings.business_time_zone), run.kept_from)


def count(scope: Scope, ranges: list[OffsetRange], kinds: Mapping[tuple[str, int, str], int]) -> RunFigures:
    """The figures of the run from the events read, by topic, partition and kind, for each of its ranges.

    Days and rejected events were counted before: they change no count of what has landed.
    """
    partitions = {TopicPartition(piece.topic, piece.partition): PartitionCounts(*piece) for piece in ranges}
    figures = RunFigures(partitions)
    if scope.mode in (DAYS, REJECTED_EVENTS):
        return figures
    for (topic, partition, kind), events in kinds.items():
        counts = partitions[TopicPartition(topic, partition)]
        counts.landed += events
        counts.other_kinds += events if kind == UNKNOWN_KIND else 0
        counts.events += events if kind != UNKNOWN_KIND else 0
        figures.kinds[topic, partition, kind] = events
    return figures
