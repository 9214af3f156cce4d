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
from typing import Any

import psycopg
from rich.table import Table
from rich.text import Text

from config.command_line import run_command
from config.console import result_console
from config.errors import TerminalError
from config.operator_logins import WarehouseSettings
from spark.quality import Result, broken, keep_results, number, read_checks, run_checks
from utilities.quality_report import headline, quality_page, verdict
from utilities.warehouse_connection import warehouse_connection

ERRORS, WARNINGS = 1, 2  # exit status
STYLES = {"ERROR": "red", "warning": "yellow"}
RUN_STATUS = "SELECT status FROM etl.run WHERE run_id = %s"
RUN_DAYS = "SELECT coalesce(array_agg(DISTINCT date_key), '{}') FROM fact_event WHERE run_id = %s"
# The newest verdicts of each check, over runs and over everything, oldest first.
HISTORY = """
SELECT check_name, array_agg(passed ORDER BY checked_at)
FROM unnest(%s::text[]) AS asked (check_name)
CROSS JOIN LATERAL (
    SELECT passed, checked_at
    FROM etl.quality_result AS result
    WHERE result.check_name = asked.check_name
    ORDER BY checked_at DESC
    LIMIT 20
) AS newest
GROUP BY check_name
"""


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


def check_warehouse(settings: WarehouseSettings, run_id: int | None) -> tuple[list[Result], dict[str, list[bool]]]:
    """Run the checks and keep their results; with them, the newest 20 verdicts of each check, oldest first.

    Raises TerminalError where the run is none that has finished, and AccessError or UnavailableError.
    """
    checks = read_checks()
    with warehouse_connection(
        settings, settings.postgres_user, settings.postgres_password, "-c TimeZone=UTC -c jit=off"
    ) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        results = run_checks(connection, run_id, _days(connection, run_id), checks)
        keep_results(connection, results)
        names = [result.check.name for result in results]
        history: dict[str, list[bool]] = dict(connection.execute(HISTORY, [names]).fetchall())
    return results, history


def _days(connection: psycopg.Connection, run_id: int | None) -> list[int] | None:
    if run_id is None:
        return None
    status = connection.execute(RUN_STATUS, [run_id]).fetchone()
    if status is None or status[0] != "finished":
        raise TerminalError(
            f"run {run_id} has loaded nothing: {f'it is {status[0]}' if status else 'there is no such run'}"
        )
    row = connection.execute(RUN_DAYS, [run_id]).fetchone()
    return sorted(row[0]) if row else []


def exit_status(results: Sequence[Result], strict: bool) -> int:
    """0 when no error rule is broken; 1 when one is; with `strict`, 2 when only warnings are."""
    if broken(results, "error"):
        return ERRORS
    return WARNINGS if strict and broken(results, "warning") else 0


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """The results as one object: how many are broken by severity, and every check with its numbers."""
    return {
        "run": results[0].run_id if results else None,
        "checked_at": results[0].checked_at.isoformat() if results else None,
        "errors": len(broken(results, "error")),
        "warnings": len(broken(results, "warning")),
        "checks": [
            {
                "check": result.check.name,
                "meaning": result.check.meaning,
                "severity": result.check.severity,
                "passed": result.passed,
                "observed": None if result.observed is None else float(result.observed),
                "bound": float(result.check.bound),
                "unit": result.check.unit,
                "detail": result.detail,
            }
            for result in results
        ],
    }


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
            Text(result.detail or ""),
        )
    console.print(table)
    scope = "the whole warehouse" if not results or results[0].run_id is None else f"run {results[0].run_id}"
    console.print(f"{len(results)} checks of {scope}: {headline(results)}")


if __name__ == "__main__":
    sys.exit(main())
