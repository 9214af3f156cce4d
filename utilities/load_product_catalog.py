"""`python -m utilities.load_product_catalog FILE`: merge the shop's catalogue, keeping its history.

CSV with a header, or JSON lines, plain or gzip, with the columns product_id, name, category, price, currency and
active (docs/product_catalog.md). All or nothing, in one transaction that no run of the ETL overlaps.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from config.command_line import run_command
from config.operator_logins import WarehouseSettings
from spark.ledger import Ledger
from spark.marts import refresh_marts
from spark.warehouse import WarehouseLogin
from utilities.product_catalog.catalog_file import BadLine
from utilities.product_catalog.merge import BadCatalogError, Catalog, LoadFigures, load_catalog

# A person waits: long enough for a restart of the server.
OUTAGE_SECONDS = 30.0


def main(arguments: list[str] | None = None) -> int:
    """Load a catalogue; returns the exit status."""
    return run_command(_parser(), _run, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="load_product_catalog", description="Merge a product catalogue into the warehouse, keeping its history."
    )
    parser.add_argument("file", type=Path, help="CSV with a header, or JSON lines; plain or gzip")
    parser.add_argument(
        "--valid-from",
        type=instant,
        metavar="TIMESTAMP",
        help="since when the products are as the file says, ISO 8601, UTC where it has no offset (default: now)",
    )
    parser.add_argument("--dry-run", action="store_true", help="check, merge, report, and take it back")
    parser.add_argument("--skip-bad", action="store_true", help="load the other lines where some are bad")
    parser.add_argument("--wait", action="store_true", help="wait for a run of the ETL that is under way")
    return parser


def instant(text: str) -> datetime:
    """An instant in ISO 8601; raises ArgumentTypeError for anything else."""
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-03-01T06:00:00Z") from None


def _run(options: argparse.Namespace) -> None:
    catalog = Catalog(options.file, options.valid_from, options.skip_bad, options.dry_run)
    try:
        with Ledger(_login(WarehouseSettings.load()), wait=options.wait) as ledger:
            figures = ledger.transaction(lambda connection: load_catalog(connection, catalog))
            if not options.dry_run and (figures.new_products or figures.changed_products):
                refresh_marts(ledger, even_if_fresh=True)
    except BadCatalogError as error:
        _print_bad(error.lines)
        raise
    _print_bad(figures.bad.first)
    print(_summary(catalog, figures))


def _login(settings: WarehouseSettings) -> WarehouseLogin:
    return WarehouseLogin(
        host=settings.postgres_host,
        port=settings.postgres_port,
        database=settings.postgres_db,
        user=settings.postgres_user,
        password=settings.postgres_password,
        outage_seconds=OUTAGE_SECONDS,
    )


def _print_bad(lines: list[BadLine]) -> None:
    for line in sorted(lines, key=lambda line: line.line):
        print(line, file=sys.stderr)


def _summary(catalog: Catalog, figures: LoadFigures) -> str:
    """All counts in one line: products = new + changed + unchanged."""
    new, changed, unchanged = figures.new_products, figures.changed_products, figures.unchanged_products
    ending = "; a dry run, nothing was kept" if catalog.dry_run else ""
    return (
        f"{catalog.path.name}: {figures.products:,} products valid from {figures.valid_from.isoformat()}:"
        f" {new:,} new, {changed:,} changed, {unchanged:,} unchanged, {figures.new_versions:,} versions begun;"
        f" {figures.bad.number:,} bad lines left out{ending}"
    )


if __name__ == "__main__":
    sys.exit(main())
