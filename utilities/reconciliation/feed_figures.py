"""The counts of the feeds beside the main one, from the bus to their stores, and the identities between them.

    records on the bus, as far as landed  = landed + removed by retention + dead-lettered by the landing
    records on the bus, as far as indexed = indexed + dead-lettered by the indexer
    landed and removed, as far as loaded  = loaded + duplicates + rejected + empty
    loaded, says the ledger               = rows of the feed's table
    rejected, says the ledger             = rows of etl.rejected_feed_event

The last three of a feed that the ETL has loaded (./millrace etl --feeds). For every partition, as of the main feed: a
stage is asked how far it has come before the bus is counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pymongo.errors import PyMongoError

from config.errors import AccessError
from config.operator_logins import OperatorKafkaSettings, OperatorMongoSettings, SearchReaderSettings
from kafka.client import MissingTopicError
from kafka.dead_letters.index import DeadLetterIndex
from kafka.feeds.declaration import feeds_beside_main
from kafka.feeds.feed import Feed
from kafka.position import BusPosition
from kafka.sinks.sink import StoreMark
from kafka.topics import topic_identity
from migrations.feed_facts import FEED_TABLES
from utilities.lineage.search_documents import indexed_among
from utilities.reconciliation.bus_records import PartitionRecords, read_records
from utilities.reconciliation.feed_ledger import FeedLedger
from utilities.reconciliation.identities import Identity
from utilities.reconciliation.search_figures import all_indexed_marks, count_indexed
from utilities.reconciliation.warehouse_figures import Removed
from utilities.stores.raw_store import RawStore, raw_store_error

LANDING, INDEXER = "landing", "indexer"
TopicPartition = tuple[str, int]


@dataclass(frozen=True)
class FeedPartition:
    """Counts of one partition of a feed, each taken below the offset that the counted stage had reached."""

    feed: str
    bus: int
    bus_landed: int
    landed: int
    dead_landing: int
    bus_indexed: int
    indexed: int
    dead_indexer: int
    landed_loaded: int = 0
    raw_removed: int = 0
    ledger: FeedLedger | None = None

    @property
    def is_loadable(self) -> bool:
        """Whether the warehouse has a table for the feed."""
        return self.feed in FEED_TABLES


@dataclass(frozen=True)
class FeedFigures:
    """By topic and partition; `skipped` and `strangers` are as in the main feed's `Figures`."""

    partitions: Mapping[TopicPartition, FeedPartition] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    strangers: Sequence[str] = ()


@dataclass(frozen=True)
class _Stores:
    """What both stores know of one feed, asked before its topic is read."""

    landing: Mapping[int, StoreMark]
    landed: Mapping[int, int]
    indexer: Mapping[int, StoreMark]
    indexed: Mapping[int, int]
    ledger: Mapping[int, FeedLedger]
    loaded: Mapping[int, int]


def feed_identities(figures: FeedPartition) -> Iterator[Identity]:
    """Those of one partition."""
    removed = {"removed": figures.raw_removed} if figures.raw_removed else {}
    landed = {"landed": figures.landed, "dead-lettered": figures.dead_landing, **removed}
    indexed = {"indexed": figures.indexed, "dead-lettered": figures.dead_indexer}
    yield Identity(f"{figures.feed} landed", "bus", figures.bus_landed, landed)
    yield Identity(f"{figures.feed} indexed", "bus", figures.bus_indexed, indexed)
    if (ledger := figures.ledger) is not None:
        became = {"loaded": ledger.loaded, "duplicates": ledger.duplicates, "rejected": ledger.rejected}
        empty = {"empty": ledger.empty} if ledger.empty else {}
        landed_and_removed = figures.landed_loaded + figures.raw_removed
        left_name = "landed and removed" if removed else "landed"
        yield Identity(f"{figures.feed} loaded", left_name, landed_and_removed, {**became, **empty})
        rows = {f"{FEED_TABLES[figures.feed].name} rows": ledger.rows}
        yield Identity(f"{figures.feed} facts", "loaded", ledger.loaded, rows)
        rejected = {"rejected_feed_event rows": ledger.rejected_rows}
        yield Identity(f"{figures.feed} rejected", "rejected", ledger.rejected, rejected)


