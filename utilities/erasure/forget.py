"""Erasing one visitor: search every store, erase in an order that a killed run can take up again, search again."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import psycopg
from elasticsearch import Elasticsearch
from pydantic import SecretStr
from rich.table import Table

from config.console import result_console
from config.errors import AccessError, TerminalError
from config.kafka_client import ClientConfig
from config.operator_logins import OperatorKafkaSettings, SearchOperatorSettings, SearchReaderSettings
from config.printable import printable
from kafka.forgotten import LIST_SECONDS, moment_of_forgetting
from kafka.forgotten_settings import ForgottenSettings
from kafka.position import BusPosition
from kafka.record_time import time_of
from kafka.sinks.sink import StoreMark
from kafka.visitor import keyed_hash, owner_hash
from spark.definitions import VISITOR_KEY, Definitions
from spark.devices import hash_devices
from spark.enrichment.settings import EnrichmentSettings
from spark.ledger import Ledger
from spark.marts import refresh_marts
from spark.product_pages import ProductDescription
from spark.settings import EtlSettings
from spark.warehouse import WarehouseLogin
from utilities.erasure.bus_truncation import retention_ms, truncate, truncation_points
from utilities.erasure.dead_letter_topics import former_dead_letter_topics
from utilities.erasure.erase import erase_archived, erase_dead_letters, erase_indexed, erase_raw
from utilities.erasure.facts import VisitorFacts, erase_facts, find_facts, loaded_positions, others_on_devices
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
from utilities.erasure.forgotten_list import synchronise
from utilities.erasure.identity import read_identity
from utilities.erasure.proof import Wanted, in_archived_files, in_keywords, in_letters, in_raw_bytes, in_warehouse
from utilities.erasure.proof import on_the_bus as bytes_on_the_bus
from utilities.erasure.values import SHORTEST_VALUE, personal_values
from utilities.erasure.visitor import Visitor
from utilities.reconciliation.search_figures import all_indexed_marks
from utilities.retention.month_archive import ArchivedFile
from utilities.stores.raw_store import RawStore, TopicPartition
from utilities.stores.search import search_client

MOST_READ = 10_000
"""Landed events of a visitor that are read for what they say; a person has a few hundred, a robot many thousands."""
RECORD_FILE = """
UPDATE etl.archived_file SET rows = %s, sha256 = %s, archived_at = now() WHERE path = %s AND sha256 <> ''
"""
"""What was only announced stays so: its month may still be in the warehouse."""

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

    def counts(self) -> dict[str, int]:
        """Records, documents and rows, by store; an archived file or a topic that cannot be searched counts as one."""
        return {
            "MongoDB": len(self.raw) + sum(map(len, self.other_raw.values())),
            "Elasticsearch": len(self.indexed),
            "dead letters": sum(map(len, self.letters.values())),
            **self.facts.rows,
            "archived files": sum(1 if archive.rows is None else archive.rows for archive in self.archives),
            "bus": len(self.bus) + len(self.unread),
        }

    def times(self) -> Iterator[int]:
        """When the visitor's records were recorded, as far as any store tells."""
        yield from (record.timestamp_ms for record in self.bus.values())
        for landed in (self.raw, *self.other_raw.values()):
            yield from landed.values()
        yield from (document.timestamp_ms for document in self.indexed.values())
        for letters in self.letters.values():
            yield from letters


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
            others = other_raw_stores(raw)
            alias, description = search.elasticsearch_alias, ProductDescription.of(EnrichmentSettings.load())
            yield cls(bus.destination_topic, bus, raw, others, client, alias, ledger, key, description)

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
        return Traces(topics, bus, read, unread, raw, other_raw, indexed, letters, facts, archives)

    def values(self, found: Traces) -> list[str]:
        """What the visitor's landed events say of the visitor: known only until they are erased."""
        landed = [(self.raw, found.raw), *((store, found.other_raw[store.name]) for store in self.other_raw)]
        documents = (store.document(place) for store, places in landed for place in sorted(places)[:MOST_READ])
        events = (document.get("event") for document in documents if document)
        return personal_values(event for event in events if isinstance(event, dict))

    def prove(self, wanted: Wanted, left: Traces) -> dict[str, int]:
        """Where a text of the visitor still stands, by store; the bus is read where it should hold none."""
        config = self.bus.client()
        landed = [in_raw_bytes(store, wanted) for store in (self.raw, *self.other_raw)]
        others = frozenset[str]().union(*(each.others for each in landed))
        wanted = wanted.without(others)
        found = {
            "MongoDB": sum(each.documents(others) for each in landed),
            "Elasticsearch": in_keywords(self.search, self.alias, left.topics, wanted),
            "dead letters": sum(in_letters(config, topic, wanted) for topic in left.letters),
            "archived files": self.ledger.transaction(lambda connection: in_archived_files(connection, wanted)),
            **self.ledger.transaction(lambda connection: in_warehouse(connection, wanted)),
        }
        if not left.bus:
            found["bus"] = sum(bytes_on_the_bus(config, topic, wanted) for topic in left.read)
        return {store: rows for store, rows in found.items() if rows}

    def _topics(self, marks: Marks) -> list[str]:
        stored = {topic for each in marks for topic, _ in each}
        return sorted({self.topic, *stored, *(place.topic for place in self.ledger.watermarks())})

    def dead_letter_topics(self, topics: list[str]) -> list[str]:
        """The topic of the settings, and those of former settings."""
        bus = self.bus
        known = {*topics, bus.dead_letter_topic, bus.mirror_offsets_topic, bus.forgotten_topic}
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
        loaded = {place.partition: n for place, n in self.ledger.watermarks().items() if place.topic == topic}
        return {"landing": landed, "indexer": indexed, "ETL": loaded}

    def _landed(self, topic: str) -> dict[int, int]:
        """How far the collection of the settings is; for a topic that it never had, the first other one that had."""
        of_topic = (
            {partition: offset for (name, partition), offset in store.landed_until().items() if name == topic}
            for store in (self.raw, *self.other_raw)
        )
        return next(filter(None, of_topic), {})


