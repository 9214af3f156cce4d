"""Asking every stage for its counts: downstream first, each counted below the offset that it had reached."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from confluent_kafka.admin import AdminClient
from pymongo.errors import PyMongoError

from config.operator_logins import OperatorKafkaSettings, SearchReaderSettings, SourceReaderSettings, WarehouseSettings
from kafka.dead_letters.index import DeadLetterIndex
from kafka.dead_letters.letter import MIRROR
from kafka.log_reader import log_ranges
from kafka.mirror.offsets import MirrorOffset, Route, read_mirror_offsets
from kafka.position import BusPosition
from kafka.sinks.sink import StoreMark
from kafka.topics import cluster_id, topic_id, topic_identity
from utilities.lineage.search_documents import indexed_among
from utilities.reconciliation.bus_records import PartitionRecords, read_records
from utilities.reconciliation.feed_figures import FeedPartition, collect_feed_figures
from utilities.reconciliation.identities import StageFigures
from utilities.reconciliation.live_windows import LiveWindows
from utilities.reconciliation.search_figures import count_indexed, indexed_marks
from utilities.reconciliation.source_expiry import expired_at_source
from utilities.reconciliation.warehouse_figures import Ledger, Removed, WarehouseFigures, read_warehouse
from utilities.stores.raw_store import RawStore, raw_store_error

LANDING, INDEXER = "landing", "indexer"
NO_OFFSET = MirrorOffset(0, 0)

TopicPartition = tuple[str, int]


@dataclass(frozen=True)
class Behind:
    """How many records each stage has still to take from the stage above it."""

    mirror: int
    landing: int
    indexer: int
    etl: int

    @property
    def any(self) -> bool:
        """Whether some stage is behind."""
        return any((self.mirror, self.landing, self.indexer, self.etl))


@dataclass(frozen=True)
class Figures:
    """The counts of every partition of the main topic, and those of the facts that the warehouse built from them."""

    partitions: Mapping[TopicPartition, StageFigures]
    behind: Mapping[TopicPartition, Behind]
    compared: Sequence[tuple[str, str, int, str, int]]
    skipped: Mapping[str, int] = field(default_factory=dict)
    """By stage, offsets that it was told to pass over because they were lost before it read them."""
    strangers: Sequence[str] = ()
    """What knows another topic of the same name, a sentence each: then no count proves anything."""
    feeds: Mapping[TopicPartition, FeedPartition] = field(default_factory=dict)
    """The counts of the feeds beside the main one."""
    live: LiveWindows = field(default_factory=LiveWindows)
    """The stream's closed windows, beside the facts of the same records."""


@dataclass(frozen=True)
class _Bus:
    """Both clusters and where the mirror stands; `dead` by stage, what it has not stored since."""

    source: Mapping[int, PartitionRecords]
    local: Mapping[int, PartitionRecords]
    mirrored_before: Mapping[int, MirrorOffset]
    mirrored: Mapping[int, MirrorOffset]
    dead: Mapping[str, set[BusPosition]]
    source_id: str
    local_id: str

    def dead_below(self, stage: str, partition: int, until: int) -> int:
        """Dead letters of one stage and partition below an offset."""
        return sum(offset < until for offset in self.dead_offsets(stage, partition))

    def dead_offsets(self, stage: str, partition: int) -> Iterator[int]:
        """Where one stage has dead letters of a partition."""
        return (position.offset for position in self.dead.get(stage, ()) if position.partition == partition)


@dataclass(frozen=True)
class _Raw:
    """MongoDB by partition: how far the landing has come, its documents below that, those the ETL has read."""

    marks: Mapping[TopicPartition, StoreMark]
    landed: Mapping[TopicPartition, int]
    loaded: Mapping[TopicPartition, int]


