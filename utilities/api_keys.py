"""`python -m utilities.api_keys make | list | revoke`: who may post events to the ingest API.

A key is shown once, when it is made: what is stored of it cannot be turned back. A revoked key is refused within
seconds, by every process of the API, and stays in the list.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import psycopg
from rich.table import Table

from config.command_line import run_command
from config.console import result_console
from config.errors import ConfigurationError, TerminalError
from config.operator_logins import WarehouseSettings
from kafka.feeds.declaration import load_feeds
from serving.api_key import EVERY_FEED, Kind, new_key
from utilities.stores.warehouse import warehouse_connection

MAKE = """
INSERT INTO serving.api_key (key_id, kind, name, secret_hash, feeds, origins, events_per_second, burst)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
LIST = """
SELECT key_id, kind, name, feeds, origins, events_per_second, burst, made_at, revoked_at
FROM serving.api_key ORDER BY made_at, key_id
"""
REVOKE = "UPDATE serving.api_key SET revoked_at = now() WHERE key_id = %s AND revoked_at IS NULL"
KNOWN = "SELECT FROM serving.api_key WHERE key_id = %s"


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and do it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="api_keys", description="Make, list and revoke keys of the ingest API.")
    actions = parser.add_subparsers(dest="action", required=True)
    _add_make(actions.add_parser("make", help="make a key and print it, once", description="Make a key; print it."))
    listing = actions.add_parser("list", help="every key, without its secret", description="List the keys.")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    revoking = actions.add_parser("revoke", help="refuse a key from now on", description="Revoke a key.")
    revoking.add_argument("key_id", help="its id, the second of its three parts; the whole key is taken, too")

    def command(options: argparse.Namespace) -> None:
        settings = WarehouseSettings.load()
        with warehouse_connection(settings, settings.postgres_user, settings.postgres_password) as connection:
            {"make": _make, "list": _list, "revoke": _revoke}[options.action](connection, options)

    return run_command(parser, command, arguments)


def _add_make(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="whose it is")
    parser.add_argument(
        "--feed", action="append", required=True, metavar="FEED", help="a feed that it may write, or * ; repeatable"
    )
    parser.add_argument("--publishable", action="store_true", help="for beacons of web pages, which everybody can read")
    parser.add_argument(
        "--origin", action="append", default=[], help="of a publishable one: pages that may use it; repeatable"
    )
    parser.add_argument("--rate", type=float, default=1000, help="events a second (default 1000)")
    parser.add_argument("--burst", type=int, default=5000, help="events at once (default 5000)")


def _make(connection: psycopg.Connection, options: argparse.Namespace) -> None:
    if options.rate <= 0 or options.burst <= 0:
        raise ConfigurationError("--rate, --burst", "have to be more than 0")
    if options.origin and not options.publishable:
        raise ConfigurationError("--origin", "is for a publishable key: programs send none")
    if options.publishable and EVERY_FEED in options.feed:
        raise ConfigurationError("--feed", "a publishable key is for the feeds that it names")
    known = load_feeds()
    for name in options.feed:
        if name not in (*known, EVERY_FEED):
            raise ConfigurationError("--feed", f"{name} is no feed; there are {', '.join(known)}, or {EVERY_FEED}")
    kind = Kind.PUBLISHABLE if options.publishable else Kind.SECRET
    key = new_key(kind)
    lists = [sorted(set(each)) for each in (options.feed, options.origin)]
    values = [key.key_id, str(kind), options.name, key.secret_hash, *lists, options.rate, options.burst]
    connection.execute(MAKE, values)
    print(key.text)
    print(f"key {key.key_id} is good within seconds; it is not shown again", file=sys.stderr)


def _list(connection: psycopg.Connection, options: argparse.Namespace) -> None:
    cursor = connection.execute(LIST)
    names = [column.name for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if options.json:
        for row in rows:
            print(json.dumps({name: _as_json(value) for name, value in row.items()}))
    else:
        _print(rows)


def _as_json(value: Any) -> Any:
    if value is None or isinstance(value, str | list | int):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else float(value)


def _print(rows: Sequence[dict[str, Any]]) -> None:
    table = Table()
    for heading in ("key", "name", "kind", "feeds", "origins", "events/s", "at once", "made", "revoked"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "key")
    for row in rows:
        times = [f"{at:%Y-%m-%d %H:%M}" if at else "" for at in (row["made_at"], row["revoked_at"])]
        lists = ["\n".join(row[name]) for name in ("feeds", "origins")]
        limits = [f"{row['events_per_second']:g}", f"{row['burst']:,}"]
        table.add_row(row["key_id"], row["name"], row["kind"], *lists, *limits, *times)
    result_console().print(table)


def _revoke(connection: psycopg.Connection, options: argparse.Namespace) -> None:
    parts = options.key_id.split("_")
    key_id = parts[1] if len(parts) > 2 else options.key_id
    if connection.execute(REVOKE, [key_id]).rowcount:
        print(f"key {key_id} is revoked; the API refuses it within seconds")
    elif connection.execute(KNOWN, [key_id]).fetchone() is None:
        raise TerminalError(f"there is no key {key_id}: ./millrace api-keys list shows them")
    else:
        print(f"key {key_id} is revoked already")


if __name__ == "__main__":
    sys.exit(main())
