"""Running the checks of sql/quality over everything or over one run, and what the results amount to."""

from collections.abc import Sequence
from typing import Any

import psycopg

from config.errors import TerminalError
from config.operator_logins import WarehouseSettings
from spark.quality import Result, broken, keep_results, read_checks, run_checks
from utilities.stores.warehouse import warehouse_connection

ERRORS, WARNINGS = 1, 2  # exit status
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