@dataclass(frozen=True)
class _Snapshot:
    """Everything that was asked of the stages; `topic` is the one on the bus, others are its former generations."""

    topic: str
    warehouse: WarehouseFigures
    raw: _Raw
    index_marks: Mapping[int, StoreMark]
    indexed: Mapping[TopicPartition, int]
    bus: _Bus

    def partitions(self) -> list[int]:
        """Partitions that any stage knows."""
        ledger = {partition for topic, partition in self.warehouse.ledger if topic == self.topic}
        return sorted(self.bus.source.keys() | self.bus.local.keys() | ledger)

    def former(self) -> dict[TopicPartition, StageFigures]:
        """The counts of former generations of the topic, from the raw store down."""
        return {
            place: replace(self._below_the_bus(place), is_former=True)
            for place in sorted(self.raw.marks.keys() | self.warehouse.ledger.keys())
            if place[0] != self.topic
        }

    def figures(self, partition: int) -> StageFigures:
        """The counts of one partition."""
        place, bus = (self.topic, partition), self.bus
        on_bus = bus.local.get(partition, PartitionRecords())
        mirror = bus.mirrored.get(partition, NO_OFFSET)
        landing, indexer = _until(self.raw.marks.get(place)), _until(self.index_marks.get(partition))
        removed = self.warehouse.removed.get(place, Removed())
        at_source = bus.source.get(partition, PartitionRecords())
        source, truncated = at_source.below(mirror.next_offset), on_bus.below(removed.bus_kept_from)
        # Of removed records the ledger does not tell whether they were replayed or posted.
        replayed_gone = removed.bus_replayed - on_bus.not_mirrored_below(removed.bus_kept_from)
        mirrored_gone = removed.bus - truncated - replayed_gone
        return replace(
            self._below_the_bus(place),
            source=source,
            source_expired=self._expired(partition, at_source, on_bus, mirrored_gone),
            source_former=mirror.earlier + mirror.truncated,
            dead_mirror=mirror.dead,
            mirrored=mirror.records,
            mirrored_before=bus.mirrored_before.get(partition, NO_OFFSET).records,
            bus=len(on_bus.offsets) - truncated + removed.bus,
            replayed=len(on_bus.replayed) + replayed_gone,
            posted=len(on_bus.posted),
            bus_landed=on_bus.below(landing) - truncated + removed.bus,
            dead_landing=bus.dead_below(LANDING, partition, landing),
            bus_indexed=on_bus.below(indexer) - truncated + removed.bus,
            indexed=self.indexed.get(place, 0),
            dead_indexer=bus.dead_below(INDEXER, partition, indexer),
        )

    def _expired(self, partition: int, at_source: PartitionRecords, on_bus: PartitionRecords, gone: int) -> int:
        """What was taken from the present source topic and has expired there; `gone` of all copies left the bus."""
        mirror = self.bus.mirrored.get(partition, NO_OFFSET)
        dead = {offset for offset in self.bus.dead_offsets(MIRROR, partition) if offset < mirror.next_offset}
        # A record that was set aside left no copy on the bus to count it by, nor to find the oldest one by.
        copied = at_source.without(dead) if dead else at_source
        now = mirror.records + mirror.dead - mirror.earlier - len(dead) if mirror.earlier else mirror.records
        former = mirror.records - now
        kept = copied.below(mirror.next_offset)
        expired = expired_at_source(copied, kept, on_bus, gone - former, now - mirror.truncated)
        return expired + sum(offset < at_source.low for offset in dead)

    def _below_the_bus(self, place: TopicPartition) -> StageFigures:
        entry = self.warehouse.ledger.get(place, Ledger(0, 0, 0, 0, 0))
        removed = self.warehouse.removed.get(place, Removed())
        return StageFigures(
            landed=self.raw.landed.get(place, 0),
            landed_loaded=self.raw.loaded.get(place, 0),
            loaded=entry.loaded,
            duplicates=entry.duplicates,
            rejected=entry.rejected,
            other_kinds=entry.other_kinds,
            event_rows=self.warehouse.event_rows.get(place, 0),
            view_events=self.warehouse.view_events.get(place, 0),
            view_rows=self.warehouse.view_rows.get(place, 0),
            rejected_rows=self.warehouse.rejected_rows.get(place, 0),
            raw_removed=removed.raw,
            facts_removed=removed.facts,
        )

    def skipped(self) -> dict[str, int]:
        """By stage, the offsets that were passed over because they were lost."""
        return {
            MIRROR: sum(offset.skipped for offset in self.bus.mirrored.values()),
            LANDING: sum(mark.skipped for mark in self.raw.marks.values()),
            INDEXER: sum(mark.skipped for mark in self.index_marks.values()),
        }

    def strangers(self, source_topic: str) -> Iterator[str]:
        """Who knows another topic than the one that has the name now."""
        at_source = {offset.source_id for offset in self.bus.mirrored.values()} - {"", self.bus.source_id}
        if at_source and self.bus.source_id:
            yield f"the source topic {source_topic} was made anew since it was mirrored: run the mirror, which says so"
        known = {
            MIRROR: {offset.destination_id for offset in self.bus.mirrored.values()},
            LANDING: {mark.topic_id for (name, _), mark in self.raw.marks.items() if name == self.topic},
            INDEXER: {mark.topic_id for mark in self.index_marks.values()},
            "ETL": {self.warehouse.topic_ids.get(self.topic, "")},
        }
        for stage, ids in known.items():
            if self.bus.local_id and ids - {"", self.bus.local_id}:
                yield f"topic {self.topic} was made anew since the {stage} worked on it: ./millrace new-generation"

    def behind(self, partition: int, figures: StageFigures) -> Behind:
        """What each stage has still to take."""
        at_source = self.bus.source.get(partition, PartitionRecords())
        return Behind(
            mirror=len(at_source.offsets) - figures.source,
            landing=figures.bus - figures.bus_landed,
            indexer=figures.bus - figures.bus_indexed,
            etl=figures.landed - figures.landed_loaded,
        )


