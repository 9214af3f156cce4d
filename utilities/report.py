"""`python -m utilities.report`: what the warehouse holds, as answers to the questions in `sql/report`."""

import argparse
import sys

import psycopg
from rich.console import Console
from rich.table import Table

from config.command_line import run_command
from config.console import result_console
from config.settings import PROJECT_ROOT
from utilities.psql import ReaderSettings
from utilities.stores.warehouse import warehouse_connection

QUESTIONS = PROJECT_ROOT / "sql" / "report"


def main(arguments: list[str] | None = None) -> int:
    """Print the report; returns the exit status."""
    parser = argparse.ArgumentParser(prog="report", description="A readable report from the warehouse.")
    return run_command(parser, lambda _: print_report(result_console()), arguments)


def print_report(console: Console) -> None:
    """Ask each question and print its answer as a table.

    Raises UnavailableError, AccessError or TerminalError as one line when PostgreSQL does not answer, refuses the
    login, or has no tables yet.
    """
    settings = ReaderSettings.load()
    with warehouse_connection(settings, settings.postgres_bi_user, settings.postgres_bi_password) as connection:
        for path in sorted(QUESTIONS.glob("*.sql")):
            statement = path.read_text()
            title = statement.splitlines()[0].removeprefix("-- ").split(":")[0]
            console.print(title, style="italic")  # not the table's own title: that is folded to the table's width
            console.print(_table(connection.execute(statement.encode())))
            console.print()


def _table(cursor: psycopg.Cursor[tuple[object, ...]]) -> Table:
    table = Table(box=None, pad_edge=False)
    rows = cursor.fetchall()
    for position, column in enumerate(cursor.description or ()):
        numeric = all(isinstance(row[position], int) and not isinstance(row[position], bool) for row in rows)
        table.add_column(column.name, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    return table


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    sys.exit(main())
