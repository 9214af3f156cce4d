"""`./millrace anomalies [--follow]` judges the live windows; `list`, `confirm` and `dismiss` are for analysts.

A confirmed incident stays out of what is usual. A dismissed one goes back into it, and is not raised again.
"""

import argparse
import getpass
import json
import sys
from collections.abc import Sequence
from typing import Any

import psycopg
from rich.table import Table

from config.command_line import run_command
from config.console import result_console
from config.errors import TerminalError
from config.operator_logins import WarehouseSettings
from utilities.stores.warehouse import warehouse_connection

LIST = """
SELECT anomaly_id, kind, feed, metric, dimension, member, started_at, ended_at, windows, value, expected, lower, upper,
       score, explanation, state, state_by, state_at
FROM live.anomaly
WHERE (%(all)s OR state = 'open') ORDER BY started_at DESC, anomaly_id DESC LIMIT %(limit)s
"""
SAY = """
UPDATE live.anomaly SET state = %s, state_by = %s, state_at = now() WHERE anomaly_id = ANY (%s) RETURNING anomaly_id
"""
STATES = {"confirm": "confirmed", "dismiss": "dismissed"}


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and do it; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="anomalies", description="Judge the closed windows of the live side; list, confirm or dismiss incidents."
    )
    parser.add_argument("--follow", action="store_true", help="keep running, and judge windows as they close")
    actions = parser.add_subparsers(dest="action")
    listing = actions.add_parser("list", help="incidents, newest first", description="List incidents, newest first.")
    listing.add_argument("--all", action="store_true", help="confirmed and dismissed ones too")
    listing.add_argument("--limit", type=int, default=50, help="so many (default 50)")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    _add_saying(actions.add_parser("confirm", help="it is one", description="Keep incidents out of what is usual."))
    _add_saying(actions.add_parser("dismiss", help="it is none", description="Take incidents back into what is usual."))
    return run_command(parser, _run, arguments)


def _add_saying(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="+", type=int, metavar="ID", help="as the list numbers them")
    parser.add_argument("--by", default=None, help="who says so (default: your user name)")


def _run(options: argparse.Namespace) -> None:
    if options.action is None:
        from anomalies.process import run

        run(options.follow)
        return
    settings = WarehouseSettings.load()
    with warehouse_connection(settings, settings.postgres_user, settings.postgres_password) as connection:
        if options.action == "list":
            _list(connection, options)
        else:
            _say(connection, options.ids, STATES[options.action], options.by or getpass.getuser())


def _say(connection: psycopg.Connection, ids: Sequence[int], state: str, by: str) -> None:
    known = {row[0] for row in connection.execute(SAY, [state, by, list(ids)])}
    if missing := [str(each) for each in ids if each not in known]:
        raise TerminalError(f"there is no incident {', '.join(missing)}: ./millrace anomalies list --all shows them")
    print(f"{state}: {', '.join(map(str, ids))}", file=sys.stderr)


def _list(connection: psycopg.Connection, options: argparse.Namespace) -> None:
    cursor = connection.execute(LIST, {"all": options.all, "limit": options.limit})
    names = [column.name for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if options.json:
        for row in rows:
            print(json.dumps({name: _as_json(value) for name, value in row.items()}))
    else:
        _print(rows)


def _as_json(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _print(rows: Sequence[dict[str, Any]]) -> None:
    table = Table()
    for heading in ("id", "kind", "began", "score", "state", "what"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "id")
    for row in rows:
        state = f"{row['state']}{' by ' + row['state_by'] if row['state_by'] else ''}"
        began = f"{row['started_at']:%Y-%m-%d %H:%M}"
        table.add_row(str(row["anomaly_id"]), row["kind"], began, f"{row['score']:.1f}", state, row["explanation"])
    result_console().print(table)


if __name__ == "__main__":
    sys.exit(main())
