"""`python -m utilities.load_exchange_rates FILE`: daily rates to the reporting currency, for revenue in one currency.

CSV with a header, or JSON lines, plain or gzip, with the columns date, currency and rate (docs/exchange_rates.md). All
or nothing, in one transaction.
"""

import argparse
import sys
from pathlib import Path

from config.command_line import run_command


def main(arguments: list[str] | None = None) -> int:
    """Load rates; returns the exit status."""
    return run_command(_parser(), _run, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="load_exchange_rates",
        description="Load daily exchange rates to REPORTING_CURRENCY; marts then have revenue in that currency, too.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", type=Path, help="CSV with a header, or JSON lines; plain or gzip")
    what.add_argument("--remove-all", action="store_true", help="remove all stored rates: no reporting currency")
    parser.add_argument("--replace", action="store_true", help="the file in place of all stored rates")
    parser.add_argument("--dry-run", action="store_true", help="check, load, report, and take it back")
    return parser


def _run(options: argparse.Namespace) -> None:
    from utilities.exchange_rates.loading import run

    run(options)


if __name__ == "__main__":
    sys.exit(main())
