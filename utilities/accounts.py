"""`python -m utilities.accounts add | password | remove | list`: who may log in to the dashboard.

A password is read from standard input, or made and printed once. A removed account, and one whose password is set
anew, is logged out everywhere within seconds.
"""

import argparse
import getpass
import json
import re
import secrets
import sys
import uuid

import psycopg
from rich.table import Table

from config.command_line import run_command
from config.console import result_console
from config.errors import ConfigurationError, TerminalError
from config.operator_logins import WarehouseSettings
from serving.accounts.password import hash_of
from serving.accounts.store import ADD_ACCOUNT, OPERATOR, VIEWER
from utilities.stores.warehouse import warehouse_connection

SET = "UPDATE serving.account SET password_hash = %s, credential_id = %s, password_at = now() WHERE name = %s"
REMOVE = "DELETE FROM serving.account WHERE name = %s"
LIST = "SELECT name, role, made_at, password_at FROM serving.account ORDER BY name"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
GENERATED_BYTES = 15


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and do it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="accounts", description="Who may log in to the dashboard.")
    actions = parser.add_subparsers(dest="action", required=True)
    adding = actions.add_parser("add", help="make an account", description="Make an account.")
    adding.add_argument("--role", choices=[VIEWER, OPERATOR], default=VIEWER, help="an operator may change things")
    setting = actions.add_parser("password", help="set its password anew", description="Set a password anew.")
    for each in (adding, setting):
        each.add_argument("name", help="what the person logs in as")
        each.add_argument("--generate", action="store_true", help="make a password and print it, once")
    removing = actions.add_parser("remove", help="log it out and remove it", description="Remove an account.")
    removing.add_argument("name", help="what the person logs in as")
    listing = actions.add_parser("list", help="every account", description="List the accounts.")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")

    def command(options: argparse.Namespace) -> None:
        settings = WarehouseSettings.load()
        do = {"add": _add, "password": _password, "remove": _remove, "list": _list}[options.action]
        with warehouse_connection(settings, settings.postgres_user, settings.postgres_password) as connection:
            do(connection, options)

    return run_command(parser, command, arguments)


def _add(connection: psycopg.Connection, options: argparse.Namespace) -> None:
    if not NAME.fullmatch(options.name):
        raise ConfigurationError("name", "has small letters, digits and . _ - only, 64 at most")
    kept, shown = _new_password(options)
    if not connection.execute(ADD_ACCOUNT, [options.name, options.role, kept, uuid.uuid4()]).rowcount:
        raise TerminalError(f"there is an account {options.name}: ./millrace accounts password sets its password")
    _tell(f"{options.name} may log in as {options.role}, within seconds", shown)


def _password(connection: psycopg.Connection, options: argparse.Namespace) -> None:
    kept, shown = _new_password(options)
    if not connection.execute(SET, [kept, uuid.uuid4(), options.name]).rowcount:
        raise TerminalError(f"there is no account {options.name}: ./millrace accounts list shows them")
    _tell(f"{options.name} has another password; whoever was logged in so has to log in anew", shown)


def _remove(connection: psycopg.Connection, options: argparse.Namespace) -> None:
    if not connection.execute(REMOVE, [options.name]).rowcount:
        raise TerminalError(f"there is no account {options.name}: ./millrace accounts list shows them")
    print(f"{options.name} is removed, and logged out within seconds")


def _list(connection: psycopg.Connection, options: argparse.Namespace) -> None:
    rows = connection.execute(LIST).fetchall()
    if options.json:
        for name, role, made_at, password_at in rows:
            told = {"name": name, "role": role, "made_at": made_at.isoformat(), "password_at": password_at.isoformat()}
            print(json.dumps(told))
        return
    table = Table("account", "role", "made", "password of")
    for name, role, made_at, password_at in rows:
        table.add_row(name, role, f"{made_at:%Y-%m-%d %H:%M}", f"{password_at:%Y-%m-%d %H:%M}")
    result_console().print(table)


def _new_password(options: argparse.Namespace) -> tuple[str, str | None]:
    """What is kept, and what is shown of a password that was made."""
    if options.generate:
        made = secrets.token_urlsafe(GENERATED_BYTES)
        return hash_of(made), made
    typed = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    try:
        return hash_of(typed), None
    except ValueError as error:
        raise ConfigurationError("the password", str(error)) from None


def _tell(done: str, shown: str | None) -> None:
    if shown is not None:
        print(shown)
    print(done, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
