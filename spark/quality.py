"""Data quality: the checks of `sql/quality/`, run over one run's rows within its transaction, or over everything.

A file is one statement that returns one row: the observed value, and a detail with counts or examples. Its header says
what it means (first line), `-- severity: error|warning`, the most that passes (`-- bound: 5 percent`; no row where it
has none), and `-- scope: all` where a single run cannot be judged. `%(run_id)s` and `%(days)s` (day keys) narrow it to
what a run loaded; both are NULL for everything. A line with `{fact}` stands for every fact with a row an event of
certain kinds (migrations/facts.py).
"""

import logging
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import psycopg
from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from config.errors import ConfigurationError, TerminalError
from config.settings import PROJECT_ROOT, Settings
from migrations.facts import for_facts_of_kinds

logger = logging.getLogger(__name__)

QUALITY_FOLDER = PROJECT_ROOT / "sql" / "quality"
LONGEST_DETAIL = 300
Severity = Literal["error", "warning"]
HEADER_LINE = re.compile(r"-- (severity|bound|scope): (.+)")
KEEP = """
INSERT INTO etl.quality_result (checked_at, check_name, run_id, severity, passed, observed, bound, unit, detail)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


class QualitySettings(Settings):
    """Bounds of this shop's own."""

    quality_bounds: Annotated[dict[str, Annotated[Decimal, Field(ge=0)]], NoDecode] = Field(default={})
    """Bounds that replace those in sql/quality, as `share_bots=60, fresh_event=72`."""

    @field_validator("quality_bounds", mode="before")
    @classmethod
    def _of_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        named = [part.partition("=") for part in value.split(",") if part.strip()]
        if not all(equals for _, equals, _ in named):
            raise ValueError("must be like share_bots=60, fresh_event=72")
        return {name.strip(): bound.strip() for name, _, bound in named}


@dataclass(frozen=True)
class Check:
    """One file of `sql/quality/`; it passes while it observes no more than `bound`, in `unit`."""

    name: str
    meaning: str
    severity: Severity
    bound: Decimal
    unit: str
    is_scoped: bool
    statement: str


@dataclass(frozen=True)
class Result:
    """What a check observed: `run_id` None is over everything, `observed` None where there was nothing to judge."""

    check: Check
    checked_at: datetime
    run_id: int | None
    observed: Decimal | None
    detail: str | None

    @property
    def passed(self) -> bool:
        return self.observed is None or self.observed <= self.check.bound

    @property
    def line(self) -> str:
        """`share_bots: 35 percent, at most 30 (350 of 1000 events)`."""
        observed, bound = number(self.observed), number(self.check.bound)
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.check.name}: {observed} {self.check.unit}, at most {bound}{detail}"


class QualityError(TerminalError):
    """A batch breaks an error rule and is not published; `results` are those of all its checks."""

    def __init__(self, results: Sequence[Result]) -> None:
        self.results = results
        rules = "; ".join(result.line for result in broken(results))
        super().__init__(f"nothing was published, the batch breaks {rules}")


def number(value: Decimal | None) -> str:
    """`12,345.6`, without trailing zeros; `-` for nothing."""
    if value is None:
        return "-"
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_checks(bounds: Mapping[str, Decimal] | None = None, folder: Path = QUALITY_FOLDER) -> list[Check]:
    """Every check by name; `bounds` replace the files' own, None for those of the settings.

    Raises ConfigurationError where a bound names no check, TerminalError where a header is not as it should be.
    """
    own_bounds = QualitySettings.load().quality_bounds if bounds is None else bounds
    checks = [_read(file, own_bounds) for file in sorted(folder.glob("*.sql"))]
    if unknown := set(own_bounds) - {check.name for check in checks}:
        raise ConfigurationError("QUALITY_BOUNDS", f"no check in sql/quality is called {min(unknown)}")
    return checks


def _read(file: Path, bounds: Mapping[str, Decimal]) -> Check:
    statement = file.read_text(encoding="utf-8")
    first, *rest = statement.splitlines()
    header = {match[1]: match[2] for line in rest if (match := HEADER_LINE.fullmatch(line))}
    severity = next((known for known in get_args(Severity) if known == header.get("severity")), None)
    bound, _, unit = header.get("bound", "0 rows").partition(" ")
    if severity is None or not first.startswith("-- ") or not re.fullmatch(r"\d+(\.\d+)?", bound) or not unit:
        raise TerminalError(f"{file.name}: its header needs a meaning, a severity, and a bound as number and unit")
    return Check(
        name=file.stem,
        meaning=first.removeprefix("-- "),
        severity=severity,
        bound=bounds.get(file.stem, Decimal(bound)),
        unit=unit,
        is_scoped=header.get("scope") != "all",
        statement=for_facts_of_kinds(statement),
    )


def run_checks(
    connection: psycopg.Connection,
    run_id: int | None,
    days: Sequence[int] | None,
    checks: Iterable[Check],
) -> list[Result]:
    """Run the checks in the caller's transaction: over a run's rows, which are all on `days`, or with None over all.

    Raises psycopg.Error.
    """
    checked_at: datetime = _row(connection, "SELECT clock_timestamp()", {})[0]
    scope = {"run_id": run_id, "days": None if days is None else list(days)}
    results: list[Result] = []
    for check in checks:
        if run_id is not None and not check.is_scoped:
            continue
        observed, detail = _row(connection, check.statement, scope)
        value = None if observed is None else Decimal(observed)
        results.append(Result(check, checked_at, run_id, value, detail[:LONGEST_DETAIL] if detail else None))
    return results


def _row(connection: psycopg.Connection, statement: str, values: Mapping[str, object]) -> tuple[Any, ...]:
    # Never prepared: only a plan for these very values leaves out the partitions and rows of other days.
    row = connection.execute(statement.encode(), values, prepare=False).fetchone()
    if row is None:
        raise TerminalError(f"a check returned no row: {statement.splitlines()[0]}")
    return row


def keep_results(connection: psycopg.Connection, results: Iterable[Result]) -> None:
    """Add the results to etl.quality_result, in the caller's transaction."""
    rows = [
        (
            result.checked_at,
            result.check.name,
            result.run_id,
            result.check.severity,
            result.passed,
            result.observed,
            result.check.bound,
            result.check.unit,
            result.detail,
        )
        for result in results
    ]
    with connection.cursor() as cursor:
        cursor.executemany(KEEP, rows)


def broken(results: Iterable[Result], severity: Severity = "error") -> list[Result]:
    """The results of one severity that did not pass."""
    return [result for result in results if not result.passed and result.check.severity == severity]


def check_batch(connection: psycopg.Connection, run_id: int, days: Sequence[int], checks: Iterable[Check]) -> None:
    """Judge what a run is about to publish, at the end of its transaction, and keep the results.

    Raises QualityError, with the results, where it breaks an error rule; a broken warning is logged.
    """
    started = time.monotonic()
    results = run_checks(connection, run_id, days, checks)
    logger.info("checked run=%d checks=%d seconds=%.2f", run_id, len(results), time.monotonic() - started)
    for result in broken(results, "warning"):
        logger.warning("quality run=%d %s", run_id, result.line)
    if broken(results):
        raise QualityError(results)
    keep_results(connection, results)