def _behind_of(feed: FeedPartition) -> Behind:
    etl = feed.landed - feed.landed_loaded if feed.is_loadable else 0
    return Behind(mirror=0, landing=feed.bus - feed.bus_landed, indexer=feed.bus - feed.bus_indexed, etl=etl)


def _until(mark: StoreMark | None) -> int:
    return 0 if mark is None else mark.next_offset


def collect_figures() -> Figures:
    """Count every stage; raises one clear error for the first server that is away or refuses."""
    local, source = OperatorKafkaSettings.load(), SourceReaderSettings.load()
    topic = local.destination_topic
    warehouse = read_warehouse(WarehouseSettings.load())
    raw = _read_raw(warehouse)
    search = SearchReaderSettings.load()
    index_marks = indexed_marks(search, topic)
    indexed = count_indexed(search, {(topic, p): mark.next_offset for p, mark in index_marks.items()})
    snapshot = _Snapshot(topic, warehouse, raw, index_marks, indexed, _read_bus(local, source))
    figures = {partition: snapshot.figures(partition) for partition in snapshot.partitions()}
    feeds = collect_feed_figures(local, search, warehouse.removed, warehouse.feeds)
    skipped = snapshot.skipped()
    return Figures(
        partitions={(topic, partition): stages for partition, stages in figures.items()} | snapshot.former(),
        behind={(topic, partition): snapshot.behind(partition, stages) for partition, stages in figures.items()}
        | {place: _behind_of(feed) for place, feed in feeds.partitions.items()},
        compared=warehouse.compared,
        skipped={stage: count + feeds.skipped.get(stage, 0) for stage, count in skipped.items()},
        strangers=[*snapshot.strangers(source.source_topic), *feeds.strangers],
        feeds=feeds.partitions,
        live=warehouse.live,
    )


def _read_raw(warehouse: WarehouseFigures) -> _Raw:
    """Documents below `raw_kept_from` are counted in the ledger: one that retention has yet to delete counts once."""

    def count(until: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        kept_from = {place: removed.raw_kept_from for place, removed in warehouse.removed.items()}
        return {place: store.count(*place, offset, since=kept_from.get(place, 0)) for place, offset in until.items()}

    with RawStore.connect() as store:
        try:
            marks = store.marks()
            landed = count({place: mark.next_offset for place, mark in marks.items()})
            return _Raw(marks, landed, count(warehouse.watermarks))
        except PyMongoError as error:
            raise raw_store_error(store.address, error) from error


def _read_bus(local: OperatorKafkaSettings, source: SourceReaderSettings) -> _Bus:
    local_client, source_client = local.client(), source.client()
    letters = DeadLetterIndex.read(local_client, local.dead_letter_topic)
    route = Route(cluster_id(source_client), source.source_topic, local.destination_topic)
    at_source = read_records(source_client, source.source_topic)
    source_id = topic_id(AdminClient(dict(source_client)), source.source_topic)
    before = _mirrored(local, source, route, source_id)
    ours = topic_identity(local_client, local.destination_topic)
    on_bus = read_records(local_client, ours.topic, ours)
    after = _mirrored(local, source, route, source_id)
    if after != before:
        # The mirror has gone on: what it has taken since has to be counted at the source too.
        at_source = read_records(source_client, source.source_topic)
    dead = _still_dead(letters, local.destination_topic)
    dead[MIRROR] = letters.positions(MIRROR, source.source_topic, source_id)
    return _Bus(at_source, on_bus, before, after, dead, source_id, ours.topic_id)


def _mirrored(
    local: OperatorKafkaSettings, source: SourceReaderSettings, route: Route, source_id: str
) -> dict[int, MirrorOffset]:
    """Where the mirror stands, of all partitions that it may have written: the source may have had more than now."""
    client = local.client()
    written = len(log_ranges(client, local.destination_topic))
    found = read_mirror_offsets(client, local.mirror_offsets_topic, route, written)
    there = len(log_ranges(source.client(), source.source_topic))
    return {p: offset if p < there else offset.made_anew(source_id, 0) for p, offset in found.items()}


def _still_dead(letters: DeadLetterIndex, topic: str) -> dict[str, set[BusPosition]]:
    """What each stage refused and has not stored since: a fix, and it stores the same record at its next reading."""
    landing, indexer = letters.positions(LANDING, topic), letters.positions(INDEXER, topic)
    with RawStore.connect() as store:
        try:
            landed = store.stored_among(landing)
        except PyMongoError as error:
            raise raw_store_error(store.address, error) from error
    return {LANDING: landing - landed, INDEXER: indexer - indexed_among(SearchReaderSettings.load(), indexer)}
