"""What a line of a file of exchange rates must hold."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from utilities.record_file.fields import FieldError, currency_of, number_text_of, text_of
from utilities.record_file.reading import BadLine, FileKind, Record, read_records

COLUMNS = ("date", "currency", "rate")
RATES = FileKind("file of exchange rates", COLUMNS)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Twelve decimals: the rial, 0.0000206 euro, has six digits left.
RATE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")
# A rate holds until the currency's next one: a year mistyped as 0026 would be the rate of all days without one.
FIRST_RATE_DATE = date(2000, 1, 1)
# Of time zones ahead of UTC.
AHEAD = timedelta(hours=14)


class ExchangeRate(NamedTuple):
    """A valid line: one unit of `currency` is worth `rate` of the reporting currency."""

    line_number: int
    rate_date: date
    currency: str
    rate: Decimal


def read_rates(path: Path) -> Iterator[Record | BadLine]:
    """The lines of a file of rates, as `read_records` does; raises what it does."""
    return read_records(path, RATES)


def exchange_rate(record: Record, reporting_currency: str) -> ExchangeRate | BadLine:
    """The record as a rate to the reporting currency, or the first rule that it breaks."""
    values = record.values
    try:
        currency = _currency(values["currency"])
        return ExchangeRate(
            line_number=record.line,
            rate_date=_date(values["date"]),
            currency=currency,
            rate=_rate(values["rate"], is_own=currency == reporting_currency),
        )
    except FieldError as error:
        return BadLine(record.line, error.field, values[error.field], error.problem)


def _date(value: Any) -> date:
    text = text_of("date", value) or ""
    try:
        day = date.fromisoformat(text) if DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise FieldError("date", "is no date such as 2026-01-31")
    if day < FIRST_RATE_DATE:
        raise FieldError("date", f"lies before {FIRST_RATE_DATE}")
    if day > (datetime.now(UTC) + AHEAD).date():
        raise FieldError("date", "lies in the future")
    return day


def _currency(value: Any) -> str:
    text = text_of("currency", value)
    if text is None:
        raise FieldError("currency", "is missing")
    return currency_of("currency", text)


def _rate(value: Any, is_own: bool) -> Decimal:
    text = number_text_of("rate", value) or ""
    if not RATE.fullmatch(text) or not Decimal(text):
        raise FieldError("rate", "is no rate such as 0.0486 (a point, above 0, below 10^9, 12 decimals at most)")
    rate = Decimal(text)
    if is_own and rate != 1:
        raise FieldError("rate", "of the reporting currency to itself is not 1")
    return rate
