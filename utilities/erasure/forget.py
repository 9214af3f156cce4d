"""Erasing one visitor: search every store, erase in an order that a killed run can take up again, search again."""

import argparse
import sys
import time
from collections.abc import Sequence
from functools import partial

import psycopg
from pydantic import SecretStr
from rich.table import Table

from config.console import result_console
from config.errors import TerminalError
from config.printable import printable
from kafka.forgotten import LIST_SECONDS, moment_of_forgetting
from kafka.record_time import time_of
from kafka.visitor import keyed_hash, owner_hash
from spark.definitions import VISITOR_KEY, Definitions
from spark.devices import hash_devices
from spark.enrichment.settings import EnrichmentSettings
from spark.feeds.definitions import refuse_others
from spark.marts import refresh_marts
from spark.settings import EtlSettings
from utilities.erasure.archived import erase_archives
from utilities.erasure.bus_truncation import retention_ms, truncate, truncation_points
from utilities.erasure.erase import erase_dead_letters, erase_indexed, erase_raw
from utilities.erasure.facts import erase_facts, others_on_devices
from utilities.erasure.feed_facts import erase_feed_facts
from utilities.erasure.forgotten_list import synchronise
from utilities.erasure.identity import read_identity
from utilities.erasure.traces import Stores, Traces
from utilities.erasure.values import SHORTEST_VALUE
from utilities.erasure.visitor import Visitor
from utilities.erasure.wanted import Wanted, folded

MOST_TEXTS = 100
"""Texts of a visitor that are looked for: each costs time in every store."""


def forget(options: argparse.Namespace) -> int:
    """Do what the options of utilities.forget_visitor ask for; 1 where something of the visitor is left."""
    settings = EtlSettings.load()
    visitor = Visitor.of(read_identity(options), settings.visitor_hash_key)
    definitions = Definitions.of(settings, EnrichmentSettings.load())
    with Stores.open(settings, erases=not options.dry_run) as stores:
        # Under another key the visitor would be found nowhere.
        stores.ledger.transaction(partial(definitions.refuse_others, among={VISITOR_KEY}))
        stores.ledger.transaction(partial(refuse_others, settings=settings))
        # As the ETL does it: devices that were stored by their ids are found by their hashes.
        key = settings.visitor_hash_key.get_secret_value().encode()
        stores.ledger.transaction(partial(hash_devices, key=key))
        before = stores.find(visitor)
        _print_searched(stores, before)
        _print_others(stores, visitor, settings.visitor_hash_key)
        values = stores.values(before)
        on_bus = [*before.bus, *(position for feed in before.feeds for position in feed.bus)]
        topics = sorted({position.topic for position in on_bus}) if options.truncate_bus else []
        points = {topic: truncation_points(topic, on_bus, stores.reached(topic)) for topic in topics}
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
    own = [visitor.identity] if len(folded(visitor.identity)) >= SHORTEST_VALUE and not is_shared else []
    hashes = [] if is_shared else [str(visitor.hash), visitor.hash.hex]
    wanted = Wanted(visitor, [*values[:MOST_TEXTS], *own], hashes)
    found, sought = stores.prove(wanted, left)
    print(f"looked for {len(sought.texts)} texts of the visitor in every column, field and byte", end="")
    print(": none is left" if not found else "")
    if shared := len(wanted.texts) - len(sought.texts):
        print(
            f"{shared} texts are in others' events, too, or words of the warehouse's own,"
            " and were looked for in MongoDB's other documents alone"
        )
    if dropped := len(values[MOST_TEXTS:]):
        print(f"{dropped:,} more texts of the visitor, tokens above all, were not looked for")
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
    stores.feeds.erase(visitor, found.feeds)
    for topic, letters in found.letters.items():
        if letters:
            erase_dead_letters(stores.bus.client(), topic, visitor)
    erase_archives(stores.ledger, found.archives, visitor, stores.description)
    rejected, description = found.facts.rejected, stores.description

    def erase(connection: psycopg.Connection) -> None:
        erase_feed_facts(connection, visitor.hash)
        erase_facts(connection, visitor, rejected, description, positions)

    stores.ledger.transaction(erase)
    refresh_marts(stores.ledger, even_if_fresh=True)


def _truncate(stores: Stores, topic: str, points: dict[int, int]) -> None:
    for done in truncate(stores.bus.client(), stores.ledger, topic, points):
        print(f"{topic}:{done.partition}: deleted {done.records:,} records below offset {done.until}")


def _print_searched(stores: Stores, found: Traces) -> None:
    """What is not named here is not searched: other databases and clusters, topics that the operator is not told of."""
    collections = ", ".join(store.name for store in (stores.raw, *stores.other_raw))
    topics, letters = ", ".join(found.topics), ", ".join(found.letters)
    feeds = "".join(f", feed {store.feed.name}" for store in stores.feeds.stores)
    print(f"searched: MongoDB {collections}; topics {topics}; dead letters {letters}{feeds}")


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
    records = {**left.bus, **{position: record for feed in left.feeds for position, record in feed.bus.items()}}
    for topic in sorted({position.topic for position in records}):
        times = [record.timestamp_ms for position, record in records.items() if position.topic == topic]
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
    for feed in (each.feed for each in traces.feeds if each.unread):
        print(
            f"a topic of feed {feed.name} is gone or may not be read: whether it holds the visitor cannot be told;"
            " ./millrace bootstrap --only kafka makes it and grants that right"
        )


def _confirmed(found: dict[str, int]) -> bool:
    _print(found, None)
    if not sys.stdin.isatty():
        raise TerminalError("there is no terminal to ask on: give --yes to erase without asking")
    return input("erase all of this? Type yes: ").strip().lower() == "yes"
