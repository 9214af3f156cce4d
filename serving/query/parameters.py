"""What requests say: times, days, cursors; and answers as JSON."""

import base64
import binascii
import re
import zlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Query
from starlette.responses import Response

from serving.problem import Code, Problem

JSON = "application/json"
LARGEST_EPOCH = 4_102_444_800
"""The year 2100, in seconds."""
From = Annotated[str | None, Query(alias="from", description="Epoch seconds, or ISO 8601", max_length=40)]
To = Annotated[str | None, Query(alias="to", description="As `from`; not included", max_length=40)]
FirstDay = Annotated[date | None, Query(alias="from", description="First day")]
LastDay = Annotated[date | None, Query(alias="to", description="Last day, included")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before", max_length=2000)]


def refused(field: str, detail: str) -> Problem:
    """Of one parameter."""
    errors = [{"field": field, "code": "invalid", "detail": detail}]
    return Problem(Code.INVALID_PARAMETER, f"{field} {detail}", more={"errors": errors})


def epoch(text: str | None, field: str, default: float) -> float:
    """Seconds since 1970; raises Problem for what is neither a number nor a time."""
    if text is None or not text.strip():
        return default
    if re.fullmatch(r"\d{1,12}(\.\d+)?", text):
        seconds = float(text)
    else:
        try:
            told = datetime.fromisoformat(text)
        except ValueError:
            raise refused(field, "is neither epoch seconds nor a time such as 2026-01-31T12:00:00Z") from None
        seconds = (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
    if not 0 <= seconds <= LARGEST_EPOCH:
        raise refused(field, "is not between 1970 and 2100")
    return seconds


def at(seconds: float) -> datetime:
    """The time, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def days(first: date | None, last: date | None, default_days: int = 30) -> tuple[date, date]:
    """A range of days, the last ones by default; raises Problem for one that ends before it begins."""
    until = last or datetime.now(UTC).date()
    since = first or until - timedelta(days=default_days - 1)
    if since > until:
        raise refused("from", "is after to")
    return since, until


def day_key(day: date) -> int:
    """As `date_key` has it."""
    return day.year * 10_000 + day.month * 100 + day.day


def make_cursor(told: Any) -> str:
    """An opaque text of it, with a check sum: a cursor is passed on, not written by hand."""
    body = orjson.dumps(told)
    return base64.urlsafe_b64encode(zlib.crc32(body).to_bytes(4, "big") + body).decode().rstrip("=")


def read_cursor(text: str | None) -> Any:
    """What a cursor was made of, None without one; raises Problem for any other text."""
    if not text:
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if zlib.crc32(raw[4:]).to_bytes(4, "big") != raw[:4]:
            raise ValueError(text)
        return orjson.loads(raw[4:])
    except (ValueError, binascii.Error):
        raise refused("cursor", "is none that an answer has named") from None


def plain(value: Any) -> Any:
    """For orjson: numbers of any precision as such, times in UTC with Z are its own business."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value))


def encode(body: Any) -> bytes:
    """JSON."""
    return orjson.dumps(body, default=plain, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS)


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer that nobody keeps: it is a person's, and of this moment."""
    return Response(encode(body), status, {"Cache-Control": "no-store"}, JSON)
