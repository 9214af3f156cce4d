"""The way of an event, or the events behind a daily number: what is asked for, found and printed."""

import argparse
import json
from dataclasses import asdict
from typing import Any

from rich.table import Table

from config.console import result_console
from config.errors import ConfigurationError
from config.operator_logins import SearchReaderSettings
from config.printable import printable
from kafka.position import BusPosition, bus_position
from utilities.lineage.event_identity import sent_spellings, warehouse_id
from utilities.lineage.search_documents import documents_of_event
from utilities.lineage.warehouse_lineage import WarehouseLineage
from utilities.lineage.way import Stores, Way, letters_of_event, position_of, search_position, way_of
from utilities.stores.raw_store import RawStore

MOST_WAYS = 20


def trace(options: argparse.Namespace) -> int:
    """Print what the options of utilities.trace ask for; 0 where something is known of it, else 1."""
    if (options.product is None) != (options.date is None):
        raise ConfigurationError("--product", "goes with --date")
    if options.event_id is not None and not options.event_id.strip():
        raise ConfigurationError("--event-id", "is empty")
    position = None if options.position is None else _position(options.position)
    with WarehouseLineage.connect() as warehouse:
        if options.product is not None:
            return _print_day(warehouse, options)
        with RawStore.connect() as raw:
            stores = Stores(raw, warehouse)
            positions = [position] if position else _positions_of_event(stores, options.event_id)
            ways = [way_of(stores, position) for position in positions[:MOST_WAYS]]
    if options.json:
        print(json.dumps({"asked": options.event_id or options.position, "ways": [_as_json(way) for way in ways]}))
    else:
        _print_ways(options.event_id or options.position, ways, len(positions))
    return 0 if any(way.outcome != "not landed" or _is_on_the_bus(way) for way in ways) else 1


def _position(text: str) -> BusPosition:
    try:
        topic, partition, offset = text.rsplit(":", 2)
        return BusPosition(topic, int(partition), int(offset))
    except ValueError:
        raise ConfigurationError("--position", f"is not topic:partition:offset (got {text!r})") from None


def _positions_of_event(stores: Stores, text: str) -> list[BusPosition]:
    """Where the event was loaded from first, then every other record with its id."""
    identity, spellings = warehouse_id(text), sent_spellings(text)
    loaded = stores.warehouse.event(identity) if identity else None
    found = [position_of(loaded)] if loaded is not None else []
    documents = documents_of_event(SearchReaderSettings.load(), stores.bus.destination_topic, spellings)
    found += [search_position(document) for document in documents]
    found += letters_of_event(stores, spellings)
    return list(dict.fromkeys(found))


def _is_on_the_bus(way: Way) -> bool:
    return any(step.stage == "bus" and step.facts.get("there") for step in way.steps)


def _print_ways(asked: str, ways: list[Way], positions: int) -> None:
    if not ways:
        print(f"{printable(asked)}: unknown to the warehouse, to Elasticsearch and to the dead letters")
        return
    console = result_console()
    if positions > 1:
        console.print(
            f"{positions} records carry this id" + (f"; the first {len(ways)}:" if positions > len(ways) else "")
        )
    for way in ways:
        table = Table(box=None, pad_edge=False, show_header=False)
        for step in way.steps:
            table.add_row(f"  {step.stage}", step.text)
        console.print(f"{bus_position(*way.position)}: {way.outcome}")
        console.print(table)


def _as_json(way: Way) -> dict[str, Any]:
    found = {**asdict(way), "position": bus_position(*way.position)}
    return dict(json.loads(json.dumps(found, default=str)))


def _print_day(warehouse: WarehouseLineage, options: argparse.Namespace) -> int:
    date_key = int(options.date.strftime("%Y%m%d"))
    views, rows = warehouse.day_total(options.product, date_key)
    events = warehouse.day_events(options.product, date_key, options.limit)
    found = [
        {
            "event_id": str(event["event_id"]),
            "event_time": event["event_time"].isoformat(),
            "position": bus_position(*position_of(event)),
            "store_id": event["store_id"],
            "run_id": event["run_id"],
        }
        for event in events
    ]
    archives = warehouse.archives(date_key) if views and date_key < warehouse.facts_kept_from() else []
    if options.json:
        print(json.dumps({"view_count": views, "daily_rows": rows, "events": found, "archives": archives}))
        return 0 if views else 1
    if not views:
        print(f"product {printable(options.product)} has no daily row on {options.date}")
        return 1
    print(f"product {printable(options.product)} on {options.date}: {views:,} views in {rows:,} daily rows")
    if date_key < warehouse.facts_kept_from():
        print("retention removed its events" + (f"; they are in {', '.join(archives)}" if archives else ""))
    table = Table("event_id", "event_time", "position", "store_id", "run_id", box=None, pad_edge=False)
    for event in found:
        table.add_row(*(str(value) for value in event.values()))
    result_console().print(table)
    return 0