def forget(options: argparse.Namespace) -> int:
    """Do what the options of utilities.forget_visitor ask for; 1 where something of the visitor is left."""
    settings = EtlSettings.load()
    visitor = Visitor.of(read_identity(options), settings.visitor_hash_key)
    definitions = Definitions.of(settings, EnrichmentSettings.load())
    with Stores.open(settings, erases=not options.dry_run) as stores:
        # Under another key the visitor would be found nowhere.
        stores.ledger.transaction(partial(definitions.refuse_others, among={VISITOR_KEY}))
        # As the ETL does it: devices that were stored by their ids are found by their hashes.
        key = settings.visitor_hash_key.get_secret_value().encode()
        stores.ledger.transaction(partial(hash_devices, key=key))
        before = stores.find(visitor)
        _print_searched(stores, before)
        _print_others(stores, visitor, settings.visitor_hash_key)
        values = stores.values(before)
        topics = sorted({position.topic for position in before.bus}) if options.truncate_bus else []
        points = {topic: truncation_points(topic, before.bus, stores.reached(topic)) for topic in topics}
        if options.dry_run:
            _print(before.counts(), None)
            _print_unread(before)
            return 0
        if not options.yes and not _confirmed(before.counts()):
            print("nothing was erased")
            return 1
        _put_on_list(stores, visitor, before)
        listed_at = time.monotonic()
        if any(before.counts().values()):
            _erase(stores, visitor, before)
            for topic in topics:
                _truncate(stores, topic, points[topic])
        # From then on every stage goes by the list: what one has written without it is there to be found.
        time.sleep(max(0.0, listed_at + LIST_SECONDS - time.monotonic()))
        left = stores.find(visitor)
        _print(before.counts(), left.counts())
        _print_bus(stores, left)
        is_proven = _prove(stores, visitor, values, left)
    return 0 if is_proven and not any(left.counts().values()) else 1


def _prove(stores: Stores, visitor: Visitor, values: Sequence[str], left: Traces) -> bool:
    """Look for every text of the visitor in every store, and print where one still stands.

    What others have on the visitor's devices names the device, rightly: then its id and hash are not looked for.
    """
    is_shared = bool(stores.ledger.transaction(lambda connection: others_on_devices(connection, visitor)))
    own = [visitor.identity] if len(visitor.identity) >= SHORTEST_VALUE and not is_shared else []
    hashes = [] if is_shared else [str(visitor.hash), visitor.hash.hex]
    wanted = Wanted(visitor, [*values, *own], hashes)
    found = stores.prove(wanted, left)
    print(f"looked for {len(wanted.texts)} texts of the visitor in every column, field and byte", end="")
    print(": none is left" if not found else "")
    for store, rows in found.items():
        print(f"{store}: a text of the visitor is left in {rows:,}")
    return not found


