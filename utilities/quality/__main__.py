"""`python -m utilities.quality [--run N] [--json] [--html FILE] [--strict]`: is what the warehouse holds fit for use?

Runs the checks of sql/quality over everything, or over what one run loaded, in one snapshot; keeps the results in
etl.quality_result. Exit status 0 when every error rule holds, 1 when one is broken or the warehouse cannot be asked;
with `--strict` 2 when only warnings are broken.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from config.command_line import run_command
from config.console import result_console
from config.errors import TerminalError
from config.operator_logins import WarehouseSettings
from spark.quality import Result, number
from utilities.quality.check import as_json, check_warehouse, exit_status
from utilities.quality.page import headline, quality_page, verdict

STYLES = {"ERROR": "red", "warning": "yellow"}


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, check and report; returns the exit status."""
    parser = argparse.ArgumentParser(prog="quality", description="Run the data quality checks of sql/quality.")
    parser.add_argument("--run", type=int, metavar="N", help="only what this run of the ETL loaded")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a report that a browser shows")
    parser.add_argument("--strict", action="store_true", help="exit status 2 when a warning is broken")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> int:
    results, history = check_warehouse(WarehouseSettings.load(), options.run)
    if options.html is not None:
        _write(options.html, quality_page(results, history))
    if options.json:
        print(json.dumps(as_json(results)))
    else:
        _print_table(results)
    return exit_status(results, options.strict)


def _write(path: Path, page: str) -> None:
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise TerminalError(f"{path} cannot be written: {error.strerror}") from error


def _print_table(results: Sequence[Result]) -> None:
    console = result_console()
    table = Table("check", "severity", "observed", "at most", "unit", "verdict", "detail", box=None, pad_edge=False)
    for column in (2, 3):
        table.columns[column].justify = "right"
    for result in results:
        check = result.check
        word = verdict(result)
        table.add_row(
            check.name,
            check.severity,
            number(result.observed),
            number(check.bound),
            check.unit,
            Text(word, style=STYLES.get(word, "")),
            result.detail or "",
        )
    console.print(table)
    scope = "the whole warehouse" if not results or results[0].run_id is None else f"run {results[0].run_id}"
    console.print(f"{len(results)} checks of {scope}: {headline(results)}")


if __name__ == "__main__":
    sys.exit(main())
