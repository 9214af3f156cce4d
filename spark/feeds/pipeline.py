"""The steps of loading feeds, in the order of the data: which feeds, what is new of each, runs of bounded size."""

import argparse
import logging
from collections.abc import Mapping
from functools import partial

from rich.table import Table

from config.console import result_console
from config.errors import ConfigurationError, TerminalError, UnderWayError
from config.signs_of_life import working
from kafka.feeds.declaration import ALL, chosen_feeds, feeds_beside_main
from kafka.feeds.feed import Feed
from migrations.feed_facts import FEED_TABLES
from spark.alert import AlertSettings, FailureAlert
from spark.definitions import TIME_ZONE, VISITOR_KEY, Definitions, check_value
from spark.enrichment.settings import EnrichmentSettings
from spark.feeds.definitions import expire_rejections, refuse_lost_events, refuse_other_topics, refuse_others, take_out
from spark.feeds.load import Counts, FeedLoad, watermarks
from spark.ledger import Ledger
from spark.marts import apply_changed_files
from spark.product_pages import ProductDescription
from spark.ranges import new_ranges
from spark.raw_store import RawStore
from spark.settings import EtlSettings
from spark.stored_texts import scrub_stored_texts
from spark.warehouse import WarehouseLogin

logger = logging.getLogger(__name__)

RUN_OFFSETS = 200_000
"""Offsets that a transaction takes at most, and what is read again after a kill: less than a minute on two cores."""


def run_feeds(options: argparse.Namespace) -> None:
    """Load the feeds of the options, and alert once if that fails; a run under way is no failure of this one."""
    if options.from_date or options.to_date or options.replay_rejected or options.rule or options.from_now_on:
        raise ConfigurationError("--feeds", "goes with --wait and --full-refresh alone")
    feeds = loadable_feeds(options.feeds)
    with FailureAlert(AlertSettings.load(), silent=UnderWayError):
        load_feeds(feeds, options.wait, options.full_refresh)


def loadable_feeds(names: str) -> list[Feed]:
    """The feeds that `names` choose, in the order of `FEED_TABLES`; `all` are those that have a table.

    Raises ConfigurationError for one that has none, and for the main feed.
    """
    feeds = {feed.name: feed for feed in (feeds_beside_main() if names.strip() == ALL else chosen_feeds(names))}
    for feed in feeds.values():
        if feed.is_main:
            raise ConfigurationError("--feeds", f"{feed.name} is the main feed, which etl without --feeds loads")
        if feed.name not in FEED_TABLES and names.strip() != ALL:
            raise ConfigurationError(
                "--feeds", f"{feed.name} has no table in the warehouse; there are {', '.join(FEED_TABLES)}"
            )
    return [feeds[name] for name in FEED_TABLES if name in feeds]


def load_feeds(feeds: list[Feed], wait: bool, again: bool) -> None:
    """Load what has landed, of every feed that can be; raises TerminalError naming each that could not."""
    settings = EtlSettings.load()
    enrichment = EnrichmentSettings.load()
    definitions, description = Definitions.of(settings, enrichment), ProductDescription.of(enrichment)
    done: dict[str, Counts] = {}
    failures: dict[str, str] = {}
    with Ledger(WarehouseLogin.of(settings), wait) as ledger:
        apply_changed_files(ledger, settings.etl_outage_seconds)
        ledger.transaction(partial(definitions.refuse_others, among={TIME_ZONE, VISITOR_KEY}))
        _prepare(ledger, feeds, settings, again)
        ledger.transaction(partial(scrub_stored_texts, description=description))
        ledger.transaction(partial(expire_rejections, days=settings.rejected_event_days))
        for feed in feeds:
            try:
                done[feed.name] = _load_landed(ledger, feed, settings)
            except TerminalError as error:
                logger.error("a feed was not loaded; the others go on feed=%s reason=%s", feed.name, error)
                failures[feed.name] = str(error)
    _print(done)
    if failures:
        told = "; ".join(f"{name}: {problem}" for name, problem in failures.items())
        raise TerminalError(f"{len(failures)} of {len(feeds)} feeds were not loaded: {told}")


def _prepare(ledger: Ledger, feeds: list[Feed], settings: EtlSettings, again: bool) -> None:
    """Refuse what would mix two meanings, or take out what is to be loaded again."""
    if not again:
        ledger.transaction(partial(refuse_others, settings=settings))
        return
    for feed in feeds:
        ledger.transaction(partial(refuse_lost_events, feed=feed.name, store=_store(settings, feed)))
    ledger.transaction(partial(take_out, feeds=[feed.name for feed in feeds], settings=settings))


def _load_landed(ledger: Ledger, feed: Feed, settings: EtlSettings) -> Counts:
    """Load until the warehouse has reached what had landed at the start."""
    store = _store(settings, feed)
    landed = store.landed()
    ledger.transaction(partial(refuse_other_topics, landed_ids=landed.topic_ids))
    visitor_key = check_value(settings.visitor_hash_key.get_secret_value())
    counts = Counts()
    while ranges := new_ranges(ledger.transaction(watermarks), landed.next_offsets, RUN_OFFSETS):
        load = FeedLoad(feed, store, settings, visitor_key, ranges, landed.topic_ids)
        with working(f"loading {feed.name}"):
            loaded = ledger.transaction(load.run)
        logger.info("run done feed=%s landed=%d loaded=%d", feed.name, loaded.landed, loaded.loaded)
        counts += loaded
    return counts


def _store(settings: EtlSettings, feed: Feed) -> RawStore:
    return RawStore.of(settings.model_copy(update={"mongo_collection": feed.collection}))


def _print(done: Mapping[str, Counts]) -> None:
    """Print what became of the events: landed = loaded + duplicates + rejected + empty."""
    names = ("landed", "loaded", "duplicates", "rejected", "empty")
    table = Table("feed", box=None, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right")
    for feed, counts in done.items():
        table.add_row(feed, *(f"{getattr(counts, name):,}" for name in names))
    result_console().print(table)
