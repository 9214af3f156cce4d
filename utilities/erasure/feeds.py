"""A visitor's events of the declared feeds beside the main one: found, erased and looked for by the declaration.

Whose an event is, its `personField` tells; which of its values tell of the person, their classification. What was not
landed or indexed yet is kept away by the list of forgotten visitors, as every stage goes by it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from elasticsearch import Elasticsearch
from pymongo.errors import PyMongoError

from config.errors import AccessError
from config.kafka_client import ClientConfig
from config.operator_logins import OperatorMongoSettings, SearchReaderSettings
from kafka.event_text import as_text
from kafka.feeds.declaration import feeds_beside_main
from kafka.feeds.feed import Feed
from kafka.position import BusPosition
from kafka.sinks.sink import StoreMark
from utilities.erasure.erase import erase_dead_letters, erase_indexed, erase_raw
from utilities.erasure.find import (
    BusRecord,
    IndexedDocument,
    in_dead_letters,
    in_raw_store,
    in_search,
    is_the_one,
    on_the_bus,
)
from utilities.erasure.proof import LandedTexts, in_keywords, in_letters, in_raw_bytes
from utilities.erasure.proof import on_the_bus as bytes_on_the_bus
from utilities.erasure.values import SHORTEST_VALUE
from utilities.erasure.visitor import Visitor
from utilities.erasure.wanted import Wanted
from utilities.reconciliation.search_figures import all_indexed_marks
from utilities.stores.raw_store import RawStore, TopicPartition, raw_store_error

MOST_READ = 10_000
"""As in traces.py."""


@dataclass(frozen=True)
class FeedTraces:
    """What the stores hold of a visitor in one feed; `unread` says that its topic may not be read."""

    feed: Feed
    raw: Mapping[BusPosition, int]
    indexed: Mapping[BusPosition, IndexedDocument]
    letters: list[int]
    bus: Mapping[BusPosition, BusRecord]
    unread: bool = False

    def times(self) -> Iterator[int]:
        """When the visitor's records were recorded, milliseconds since 1970."""
        yield from self.raw.values()
        yield from (document.timestamp_ms for document in self.indexed.values())
        yield from self.letters
        yield from (record.timestamp_ms for record in self.bus.values())


@dataclass(frozen=True)
class FeedStore:
    """One feed with events of persons, and how far it was landed and indexed: not at all where nothing ever was."""

    feed: Feed
    raw: RawStore
    landing: Mapping[TopicPartition, StoreMark]
    indexer: Mapping[TopicPartition, StoreMark]

    @property
    def topic_ids(self) -> set[str]:
        """Which topic of this name the stages have worked on."""
        return {mark.topic_id for mark in (*self.landing.values(), *self.indexer.values())} - {""}

    def visitor(self, visitor: Visitor) -> Visitor:
        """The visitor as this feed's events name it."""
        return replace(visitor, person_field=self.feed.person_field)


