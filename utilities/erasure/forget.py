"""Erasing one visitor: search every store, erase in an order that a killed run can take up again, search again."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import psycopg
from elasticsearch import Elasticsearch
from rich.table import Table

from config.console import result_console
from config.errors import TerminalError
from config.operator_logins import OperatorKafkaSettings, SearchOperatorSettings, SearchReaderSettings
from kafka.position import BusPosition
from spark.ledger import Ledger
from spark.marts import refresh_marts
from spark.settings import EtlSettings
from spark.warehouse import WarehouseLogin
from utilities.erasure.bus_truncation import retention_ms, truncate, truncation_points
from utilities.erasure.erase import erase_archived, erase_dead_letters, erase_indexed, erase_raw
from utilities.erasure.facts import VisitorFacts, erase_facts, find_facts, others_on_devices
from utilities.erasure.find import (
    Archive,
    BusRecord,
    in_archives,
    in_dead_letters,
    in_raw_store,
    in_search,
    on_the_bus,
)
from utilities.erasure.identity import read_identity
from utilities.erasure.visitor import Visitor
from utilities.reconciliation.search_figures import indexed_marks
from utilities.retention.month_archive import ArchivedFile
from utilities.stores.raw_store import RawStore
from utilities.stores.search import search_client

RECORD_FILE = "UPDATE etl.archived_file SET rows = %s, sha256 = %s, archived_at = now() WHERE path = %s"


@dataclass(frozen=True)
class Traces:
    """What every store holds of a visitor."""

    bus: dict[BusPosition, BusRecord]
    raw: set[BusPosition]
    indexed: dict[BusPosition, str]
    letters: int
    facts: VisitorFacts
    archives: list[Archive]

    def counts(self) -> dict[str, int]:
        """Records, documents and rows, by store; an archived file that cannot be searched counts as one."""
        return {
            "MongoDB": len(self.raw),
            "Elasticsearch": len(self.indexed),
            "dead letters": self.letters,
            **self.facts.rows,
            "archived files": sum(1 if archive.rows is None else archive.rows for archive in self.archives),
            "bus": len(self.bus),
        }


@dataclass(frozen=True)
class Stores:
    """Every store, opened once; the ledger holds the lock of the ETL's runs."""

    topic: str
    bus: OperatorKafkaSettings
    raw: RawStore
    search: Elasticsearch
    alias: str
    ledger: Ledger

    @classmethod
    @contextmanager
    def open(cls, settings: EtlSettings) -> Iterator["Stores"]:
        """Raises what the first store that is away or refuses makes of it."""
        bus, search = OperatorKafkaSettings.load(), SearchOperatorSettings.load()
        password = search.elasticsearch_operator_password.get_secret_value()
        with (
            Ledger(WarehouseLogin.of(settings)) as ledger,
            RawStore.connect() as raw,
            search_client(search, search.elasticsearch_operator_user, password) as client,
        ):
            yield cls(bus.destination_topic, bus, raw, client, search.elasticsearch_alias, ledger)

    def find(self, visitor: Visitor) -> Traces:
        """Search every store; what one knows of positions helps the next."""
        config = self.bus.client()
        bus = on_the_bus(config, self.topic, visitor)
        raw = in_raw_store(self.raw, self.topic, visitor)
        indexed = in_search(self.search, self.alias, self.topic, visitor, {*bus, *raw})
        known = {*bus, *raw, *indexed}
        facts = self.ledger.transaction(lambda connection: find_facts(connection, visitor, known))
        archives = self.ledger.transaction(lambda connection: in_archives(connection, visitor))
        return Traces(bus, raw, indexed, in_dead_letters(config, self.bus.dead_letter_topic, visitor), facts, archives)

    def indexed_until(self) -> dict[int, int]:
        """How far each partition is indexed."""
        marks = indexed_marks(SearchReaderSettings.load(), self.topic)
        return {partition: mark.next_offset for partition, mark in marks.items()}

    def reached(self) -> dict[str, dict[int, int]]:
        """How far each stage below the bus has come, by partition."""
        landed = {p: offset for (topic, p), offset in self.raw.landed_until().items() if topic == self.topic}
        loaded = {place.partition: n for place, n in self.ledger.watermarks().items() if place.topic == self.topic}
        return {"landing": landed, "indexer": self.indexed_until(), "ETL": loaded}