def _put_on_list(stores: Stores, visitor: Visitor, found: Traces) -> None:
    """Before anything is erased: from now on no stage takes up again what was recorded until this moment."""
    moment = moment_of_forgetting(int(time.time() * 1000), found.times())
    entry = {keyed_hash(visitor.identity.encode("utf-8", "replace"), stores.forgotten_key): moment}
    stores.ledger.transaction(lambda connection: synchronise(connection, stores.bus, stores.forgotten_key, entry))
    print(f"on the list of forgotten visitors: what was recorded until {_as_text(moment)} does not come back")


def _as_text(time_ms: int) -> str:
    at = time_of(time_ms)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "a time that no calendar has"


def _erase(stores: Stores, visitor: Visitor, found: Traces) -> None:
    """The warehouse last: until then a run that was killed finds there what it has to do."""
    positions = {*found.raw, *found.bus, *found.indexed, *found.facts.loaded, *found.facts.rejected}
    erase_raw(stores.raw, positions, found.bus)
    for store in stores.other_raw:
        erase_raw(store, found.other_raw[store.name], {})
    erase_indexed(stores.search, stores.alias, found.indexed, found.bus, stores.indexed_until())
    for topic, letters in found.letters.items():
        if letters:
            erase_dead_letters(stores.bus.client(), topic, visitor)
    for archive in found.archives:
        if archive.rows:
            file = erase_archived(archive, visitor)
            if file is not None:
                stores.ledger.transaction(partial(_record_file, file=file))
    rejected, description = found.facts.rejected, stores.description
    stores.ledger.transaction(lambda connection: erase_facts(connection, visitor, rejected, description))
    refresh_marts(stores.ledger, even_if_fresh=True)


def _record_file(connection: psycopg.Connection, file: ArchivedFile) -> None:
    connection.execute(RECORD_FILE, [file.rows, file.sha256, str(file.path)])


def _truncate(stores: Stores, topic: str, points: dict[int, int]) -> None:
    for done in truncate(stores.bus.client(), stores.ledger, topic, points):
        print(f"{topic}:{done.partition}: deleted {done.records:,} records below offset {done.until}")


def _print_searched(stores: Stores, found: Traces) -> None:
    """What is not named here is not searched: other databases and clusters, topics that the operator is not told of."""
    collections = ", ".join(store.name for store in (stores.raw, *stores.other_raw))
    topics, letters = ", ".join(found.topics), ", ".join(found.letters)
    print(f"searched: MongoDB {collections}; topics {topics}; dead letters {letters}")


def _print_others(stores: Stores, visitor: Visitor, key: SecretStr) -> None:
    """A device may have carried others: whoever asks to be forgotten may mean these events, too."""
    for device, other, events in stores.ledger.transaction(lambda connection: others_on_devices(connection, visitor)):
        # The id is an event's text, and no part of a command to paste.
        shown = printable(device)
        by = "" if shown == device else "-file (the id holds control characters)"
        if owner_hash({"device_id": device}, key.get_secret_value().encode()) == other.hex:
            print(f"device {shown} has {events:,} events without a login, which stay: --device-id{by} erases them")
        else:
            print(f"device {shown} has {events:,} events of a user, which stay: --user-id erases them")


def _print(before: dict[str, int], left: dict[str, int] | None) -> None:
    table = Table("store", "found", *([] if left is None else ["left"]), box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for store, count in before.items():
        table.add_row(store, f"{count:,}", *([] if left is None else [f"{left[store]:,}"]))
    result_console().print(table)


def _print_bus(stores: Stores, left: Traces) -> None:
    for archive in (each for each in left.archives if each.rows is None):
        print(f"{printable(archive.path)} is not there: whether it holds the visitor cannot be told")
    _print_unread(left)
    for topic in sorted({position.topic for position in left.bus}):
        times = [record.timestamp_ms for position, record in left.bus.items() if position.topic == topic]
        kept = retention_ms(stores.bus.client(), topic)
        until = "the topic keeps its records for ever"
        if kept >= 0:
            until = f"the topic's retention removes the last of them after {_as_text(max(times) + kept)}"
        print(
            f"{len(times):,} records are left on the bus in {topic}: {until};"
            " --truncate-bus deletes them and all before them"
        )


def _print_unread(traces: Traces) -> None:
    """Brokers do not tell a principal without a right whether a topic is there."""
    for topic in traces.unread:
        print(
            f"topic {topic} is gone or may not be read: whether it holds the visitor cannot be told;"
            f" DESTINATION_TOPIC={topic} ./millrace bootstrap --only kafka grants that right again"
        )


def _confirmed(found: dict[str, int]) -> bool:
    _print(found, None)
    if not sys.stdin.isatty():
        raise TerminalError("there is no terminal to ask on: give --yes to erase without asking")
    return input("erase all of this? Type yes: ").strip().lower() == "yes"
