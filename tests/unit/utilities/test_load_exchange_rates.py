"""The file of exchange rates: what is a rate, one clear line for what is none, and then nothing is loaded."""

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from config.errors import ConfigurationError, TerminalError
from utilities import load_exchange_rates
from utilities.exchange_rates.loading import RATES_FOLDER, checked_rates
from utilities.exchange_rates.rate_line import COLUMNS, ExchangeRate
from utilities.exchange_rates.settings import ReportingSettings
from utilities.record_file.bad_lines import BadFileError

HEADER = ",".join(COLUMNS)
LINE = {"date": "2026-01-05", "currency": "MXN", "rate": "0.0486"}
PESO = ExchangeRate(2, date(2026, 1, 5), "MXN", Decimal("0.0486"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rates.csv"


def rates(path: Path, *lines: str) -> list[ExchangeRate]:
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return checked_rates(path, "EUR")


def bad_lines(path: Path, *lines: str) -> list[str]:
    with pytest.raises(BadFileError) as refused:
        rates(path, *lines)
    return [str(line) for line in refused.value.lines]


def test_csv_and_json_lines_plain_or_gzip_tell_the_same(path: Path) -> None:
    as_csv = f"{HEADER}\r\n{','.join(LINE.values())}\r\n".encode()
    for content in (as_csv, gzip.compress(as_csv)):
        path.write_bytes(content)
        assert checked_rates(path, "EUR") == [PESO]
    for rate in (0.0486, "0.0486"):
        path.write_bytes(json.dumps({**LINE, "rate": rate}).encode())
        assert checked_rates(path, "EUR") == [PESO._replace(line_number=1)]


def test_columns_come_in_any_order_and_codes_in_any_case(path: Path) -> None:
    path.write_text("rate,date,currency\n0.0486,2026-01-05,mxn\n")
    assert checked_rates(path, "EUR") == [PESO]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("date", "", "is no date such as 2026-01-31"),
        ("date", "05.01.2026", "is no date such as 2026-01-31"),
        ("date", "20260105", "is no date such as 2026-01-31"),
        ("date", "2026-02-30", "is no date such as 2026-01-31"),
        ("date", "0026-01-05", "lies before 2000-01-01"),
        ("date", 20260105, "is no text"),
        ("currency", "", "is missing"),
        ("currency", "€", "is no currency of ISO 4217"),
        ("currency", "DEM", "is no currency of ISO 4217"),
        ("rate", None, "is no rate such as 0.0486"),
        ("rate", "0", "is no rate such as 0.0486"),
        ("rate", "0.00", "is no rate such as 0.0486"),
        ("rate", "-1.2", "is no rate such as 0.0486"),
        ("rate", "1,2", "is no rate such as 0.0486"),
        ("rate", "NaN", "is no rate such as 0.0486"),
        ("rate", 1e-13, "is no rate such as 0.0486"),
        ("rate", 1e30, "is no rate such as 0.0486"),
        ("rate", True, "is no text"),
    ],
)
def test_a_bad_value_is_named_with_its_line_field_and_rule_and_no_rate_is_left(
    path: Path, field: str, value: Any, problem: str
) -> None:
    path.write_text("\n".join(json.dumps(line) for line in (LINE, {**LINE, "date": "2026-01-06", field: value})))
    with pytest.raises(BadFileError, match=r"rates\.csv: 1 line is bad, nothing was loaded$") as refused:
        checked_rates(path, "EUR")
    (bad,) = refused.value.lines
    assert (bad.line, bad.field, bad.value) == (2, field, value)
    assert bad.problem.startswith(problem)


def test_a_rate_of_a_day_to_come_is_refused(path: Path) -> None:
    today = datetime.now(UTC).date()
    assert rates(path, f"{today},MXN,0.0486")
    assert "lies in the future" in bad_lines(path, f"{today + timedelta(days=2)},MXN,0.0486")[0]


def test_a_currency_has_one_rate_a_day_and_the_reporting_currency_is_one(path: Path) -> None:
    said = bad_lines(path, "2026-01-05,MXN,0.0486", "2026-01-05,MXN,0.0487", "2026-01-05,EUR,1.1")
    assert said == [
        "line 3: currency 'MXN': of 2026-01-05 is in line 2 already",
        "line 4: rate '1.1': of the reporting currency to itself is not 1",
    ]
    assert rates(path, "2026-01-05,EUR,1.0", "2026-01-05,MXN,0.0486") == [PESO._replace(line_number=3)]


@pytest.mark.parametrize("content", ["", HEADER, f"{HEADER}\n2026-01-05,EUR,1\n"])
def test_a_file_without_a_rate_is_refused(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(TerminalError, match="no rate in it, nothing was loaded"):
        checked_rates(path, "EUR")


def test_a_file_of_something_else_is_refused_as_a_whole(path: Path) -> None:
    path.write_text("product_id,name\n1,Ring\n")
    with pytest.raises(
        TerminalError, match=r"date, currency, rate missing.*a file of exchange rates has date, currency"
    ):
        checked_rates(path, "EUR")


def test_without_a_reporting_currency_nothing_is_loaded(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", "secret")
    monkeypatch.setenv("REPORTING_CURRENCY", "")
    assert ReportingSettings.load().reporting_currency == ""
    assert load_exchange_rates.main([str(path)]) != 0
    assert "REPORTING_CURRENCY: is not set" in capsys.readouterr().err
    monkeypatch.setenv("REPORTING_CURRENCY", "eur")
    assert ReportingSettings.load().reporting_currency == "EUR"
    monkeypatch.setenv("REPORTING_CURRENCY", "euro")
    with pytest.raises(ConfigurationError, match="REPORTING_CURRENCY"):
        ReportingSettings.load()


def test_each_file_of_sql_is_one_statement_with_its_grain_in_the_first_line() -> None:
    statements = sorted(RATES_FOLDER.glob("*.sql"))
    assert statements
    for file in statements:
        first, *rest = file.read_text(encoding="utf-8").splitlines()
        assert first.startswith("-- One row"), file.name
        assert ";" not in "".join(rest), file.name