def forget(options: argparse.Namespace) -> int:
    """Do what the options of utilities.forget_visitor ask for; 1 where something of the visitor is left."""
    settings = EtlSettings.load()
    visitor = Visitor.of(read_identity(options), settings.visitor_hash_key)
    with Stores.open(settings) as stores:
        before = stores.find(visitor)
        _print_others(stores, visitor)
        points = truncation_points(before.bus, stores.reached()) if options.truncate_bus else {}
        if options.dry_run:
            _print(before.counts(), None)
            return 0
        if any(before.counts().values()):
            if not options.yes and not _confirmed(before.counts()):
                print("nothing was erased")
                return 1
            _erase(stores, visitor, before)
            if points:
                _truncate(stores, points)
        left = stores.find(visitor)
        _print(before.counts(), left.counts())
        _print_bus(stores, left)
    return 1 if any(left.counts().values()) else 0


def _erase(stores: Stores, visitor: Visitor, found: Traces) -> None:
    """The warehouse last: until then a run that was killed finds there what it has to do."""
    positions = {*found.raw, *found.bus, *found.indexed, *found.facts.loaded, *found.facts.rejected}
    erase_raw(stores.raw, positions, found.bus, stores.topic)
    erase_indexed(stores.search, stores.alias, found.indexed, found.bus, stores.indexed_until())
    if found.letters:
        erase_dead_letters(stores.bus.client(), stores.bus.dead_letter_topic, visitor)
    for archive in found.archives:
        if archive.rows:
            file = erase_archived(archive, visitor)
            stores.ledger.transaction(partial(_record_file, file=file))
    stores.ledger.transaction(lambda connection: erase_facts(connection, visitor, found.facts.rejected))
    refresh_marts(stores.ledger, even_if_fresh=True)


def _record_file(connection: psycopg.Connection, file: ArchivedFile) -> None:
    connection.execute(RECORD_FILE, [file.rows, file.sha256, str(file.path)])


def _truncate(stores: Stores, points: dict[int, int]) -> None:
    topic = stores.topic
    for done in truncate(stores.bus.client(), stores.ledger, topic, points):
        print(f"{topic}:{done.partition}: deleted {done.records:,} records below offset {done.until}")


def _print_others(stores: Stores, visitor: Visitor) -> None:
    """A device may have carried others: whoever asks to be forgotten may mean these events, too."""
    key = EtlSettings.load().visitor_hash_key
    for device, other, events in stores.ledger.transaction(lambda connection: others_on_devices(connection, visitor)):
        if other == Visitor.of(device, key).hash:
            print(
                f"device {device} has {events:,} events without a login, which stay: --device-id {device} erases them"
            )
        else:
            print(f"device {device} has {events:,} events of a user, which stay: --user-id erases them")


def _print(before: dict[str, int], left: dict[str, int] | None) -> None:
    table = Table("store", "found", *([] if left is None else ["left"]), box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for store, count in before.items():
        table.add_row(store, f"{count:,}", *([] if left is None else [f"{left[store]:,}"]))
    result_console().print(table)


def _print_bus(stores: Stores, left: Traces) -> None:
    for archive in left.archives:
        print(f"{archive.path} is not there: whether it holds the visitor cannot be told")
    if not left.bus:
        return
    kept = retention_ms(stores.bus.client(), stores.topic)
    newest = max(record.timestamp_ms for record in left.bus.values())
    until = "the topic keeps its records for ever"
    if kept >= 0:
        last = datetime.fromtimestamp((newest + kept) / 1000, UTC)
        until = f"the topic's retention removes the last of them after {last:%Y-%m-%d %H:%M} UTC"
    print(f"{len(left.bus):,} records are left on the bus: {until}; --truncate-bus deletes them and all before them")


def _confirmed(found: dict[str, int]) -> bool:
    _print(found, None)
    if not sys.stdin.isatty():
        raise TerminalError("there is no terminal to ask on: give --yes to erase without asking")
    return input("erase all of this? Type yes: ").strip().lower() == "yes"
