"""The checks of sql/quality/ and the rule by which a batch is refused."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from config.errors import ConfigurationError, TerminalError
from config.settings import PROJECT_ROOT
from spark.quality import (
    QUALITY_FOLDER,
    Check,
    QualityError,
    QualitySettings,
    Result,
    Severity,
    broken,
    check_batch,
    read_checks,
    run_checks,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def check(name: str = "share_bots", severity: Severity = "error", bound: str = "30", is_scoped: bool = True) -> Check:
    return Check(name, "Share of robots.", severity, Decimal(bound), "percent", is_scoped, f"SELECT '{name}'")


def result(observed: str | None, of: Check | None = None, detail: str | None = None) -> Result:
    return Result(of or check(), NOON, 7, None if observed is None else Decimal(observed), detail)


class Warehouse:
    """Stands in for a connection: answers each check by its name, and keeps what it is given to keep."""

    def __init__(self, answers: dict[str, tuple[Any, str | None]]) -> None:
        self.answers = answers
        self.scopes: list[dict[str, Any]] = []
        self.kept: list[tuple[Any, ...]] = []

    def execute(self, query: bytes, values: dict[str, Any], prepare: bool | None = None) -> "Warehouse":
        self.scopes.append(values)
        self._row = next((row for name, row in self.answers.items() if name in query.decode()), (NOON,))
        return self

    def fetchone(self) -> tuple[Any, ...]:
        return self._row

    def cursor(self) -> "Warehouse":
        return self

    def __enter__(self) -> "Warehouse":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def executemany(self, _: str, rows: list[tuple[Any, ...]]) -> None:
        self.kept.extend(rows)

    @property
    def connection(self) -> psycopg.Connection:
        return cast(psycopg.Connection, self)


def test_each_file_is_one_statement_that_can_be_narrowed_to_a_run_unless_it_says_otherwise() -> None:
    checks = read_checks({})
    assert len(checks) == len(list(QUALITY_FOLDER.glob("*.sql"))) > 30
    for each in checks:
        assert ";" not in each.statement, each.name
        assert each.meaning.endswith("."), each.name
        scoped = "%(run_id)s" in each.statement or "%(days)s" in each.statement
        assert scoped == each.is_scoped or each.name.startswith("partition_"), each.name


@pytest.mark.parametrize(
    "header",
    [
        "SELECT 1\n-- severity: error",
        "-- Meaning.\nSELECT 1",
        "-- Meaning.\n-- severity: fatal",
        "-- Meaning.\n-- severity: error\n-- bound: many rows",
        "-- Meaning.\n-- severity: error\n-- bound: 3",
    ],
)
def test_a_file_with_a_wrong_header_is_named(header: str, tmp_path: Path) -> None:
    (tmp_path / "share_wrong.sql").write_text(header)
    with pytest.raises(TerminalError, match="share_wrong"):
        read_checks({}, tmp_path)


def test_a_shop_sets_bounds_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUALITY_BOUNDS", "share_bots=60, fresh_event = 72.5")
    bounds = {each.name: each.bound for each in read_checks()}
    assert bounds["share_bots"] == 60
    assert bounds["fresh_event"] == Decimal("72.5")
    assert bounds["fresh_run"] == 26


@pytest.mark.parametrize("value", ["share_bots", "share_bots=lots", "share_bots=-1", "share_bots=", "no_such_check=1"])
def test_a_wrong_bound_names_the_variable(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUALITY_BOUNDS", value)
    with pytest.raises(ConfigurationError, match="QUALITY_BOUNDS"):
        read_checks()


def test_bounds_are_empty_unless_set() -> None:
    assert QualitySettings().quality_bounds == {}


@pytest.mark.parametrize(("observed", "passed"), [("0", True), ("30", True), ("30.001", False), (None, True)])
def test_a_check_passes_up_to_its_bound_and_where_there_is_nothing_to_judge(observed: str | None, passed: bool) -> None:
    assert result(observed).passed is passed


def test_a_run_is_spared_the_checks_that_only_the_whole_warehouse_can_answer() -> None:
    checks = [check("share_bots"), check("fresh_event", is_scoped=False)]
    warehouse = Warehouse({"share_bots": (3, "3 of 100"), "fresh_event": (Decimal("1.5"), None)})
    of_run = run_checks(warehouse.connection, 7, [20260101], checks)
    assert [each.check.name for each in of_run] == ["share_bots"]
    assert warehouse.scopes[-1] == {"run_id": 7, "days": [20260101]}
    over_all = run_checks(warehouse.connection, None, None, checks)
    assert [each.observed for each in over_all] == [3, Decimal("1.5")]
    assert warehouse.scopes[-1] == {"run_id": None, "days": None}


def test_a_long_detail_is_cut() -> None:
    (found,) = run_checks(Warehouse({"share_bots": (1, "x" * 5000)}).connection, None, None, [check()])
    assert found.detail is not None
    assert len(found.detail) <= 300


def test_a_batch_within_its_bounds_keeps_its_results() -> None:
    warehouse = Warehouse({"share_bots": (3, None), "share_late": (99, None)})
    check_batch(warehouse.connection, 7, [20260101], [check(), check("share_late", "warning")])
    assert [(row[1], row[2], row[4]) for row in warehouse.kept] == [("share_bots", 7, True), ("share_late", 7, False)]


def test_a_batch_that_breaks_an_error_rule_is_refused_in_one_line_that_names_it() -> None:
    warehouse = Warehouse({"share_bots": (35, "35 of 100"), "share_late": (99, None), "share_other": (1, None)})
    checks = [check(), check("share_late", "warning"), check("share_other")]
    with pytest.raises(QualityError) as refused:
        check_batch(warehouse.connection, 7, [20260101], checks)
    line = str(refused.value)
    assert "share_bots: 35 percent, at most 30 (35 of 100)" in line
    assert "share_late" not in line
    assert "share_other" not in line
    assert "\n" not in line
    assert [each.check.name for each in refused.value.results] == ["share_bots", "share_late", "share_other"]
    assert not warehouse.kept


def test_broken_tells_severities_apart() -> None:
    error, warning = result("31"), result("31", check("share_late", "warning"))
    assert broken([error, warning, result("1")]) == [error]
    assert broken([error, warning], "warning") == [warning]


def test_the_page_of_the_checks_lists_each_with_its_severity_and_meaning() -> None:
    page = (PROJECT_ROOT / "docs" / "quality.md").read_text()
    for each in read_checks({}):
        row = next((line for line in page.splitlines() if line.startswith(f"| `{each.name}` | {each.severity} |")), "")
        assert row.endswith(f"| {each.meaning} |"), each.name