@dataclass(frozen=True)
class FeedStores:
    """Every feed with events of persons.

    Also one that nothing has landed yet: the API takes its events onto the bus, and keeps those that are bad.
    """

    stores: list[FeedStore]
    bus: ClientConfig
    search: Elasticsearch
    key: bytes
    names: frozenset[str] = field(default_factory=frozenset)
    """Topics, topics of dead letters and collections (with their database) of all feeds, searched here alone."""

    @classmethod
    def open(cls, bus: ClientConfig, search: Elasticsearch, key: bytes, main: RawStore) -> "FeedStores":
        """`key` is FORGOTTEN_KEY; the connection to MongoDB is the main store's. Raises as `raw_store_error`."""
        feeds, settings = feeds_beside_main(), OperatorMongoSettings.load()
        indexed = all_indexed_marks(SearchReaderSettings.load()) if feeds else {}
        found = []
        for feed in feeds:
            raw = main.sibling(feed.collection)
            try:
                landing = {place: mark for place, mark in raw.marks().items() if place[0] == feed.topic}
            except PyMongoError as error:
                raise raw_store_error(raw.address, error) from error
            indexer = {place: mark for place, mark in indexed.items() if place[0] == feed.topic}
            if feed.person_field:
                found.append(FeedStore(feed, raw, landing, indexer))
        names = ((feed.topic, feed.dead_letter_topic, f"{settings.mongo_db}.{feed.collection}") for feed in feeds)
        return cls(found, bus, search, key, frozenset(name for each in names for name in each))

    def find(self, visitor: Visitor) -> list[FeedTraces]:
        """Search every store of every feed."""
        return [self._find(store, store.visitor(visitor)) for store in self.stores]

    def _find(self, store: FeedStore, visitor: Visitor) -> FeedTraces:
        feed, bus, unread = store.feed, dict[BusPosition, BusRecord](), False
        try:
            if is_the_one(self.bus, feed.topic, store.topic_ids):
                bus = on_the_bus(self.bus, feed.topic, visitor)
            letters = in_dead_letters(self.bus, feed.dead_letter_topic, visitor) if self._has_letters(store) else []
        except AccessError:
            letters, unread = [], True
        raw = in_raw_store(store.raw, visitor, bus)
        known = {*bus, *raw}
        indexed = in_search(self.search, feed.index, [feed.topic], visitor, known, self.key) if store.indexer else {}
        return FeedTraces(feed, raw, indexed, letters, bus, unread)

    def _has_letters(self, store: FeedStore) -> bool:
        """Whether the topic of dead letters is there; a feed that was declared only now has none."""
        return is_the_one(self.bus, store.feed.dead_letter_topic, ())

    def erase(self, visitor: Visitor, found: Iterable[FeedTraces]) -> None:
        """Empty what was found; each step may be repeated."""
        traces = {each.feed.name: each for each in found}
        for store in self.stores:
            of_feed = traces[store.feed.name]
            erase_raw(store.raw, {*of_feed.raw, *of_feed.indexed, *of_feed.bus}, {})
            erase_indexed(self.search, store.feed.index, of_feed.indexed, {}, {})
            if of_feed.letters:
                erase_dead_letters(self.bus, store.feed.dead_letter_topic, store.visitor(visitor))

    def values(self, found: Iterable[FeedTraces]) -> set[str]:
        """The texts that the visitor's landed events hold of the person, by the classification of their fields."""
        traces = {each.feed.name: each for each in found}
        texts: set[str] = set()
        for store in self.stores:
            of_person = [each.name for each in store.feed.fields if each.classification in ("personal", "identifier")]
            for position in sorted(traces[store.feed.name].raw)[:MOST_READ]:
                event = (store.raw.document(position) or {}).get("event") or {}
                texts |= {(as_text(event.get(name)) or "").strip() for name in of_person}
        return {text for text in texts if len(text) >= SHORTEST_VALUE}

    def landed_texts(self, wanted: Wanted) -> list[LandedTexts]:
        """As `in_raw_bytes`, of every feed."""
        return [in_raw_bytes(store.raw, _of(store, wanted)) for store in self.stores]

    def indexed_texts(self, wanted: Wanted) -> int:
        """As `in_keywords`, of every feed."""
        return sum(
            in_keywords(self.search, store.feed.index, [store.feed.topic], _of(store, wanted))
            for store in self.stores
            if store.indexer
        )

    def letters_with_texts(self, wanted: Wanted, left: Iterable[FeedTraces]) -> int:
        """As `in_letters`, of every feed whose topics may be read."""
        unread = {each.feed.name for each in left if each.unread}
        readable = (store for store in self.stores if store.feed.name not in unread and self._has_letters(store))
        return sum(in_letters(self.bus, store.feed.dead_letter_topic, _of(store, wanted)) for store in readable)

    def bus_records_with_texts(self, wanted: Wanted, left: Iterable[FeedTraces]) -> int:
        """As `proof.on_the_bus`, of every feed that should hold none."""
        clean = {each.feed.name for each in left if not each.bus and not each.unread}
        return sum(
            bytes_on_the_bus(self.bus, store.feed.topic, _of(store, wanted))
            for store in self.stores
            if store.feed.name in clean and is_the_one(self.bus, store.feed.topic, store.topic_ids)
        )

    def reached(self, topic: str, loaded: Mapping[int, int]) -> dict[str, dict[int, int]] | None:
        """As `Stores.reached`, None for another topic; `loaded` is how far the ETL has read of a feed that it loads."""
        for store in self.stores:
            if store.feed.topic == topic:
                told = {"landing": store.landing, "indexer": store.indexer}
                reached = {stage: {p: mark.next_offset for (_, p), mark in m.items()} for stage, m in told.items()}
                return {**reached, **({"ETL": dict(loaded)} if loaded else {})}
        return None


def _of(store: FeedStore, wanted: Wanted) -> Wanted:
    return replace(wanted, visitor=store.visitor(wanted.visitor))
