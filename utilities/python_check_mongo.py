"""`python -m utilities.python_check_mongo [--personal]`: how many events are landed, by partition and kind, and one.

The one is shown without what tells whose it is, unless `--personal` asks for it.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bson import json_util
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.table import Table

from config.command_line import run_command
from config.console import result_console
from config.printable import printable_lines
from config.signs_of_life import working
from kafka.scrubbing.scrub import scrubbed_json
from utilities.stores.raw_store import RawStore, raw_store_error

KINDS = 30


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and print the check; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python_check_mongo", description="Look into the raw store.")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument(
        "--personal", action="store_true", help="show ip, e-mail address, user id, key and headers, too"
    )
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    with RawStore.connect() as store:
        try:
            with working("counting landed events by partition"):
                partitions = store.counts_by_partition()
            with working("counting landed events by kind: every one is read"):
                kinds = store.counts_by_kind()
            example = store.newest()
        except PyMongoError as error:
            raise raw_store_error(store.address, error) from error
    found = {
        "collection": store.name,
        "documents": sum(partitions.values()),
        "partitions": {f"{topic}:{partition}": count for (topic, partition), count in sorted(partitions.items())},
        "kinds": kinds,
    }
    if options.json:
        print(json.dumps(found))
    else:
        _print_tables(found, example if options.personal or example is None else without_personal(example))


def without_personal(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document, scrubbed; of key and headers, which hold the device's id or anything, the size."""
    bus = dict(document.get("kafka") or {})
    if bus.get("key") is not None:
        bus["key"] = f"{len(bus['key'])} bytes"
    if bus.get("headers") is not None:
        bus["headers"] = f"{len(bus['headers'])} headers"
    return {**document, "event": scrubbed_json(document.get("event")), "kafka": bus}


def _print_tables(found: Mapping[str, Any], example: Mapping[str, Any] | None) -> None:
    console = result_console()
    console.print(f"{found['collection']}: {found['documents']:,} documents")
    _print_counts(console, "topic:partition", list(found["partitions"].items()))
    _print_counts(console, "kind of event", list(found["kinds"].items())[:KINDS])
    if example is not None:
        console.print("newest document of the last partition:")
        print(printable_lines(json_util.dumps(example, indent=2, ensure_ascii=False)))


def _print_counts(console: Console, title: str, rows: Sequence[tuple[str, int]]) -> None:
    table = Table(title, "documents", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for name, count in rows:
        table.add_row(name, f"{count:,}")
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
