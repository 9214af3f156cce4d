"""`python -m utilities.refresh_marts`: compute the materialized marts anew; rows and seconds of each.

The ETL does it after its last run. Analysts read the former rows until the new ones are committed, all at once.
"""

import argparse
import sys

from rich.console import Console
from rich.table import Table

from config.command_line import run_command
from config.console import result_console
from config.operator_logins import WarehouseSettings
from utilities.stores.warehouse import warehouse_connection

REFRESH = "SELECT mart, rows, seconds FROM etl.refresh_marts(even_if_fresh => true)"


def main(arguments: list[str] | None = None) -> int:
    """Refresh and print; returns the exit status."""
    parser = argparse.ArgumentParser(prog="refresh_marts", description="Compute the materialized marts anew.")
    return run_command(parser, lambda _: refresh_marts(result_console()), arguments)


def refresh_marts(console: Console) -> None:
    """Refresh every materialized mart in one transaction and print its rows and seconds.

    Raises UnavailableError, AccessError or TerminalError as one line when PostgreSQL does not answer, refuses the
    login, or has no marts yet.
    """
    settings = WarehouseSettings.load()
    table = Table("mart", box=None, pad_edge=False)
    for heading in ("rows", "seconds"):
        table.add_column(heading, justify="right")
    with warehouse_connection(settings, settings.postgres_user, settings.postgres_password) as connection:
        for mart, rows, seconds in connection.execute(REFRESH).fetchall():
            table.add_row(mart, f"{rows:,}", str(seconds))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
