"""What every store holds of a visitor, and each store opened once to search, erase and prove it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from elasticsearch import Elasticsearch

from config.errors import AccessError
from config.kafka_client import ClientConfig
from config.operator_logins import OperatorKafkaSettings, SearchOperatorSettings, SearchReaderSettings
from kafka.forgotten_settings import ForgottenSettings
from kafka.position import BusPosition
from kafka.sinks.sink import StoreMark
from spark.enrichment.settings import EnrichmentSettings
from spark.feeds.load import watermarks
from spark.ledger import Ledger
from spark.product_pages import ProductDescription
from spark.settings import EtlSettings
from spark.warehouse import WarehouseLogin
from utilities.erasure.dead_letter_topics import former_dead_letter_topics
from utilities.erasure.facts import VisitorFacts, find_facts, loaded_positions
from utilities.erasure.feeds import FeedStores, FeedTraces
from utilities.erasure.find import (
    Archive,
    BusRecord,
    IndexedDocument,
    in_archives,
    in_dead_letters,
    in_raw_store,
    in_search,
    is_the_one,
    landing_marks,
    on_the_bus,
    other_raw_stores,
)
from utilities.erasure.proof import (
    in_archived_files,
    in_keywords,
    in_letters,
    in_raw_bytes,
    in_vocabulary,
    in_warehouse,
)
from utilities.erasure.proof import on_the_bus as bytes_on_the_bus
from utilities.erasure.values import personal_values
from utilities.erasure.visitor import Visitor
from utilities.erasure.wanted import Wanted
from utilities.reconciliation.search_figures import all_indexed_marks
from utilities.stores.raw_store import RawStore, TopicPartition
from utilities.stores.search import search_client

MOST_READ = 10_000
"""Landed events of a visitor that are read for what they say; a person has a few hundred, a robot many thousands."""

Marks = list[dict[TopicPartition, StoreMark]]


@dataclass(frozen=True)
class Traces:
    """What every store holds of a visitor."""

    topics: list[str]
    """Searched: the topic of the settings, and each generation that was landed, indexed or loaded from."""
    bus: dict[BusPosition, BusRecord]
    read: list[str]
    unread: list[str]
    """Topics that were landed, indexed or loaded from and may not be read now."""
    raw: dict[BusPosition, int]
    """With the time of the record, milliseconds since 1970; so are the next two."""
    other_raw: dict[str, dict[BusPosition, int]]
    """By name of a collection that was landed into under other settings."""
    indexed: dict[BusPosition, IndexedDocument]
    letters: dict[str, list[int]]
    """By topic of dead letters, the time of each record."""
    facts: VisitorFacts
    archives: list[Archive]
    feeds: list[FeedTraces] = field(default_factory=list)
    """Of the declared feeds beside the main one."""

    def counts(self) -> dict[str, int]:
        """Records, documents and rows, by store; an archived file or a topic that cannot be searched counts as one."""
        return {
            "MongoDB": len(self.raw) + sum(map(len, self.other_raw.values())),
            "Elasticsearch": len(self.indexed),
            "dead letters": sum(map(len, self.letters.values())),
            **self.facts.rows,
            "archived files": sum(1 if archive.rows is None else archive.rows for archive in self.archives),
            "bus": len(self.bus) + len(self.unread),
            **self._feed_counts(),
        }

    def _feed_counts(self) -> dict[str, int]:
        """By feed, what all its stores hold, and apart what its topic does."""
        stores = {each.feed.name: len(each.raw) + len(each.indexed) + len(each.letters) for each in self.feeds}
        buses = {f"{each.feed.name} on the bus": len(each.bus) + each.unread for each in self.feeds}
        return {**stores, **buses}

    def times(self) -> Iterator[int]:
        """When the visitor's records were recorded, as far as any store tells."""
        yield from (record.timestamp_ms for record in self.bus.values())
        for landed in (self.raw, *self.other_raw.values()):
            yield from landed.values()
        yield from (document.timestamp_ms for document in self.indexed.values())
        for letters in self.letters.values():
            yield from letters
        for feed in self.feeds:
            yield from feed.times()