def collect_feed_figures(
    local: OperatorKafkaSettings,
    search: SearchReaderSettings,
    removed: Mapping[TopicPartition, Removed],
    ledger: Mapping[TopicPartition, FeedLedger],
) -> FeedFigures:
    """Count every declared feed that has a topic; raises one clear error for the first server that refuses or is away.

    `removed` says which records an erasure has counted and deleted from the bus, `ledger` what the ETL has loaded.

    A feed that was never landed nor indexed and whose topic may not be read or is not there counts as not made yet.
    """
    feeds = feeds_beside_main()
    marks = all_indexed_marks(search) if feeds else {}
    partitions: dict[TopicPartition, FeedPartition] = {}
    strangers: list[str] = []
    skipped = {LANDING: 0, INDEXER: 0}
    for feed in feeds:
        of_index = {partition: mark for (topic, partition), mark in marks.items() if topic == feed.topic}
        with _raw_store(feed) as store:
            try:
                of_feed = {partition: entry for (topic, partition), entry in ledger.items() if topic == feed.topic}
                kept_from = {place: gone.raw_kept_from for place, gone in removed.items()}
                stores = _asked(feed, store, search, of_index, of_feed, kept_from)
                counted = _counted(feed, store, local, search, stores, removed)
            except PyMongoError as error:
                raise raw_store_error(store.address, error) from error
        partitions |= {(feed.topic, partition): figures for partition, figures in counted.items()}
        strangers += _strangers(feed, local, stores) if counted else []
        skipped[LANDING] += sum(mark.skipped for mark in stores.landing.values())
        skipped[INDEXER] += sum(mark.skipped for mark in stores.indexer.values())
    return FeedFigures(partitions, skipped, strangers)


def _raw_store(feed: Feed) -> RawStore:
    return RawStore(OperatorMongoSettings.load(mongo_collection=feed.collection))


def _asked(
    feed: Feed,
    store: RawStore,
    search: SearchReaderSettings,
    of_index: Mapping[int, StoreMark],
    ledger: Mapping[int, FeedLedger],
    kept_from: Mapping[TopicPartition, int],
) -> _Stores:
    def count(until: Mapping[int, int]) -> dict[int, int]:
        """As in the main feed's, what retention has yet to delete counts in the ledger alone."""
        since = {partition: kept_from.get((feed.topic, partition), 0) for partition in until}
        return {
            partition: store.count(feed.topic, partition, end, since[partition]) for partition, end in until.items()
        }

    landing = {partition: mark for (topic, partition), mark in store.marks().items() if topic == feed.topic}
    landed = count({partition: mark.next_offset for partition, mark in landing.items()})
    until = {(feed.topic, partition): mark.next_offset for partition, mark in of_index.items()}
    counted = count_indexed(search, until, feed.index) if until else {}
    indexed = {partition: count for (_, partition), count in counted.items()}
    loaded = count({partition: entry.next_offset for partition, entry in ledger.items()})
    return _Stores(landing, landed, of_index, indexed, ledger, loaded)


def _counted(
    feed: Feed,
    store: RawStore,
    local: OperatorKafkaSettings,
    search: SearchReaderSettings,
    stores: _Stores,
    removed: Mapping[TopicPartition, Removed],
) -> dict[int, FeedPartition]:
    client = local.client()
    try:
        letters = DeadLetterIndex.read(client, feed.dead_letter_topic)
        on_bus = read_records(client, feed.topic)
    except (MissingTopicError, AccessError):
        if stores.landing or stores.indexer:
            raise
        return {}
    dead_landing = letters.positions(LANDING, feed.topic)
    dead_landing -= store.stored_among(dead_landing)
    dead_indexer = letters.positions(INDEXER, feed.topic)
    dead_indexer -= indexed_among(search, dead_indexer, feed.index) if dead_indexer else set()
    found = {}
    for partition in sorted(on_bus.keys() | stores.landing.keys() | stores.indexer.keys() | stores.ledger.keys()):
        records = on_bus.get(partition, PartitionRecords())
        landed_to, indexed_to = _next(stores.landing, partition), _next(stores.indexer, partition)
        gone = removed.get((feed.topic, partition), Removed())
        deleted = gone.bus - records.below(gone.bus_kept_from)
        found[partition] = FeedPartition(
            feed=feed.name,
            bus=len(records.offsets) + deleted,
            bus_landed=records.below(landed_to) + deleted,
            landed=stores.landed.get(partition, 0),
            dead_landing=_below(dead_landing, partition, landed_to),
            bus_indexed=records.below(indexed_to) + deleted,
            indexed=stores.indexed.get(partition, 0),
            dead_indexer=_below(dead_indexer, partition, indexed_to),
            landed_loaded=stores.loaded.get(partition, 0),
            raw_removed=gone.raw,
            ledger=stores.ledger.get(partition),
        )
    return found


def _strangers(feed: Feed, local: OperatorKafkaSettings, stores: _Stores) -> list[str]:
    now = topic_identity(local.client(), feed.topic).topic_id
    told = []
    for stage, known in ((LANDING, stores.landing), (INDEXER, stores.indexer), ("ETL", stores.ledger)):
        if now and {each.topic_id for each in known.values()} - {"", now}:
            told.append(f"topic {feed.topic} was made anew since the {stage} worked on it: docs/bus.md")
    return told


def _next(marks: Mapping[int, StoreMark], partition: int) -> int:
    return marks[partition].next_offset if partition in marks else 0


def _below(dead: set[BusPosition], partition: int, until: int) -> int:
    return sum(position.partition == partition and position.offset < until for position in dead)
