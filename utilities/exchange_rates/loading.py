"""A load: the whole file is read and checked, then, in one transaction, `sql/exchange_rates/` stores its rates."""

import argparse
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from config.errors import ConfigurationError, TerminalError
from config.operator_logins import WarehouseSettings
from config.settings import PROJECT_ROOT
from spark.rules import FIRST_DATE
from utilities.exchange_rates.rate_line import ExchangeRate, exchange_rate, read_rates
from utilities.exchange_rates.settings import ReportingSettings
from utilities.record_file.bad_lines import BadFileError, BadLines, print_bad
from utilities.record_file.reading import BadLine
from utilities.stores.warehouse import warehouse_connection

RATES_FOLDER = PROJECT_ROOT / "sql" / "exchange_rates"
# One load at a time; readers go on.
LOCK = "LOCK TABLE exchange_rate IN SHARE ROW EXCLUSIVE MODE"
STORED = "SELECT min(reporting_currency), count(*) FROM exchange_rate WHERE currency <> reporting_currency"
REMOVE_ALL = "DELETE FROM exchange_rate"


@dataclass(frozen=True)
class RateFigures:
    """What a load found and changed; rates of the reporting currency to itself are not counted."""

    rates: int
    new: int
    changed: int
    removed: int

    @property
    def unchanged(self) -> int:
        return self.rates - self.new - self.changed


def run(options: argparse.Namespace) -> None:
    """Load or remove rates as the command line says, and print the counts, and the bad lines."""
    settings = WarehouseSettings.load()
    if options.remove_all:
        with warehouse_connection(settings, settings.postgres_user, settings.postgres_password) as connection:
            print(f"removed {remove_rates(connection):,} rates")
        return
    reporting_currency = ReportingSettings.load().reporting_currency
    if not reporting_currency:
        raise ConfigurationError("REPORTING_CURRENCY", "is not set: which currency are the rates to, such as EUR?")
    try:
        rates = checked_rates(options.file, reporting_currency)
    except BadFileError as error:
        print_bad(error.lines)
        raise
    with warehouse_connection(settings, settings.postgres_user, settings.postgres_password) as connection:
        figures = load_rates(connection, rates, reporting_currency, options.replace, options.dry_run)
    print(_summary(options.file, reporting_currency, figures, options.dry_run))


def checked_rates(path: Path, reporting_currency: str) -> list[ExchangeRate]:
    """The rates of a file to the reporting currency.

    Raises BadFileError where a line is bad, and TerminalError where there is none, or no file.
    """
    bad = BadLines()
    rates: dict[tuple[str, date], ExchangeRate] = {}
    for record in read_rates(path):
        found = record if isinstance(record, BadLine) else exchange_rate(record, reporting_currency)
        if isinstance(found, BadLine):
            bad.add(found)
        elif (first := rates.setdefault((found.currency, found.rate_date), found)) is not found:
            where = f"of {found.rate_date} is in line {first.line_number} already"
            bad.add(BadLine(found.line_number, "currency", found.currency, where))
    if bad.number:
        raise BadFileError(path.name, bad)
    # What the reporting currency is worth in itself needs no file.
    told = [rate for rate in rates.values() if rate.currency != reporting_currency]
    if not told:
        raise TerminalError(f"{path.name}: no rate in it, nothing was loaded")
    return told


def load_rates(
    connection: psycopg.Connection,
    rates: list[ExchangeRate],
    reporting_currency: str,
    replace: bool = False,
    dry_run: bool = False,
) -> RateFigures:
    """Make the rates those that are stored, within the caller's transaction; others stay, unless they are replaced.

    A dry run does the same and takes it back. Raises TerminalError where stored rates are to another currency.
    """
    own = [ExchangeRate(0, date.fromisoformat(FIRST_DATE), reporting_currency, Decimal(1))]
    with connection.transaction(force_rollback=dry_run):
        connection.execute(LOCK)
        stored, before = _stored(connection)
        if stored not in (None, reporting_currency) and not replace:
            raise TerminalError(
                f"the stored rates are to {stored}, REPORTING_CURRENCY is {reporting_currency}: nothing was loaded;"
                " --replace loads the file in place of all of them"
            )
        if replace:
            _run(connection, "010_exchange_rate_removed", [*rates, *own], reporting_currency)
        _, left = _stored(connection)
        written = _run(connection, "020_exchange_rate", rates, reporting_currency)
        _run(connection, "020_exchange_rate", own, reporting_currency)
        new = _stored(connection)[1] - left
    return RateFigures(len(rates), new, written - new, before - left)


def remove_rates(connection: psycopg.Connection) -> int:
    """Remove all stored rates, within the caller's transaction: how many there were."""
    with connection.transaction():
        connection.execute(LOCK)
        _, number = _stored(connection)
        connection.execute(REMOVE_ALL)
    return number


def _stored(connection: psycopg.Connection) -> tuple[str | None, int]:
    """The currency that the stored rates are to, and their number."""
    reporting_currency, number = connection.execute(STORED).fetchall()[0]
    return reporting_currency, number


def _run(connection: psycopg.Connection, name: str, rates: list[ExchangeRate], reporting_currency: str) -> int:
    statement = (RATES_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    values: dict[str, Any] = {
        "reporting_currency": reporting_currency,
        "currencies": [rate.currency for rate in rates],
        "dates": [rate.rate_date for rate in rates],
        "rates": [rate.rate for rate in rates],
    }
    return connection.execute(statement.encode(), values).rowcount


def _summary(path: Path, reporting_currency: str, figures: RateFigures, dry_run: bool) -> str:
    """All counts in one line: rates = new + changed + unchanged."""
    removed = f"; {figures.removed:,} others removed" if figures.removed else ""
    ending = "; a dry run, nothing was kept" if dry_run else ""
    return (
        f"{path.name}: {figures.rates:,} rates to {reporting_currency}: {figures.new:,} new,"
        f" {figures.changed:,} changed, {figures.unchanged:,} unchanged{removed}{ending}"
    )