@dataclass(frozen=True)
class Stores:
    """Every store, opened once; the ledger holds the lock of the ETL's runs."""

    topic: str
    bus: OperatorKafkaSettings
    raw: RawStore
    other_raw: list[RawStore]
    search: Elasticsearch
    alias: str
    ledger: Ledger
    forgotten_key: bytes
    description: ProductDescription
    feeds: FeedStores

    @classmethod
    @contextmanager
    def open(cls, settings: EtlSettings, erases: bool) -> Iterator["Stores"]:
        """With `erases`, a run that has lost the lock is abandoned: it may hold what is about to be erased.

        Raises what the first store that is away or refuses makes of it.
        """
        bus, search = OperatorKafkaSettings.load(), SearchOperatorSettings.load()
        password = search.elasticsearch_operator_password
        key = ForgottenSettings.load().key
        with (
            Ledger(WarehouseLogin.of(settings, "forget-visitor"), changes=erases) as ledger,
            RawStore.connect() as raw,
            search_client(search, search.elasticsearch_operator_user, password) as client,
        ):
            feeds = FeedStores.open(bus.client(), client, key, raw)
            others = [store for store in other_raw_stores(raw) if store.name not in feeds.names]
            alias, description = search.elasticsearch_alias, ProductDescription.of(EnrichmentSettings.load())
            yield cls(bus.destination_topic, bus, raw, others, client, alias, ledger, key, description, feeds)

    def find(self, visitor: Visitor) -> Traces:
        """Search every store; what one knows of positions helps the next, and the warehouse knows them by the hash."""
        config = self.bus.client()
        loaded = self.ledger.transaction(lambda connection: loaded_positions(connection, visitor))
        marks = self._marks()
        topics = self._topics(marks)
        bus, read, unread = self._on_the_bus(config, topics, marks, visitor)
        known = {*loaded, *bus}
        raw = in_raw_store(self.raw, visitor, known)
        other_raw = {store.name: in_raw_store(store, visitor, {*known, *raw}) for store in self.other_raw}
        stored = known.union(raw, *other_raw.values())
        indexed = in_search(self.search, self.alias, topics, visitor, stored, self.forgotten_key)
        # Not those of other collections: under one name they may have another generation's events.
        known |= {*raw, *indexed}
        facts = self.ledger.transaction(lambda connection: find_facts(connection, visitor, known))
        archives = self.ledger.transaction(lambda connection: in_archives(connection, visitor))
        letters = {name: in_dead_letters(config, name, visitor) for name in self.dead_letter_topics(topics)}
        feeds = self.feeds.find(visitor)
        return Traces(topics, bus, read, unread, raw, other_raw, indexed, letters, facts, archives, feeds)

    def values(self, found: Traces) -> list[str]:
        """What the visitor's landed events say of the visitor: known only until they are erased."""
        landed = [(self.raw, found.raw), *((store, found.other_raw[store.name]) for store in self.other_raw)]
        documents = (store.document(place) for store, places in landed for place in sorted(places)[:MOST_READ])
        events = (document.get("event") for document in documents if document)
        own = personal_values(event for event in events if isinstance(event, dict))
        return [*own, *sorted(self.feeds.values(found.feeds) - set(own))]

    def prove(self, wanted: Wanted, left: Traces) -> tuple[dict[str, int], Wanted]:
        """Where a text of the visitor still stands, by store, and what was looked for in all.

        The bus is read where it should hold none.
        """
        config = self.bus.client()
        landed = [in_raw_bytes(store, wanted) for store in (self.raw, *self.other_raw)]
        landed += self.feeds.landed_texts(wanted)
        words = self.ledger.transaction(lambda connection: in_vocabulary(connection, wanted))
        wanted = wanted.without(words.union(*(each.others for each in landed)))
        found = {
            "MongoDB": sum(each.left for each in landed),
            "Elasticsearch": in_keywords(self.search, self.alias, left.topics, wanted)
            + self.feeds.indexed_texts(wanted),
            "dead letters": sum(in_letters(config, topic, wanted) for topic in left.letters)
            + self.feeds.letters_with_texts(wanted, left.feeds),
            "archived files": self.ledger.transaction(lambda connection: in_archived_files(connection, wanted)),
            **self.ledger.transaction(lambda connection: in_warehouse(connection, wanted)),
        }
        if not left.bus:
            found["bus"] = sum(bytes_on_the_bus(config, topic, wanted) for topic in left.read)
        found["topics of feeds"] = self.feeds.bus_records_with_texts(wanted, left.feeds)
        return {store: rows for store, rows in found.items() if rows}, wanted

    def _topics(self, marks: Marks) -> list[str]:
        stored = {topic for each in marks for topic, _ in each}
        loaded = (place.topic for place in self.ledger.watermarks())
        return sorted({self.topic, *stored, *loaded} - self.feeds.names)

    def dead_letter_topics(self, topics: list[str]) -> list[str]:
        """The topic of the settings, and those of former settings."""
        bus = self.bus
        known = {*topics, bus.dead_letter_topic, bus.mirror_offsets_topic, bus.forgotten_topic, *self.feeds.names}
        return [bus.dead_letter_topic, *former_dead_letter_topics(bus.client(), known)]

    def _marks(self) -> Marks:
        """What each collection and the index keep of how far they are."""
        return [*landing_marks([self.raw, *self.other_raw]), self._indexed()]

    def _indexed(self) -> dict[TopicPartition, StoreMark]:
        return all_indexed_marks(SearchReaderSettings.load())

    def _on_the_bus(
        self, config: ClientConfig, topics: list[str], marks: Marks, visitor: Visitor
    ) -> tuple[dict[BusPosition, BusRecord], list[str], list[str]]:
        """The visitor's records, the topics that were read, and those that may not be."""
        bus, read, unread = {}, [], []
        for topic in topics:
            known_ids = {mark.topic_id for each in marks for (name, _), mark in each.items() if name == topic} - {""}
            try:
                if topic == self.topic or is_the_one(config, topic, known_ids):
                    bus.update(on_the_bus(config, topic, visitor))
                    read.append(topic)
            except AccessError:
                if topic == self.topic:
                    raise
                unread.append(topic)
        return bus, read, unread

    def indexed_until(self) -> dict[TopicPartition, int]:
        """How far each partition is indexed."""
        return {place: mark.next_offset for place, mark in self._indexed().items()}

    def reached(self, topic: str) -> dict[str, dict[int, int]]:
        """How far each stage below the bus has come in the topic, by partition."""
        landed = self._landed(topic)
        indexed = {p: offset for (name, p), offset in self.indexed_until().items() if name == topic}
        known = {**self.ledger.watermarks(), **self.ledger.transaction(watermarks)}
        loaded = {place.partition: n for place, n in known.items() if place.topic == topic}
        if (of_feed := self.feeds.reached(topic, loaded)) is not None:
            return of_feed
        return {"landing": landed, "indexer": indexed, "ETL": loaded}

    def _landed(self, topic: str) -> dict[int, int]:
        """How far the collection of the settings is; for a topic that it never had, the first other one that had."""
        of_topic = (
            {partition: offset for (name, partition), offset in store.landed_until().items() if name == topic}
            for store in (self.raw, *self.other_raw)
        )
        return next(filter(None, of_topic), {})
