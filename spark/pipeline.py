"""The steps of the ETL, in the order of the data: ranges, read, classify, stage, publish."""

import argparse
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Row, SparkSession

from config.command_line import run_command
from config.errors import MillraceError, UnavailableError
from spark import members
from spark.enrichment.settings import EnrichmentSettings
from spark.ledger import Ledger
from spark.load import PartitionCounts, RunFigures, StagingLostError, make_partitions, publish
from spark.ranges import OffsetRange, TopicPartition, new_ranges, offsets_in, split
from spark.raw_store import RawStore
from spark.reader import read_events
from spark.rejected import rejected_events
from spark.session import spark_session
from spark.settings import EtlSettings
from spark.staging import stage
from spark.summary import print_summary
from spark.task_errors import error_of_task
from spark.transforms import DUPLICATE, OTHER_KIND, UNIQUE, classify, outcomes, parse, validate
from spark.warehouse import WarehouseLogin

logger = logging.getLogger(__name__)

# Copies that run beside each other: the small ones fill the cores that a large one's last task leaves idle.
CONCURRENT_COPIES = 3
STAGING_ATTEMPTS = 3


@dataclass
class Run:
    """One run under way, what it reads with, and what each phase costs."""

    run_id: int
    ranges: list[OffsetRange]
    store: RawStore
    login: WarehouseLogin
    settings: EtlSettings
    shop_domains: tuple[str, ...]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a step; a step done twice adds up."""
        started = time.monotonic()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started
        logger.info("phase done run=%d phase=%s seconds=%.1f", self.run_id, name, self.seconds[name])


def main(arguments: list[str] | None = None) -> int:
    """The command line: exit status 0 once everything that had landed at the start is loaded."""
    parser = argparse.ArgumentParser(prog="etl", description="Load what has landed into the star schema.")
    parser.add_argument("--wait", action="store_true", help="wait for a run that is under way instead of leaving")
    return run_command(parser, run_etl, arguments)


def run_etl(options: argparse.Namespace) -> None:
    """Load in runs of bounded size until the warehouse has reached what had landed at the start."""
    settings = EtlSettings.load()
    shop_domains = EnrichmentSettings.load().shop_domain_names
    store, login = RawStore.of(settings), WarehouseLogin.of(settings)
    with Ledger(login, options.wait) as ledger:
        landed = store.landed()
        ranges = new_ranges(ledger.watermarks(), landed, settings.etl_run_offsets)
        if not ranges:
            logger.info("nothing has landed since the last run partitions=%d", len(landed))
            return
        started = time.monotonic()
        with spark_session(settings.spark_driver_memory, offsets_in(ranges)) as session:
            logger.info("Spark started master=%s seconds=%.1f", session.sparkContext.master, time.monotonic() - started)
            while ranges:
                run = Run(ledger.start_run(), ranges, store, login, settings, shop_domains)
                _load(run, session, ledger)
                ranges = new_ranges(ledger.watermarks(), landed, settings.etl_run_offsets)


def _load(run: Run, session: SparkSession, ledger: Ledger) -> None:
    logger.info("run started run=%d partitions=%d offsets=%d", run.run_id, len(run.ranges), offsets_in(run.ranges))
    try:
        _read_stage_publish(run, session, ledger)
    except MillraceError as error:
        ledger.fail_run(run.run_id, str(error))
        raise
    except (PySparkException, Py4JError, ConnectionError) as error:
        reason = error_of_task(error)
        ledger.fail_run(run.run_id, str(reason))
        raise reason from error
    print_summary(run.run_id, ledger.counts(run.run_id), run.seconds)


def _read_stage_publish(run: Run, session: SparkSession, ledger: Ledger) -> None:
    pieces = split(run.ranges, run.settings.etl_range_offsets)
    hash_key = run.settings.visitor_hash_key.get_secret_value().encode()
    events = read_events(session, run.store, pieces, hash_key)
    classified = classify(validate(parse(events, run.settings.business_time_zone)))
    classified.persist(StorageLevel.DISK_ONLY)
    with run.phase("read and classify"):
        figures = count(run.ranges, outcomes(classified).collect())
    for attempt in range(1, STAGING_ATTEMPTS + 1):
        with run.phase("stage"):
            figures.staged = _stage(run, classified)
        try:
            with run.phase("load"):
                ledger.transaction(make_partitions)
                ledger.transaction(lambda connection: publish(connection, run.run_id, figures))
            break
        except StagingLostError as error:
            if attempt == STAGING_ATTEMPTS:
                raise UnavailableError(f"PostgreSQL lost what was staged {attempt} times: {error}") from error
            logger.warning("%s; staging again run=%d", error, run.run_id)
            ledger.empty_staging()
    classified.unpersist()


def count(ranges: list[OffsetRange], rows: list[Row]) -> RunFigures:
    """The figures of the run from the rows of `outcomes`, for each of its ranges."""
    partitions = {TopicPartition(piece.topic, piece.partition): PartitionCounts(*piece) for piece in ranges}
    kinds: dict[tuple[str, int, str], int] = {}
    for topic, partition, kind, outcome, events in rows:
        counts = partitions[TopicPartition(topic, partition)]
        counts.landed += events
        counts.other_kinds += events if outcome == OTHER_KIND else 0
        counts.views += events if outcome != OTHER_KIND else 0
        counts.repeated += events if outcome == DUPLICATE else 0
        kinds[topic, partition, kind] = kinds.get((topic, partition, kind), 0) + events
    named = ("bus_topic", "bus_partition", "kind", "events")
    return RunFigures(partitions, [dict(zip(named, (*key, n), strict=True)) for key, n in sorted(kinds.items())])


def _stage(run: Run, classified: DataFrame) -> dict[str, int]:
    """Copy views, members and rejected events; rows by staging table."""
    views = classified.where(classified["outcome"] == UNIQUE)
    frames: dict[str, Callable[[], DataFrame]] = {
        "product_view": lambda: members.staged_views(views),
        "device": lambda: members.devices(views),
        "referrer": lambda: members.referrers(views, run.shop_domains),
        "user_agent": lambda: members.user_agents(views),
        "product": lambda: members.products(views),
        "store": lambda: members.stores(views, run.shop_domains),
        "rejected_event": lambda: rejected_events(classified, run.store),
    }

    def copy(table: str) -> int:
        started = time.monotonic()
        rows = stage(frames[table](), run.login, run.run_id, table)
        logger.info("staged run=%d table=%s rows=%d seconds=%.1f", run.run_id, table, rows, time.monotonic() - started)
        return rows

    with ThreadPoolExecutor(CONCURRENT_COPIES) as pool:
        return dict(zip(frames, pool.map(copy, frames), strict=True))
