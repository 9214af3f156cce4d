"""`python -m utilities.load_product_catalog FILE`: merge the shop's catalogue, keeping its history.

CSV with a header, or JSON lines, plain or gzip, with the columns product_id, name, category, price, currency and
active (docs/product_catalog.md). All or nothing, in one transaction that no run of the ETL overlaps.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from config.command_line import run_command


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
    # Not before the options are understood: what the ETL shares with this takes half a second to import.
    from utilities.product_catalog.loading import load_file

    load_file(options)


if __name__ == "__main__":
    sys.exit(main())
