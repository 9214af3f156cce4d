"""One zone, read alike by Python, PostgreSQL and Java, each of which has a database of zones of its own.

PostgreSQL takes CET, EET, MET and WET for abbreviations, without summer time; Java does not know the newest zones.
"""

from bisect import bisect
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg

from config.errors import TerminalError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST = datetime(2015, 1, 1, tzinfo=UTC)
"""The first day of dim_date."""
LOCAL = "SELECT moment AT TIME ZONE %s FROM unnest(%s::timestamptz[]) WITH ORDINALITY AS at (moment, n) ORDER BY n"


class MisreadZoneError(TerminalError):
    """A clock of the zone is not Python's, or there is none."""

    def __init__(self, found: str) -> None:
        advice = "set BUSINESS_TIME_ZONE to a zone such as Europe/Berlin, or update its database of zones"
        super().__init__(f"{found}: nothing was changed; {advice}")


def refuse_zone_of_postgresql(connection: psycopg.Connection, zone: str) -> None:
    """Compare PostgreSQL's clock with Python's, twice a day since 2015; raises MisreadZoneError where they differ."""
    moments = _moments()
    try:
        with connection.transaction():
            clock = [local for (local,) in connection.execute(LOCAL, [zone, moments])]
    except psycopg.errors.InvalidParameterValue:
        raise MisreadZoneError(f"PostgreSQL does not know BUSINESS_TIME_ZONE={zone}") from None
    _compare("PostgreSQL", zone, moments, clock)


def refuse_zone_of_java(session: "SparkSession", zone: str) -> None:
    """Compare the clock by which Spark tells days with Python's, as above; raises MisreadZoneError."""
    java: Any = session.sparkContext._jvm
    zones = java.java.time.ZoneId
    if not (zones.getAvailableZoneIds().contains(zone) or zones.SHORT_IDS.containsKey(zone)):
        raise MisreadZoneError(f"Java does not know BUSINESS_TIME_ZONE={zone}")
    moments, begun, offsets = _moments(), [FIRST.timestamp()], []
    rules = java.org.apache.spark.sql.catalyst.util.DateTimeUtils.getZoneId(zone).getRules()
    instant = java.java.time.Instant.ofEpochSecond(int(begun[0]))
    offsets.append(rules.getOffset(instant).getTotalSeconds())
    # A call a change of the clock, not two a day.
    while begun[-1] < moments[-1].timestamp() and (change := rules.nextTransition(instant)) is not None:
        instant = change.getInstant()
        begun.append(instant.getEpochSecond())
        offsets.append(change.getOffsetAfter().getTotalSeconds())
    clock = [
        moment.replace(tzinfo=None) + timedelta(seconds=offsets[bisect(begun, moment.timestamp()) - 1])
        for moment in moments
    ]
    _compare("Java", zone, moments, clock)


def _moments() -> list[datetime]:
    """Twice a day since 2015, until tomorrow."""
    until_tomorrow = datetime.now(UTC) + timedelta(days=1) - FIRST
    return [FIRST + timedelta(hours=12 * n) for n in range(until_tomorrow // timedelta(hours=12))]


def _compare(reader: str, zone: str, moments: Sequence[datetime], clock: Sequence[datetime]) -> None:
    own = ZoneInfo(zone)
    for moment, local in zip(moments, clock, strict=True):
        if moment.astimezone(own).replace(tzinfo=None) != local:
            raise MisreadZoneError(
                f"{reader} reads BUSINESS_TIME_ZONE={zone} otherwise than Python on {local:%Y-%m-%d}"
            )
