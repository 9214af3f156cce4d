"""One zone, read alike by Python, PostgreSQL and Java, each of which has a database of zones of its own."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg

from config.errors import TerminalError

MISREAD = frozenset({"CET", "EET", "MET", "WET", "Factory", "localtime", "posixrules", "America/Coyhaique"})
"""PostgreSQL takes the first four for abbreviations, without summer time; Java does not know the others."""
FIRST = datetime(2015, 1, 1, tzinfo=UTC)
"""The first day of dim_date."""
LOCAL = "SELECT moment, moment AT TIME ZONE %s FROM unnest(%s::timestamptz[]) AS moment ORDER BY moment"


class MisreadZoneError(TerminalError):
    """PostgreSQL's clock of the zone is not Python's."""


def refuse_misread_zone(connection: psycopg.Connection, zone: str) -> None:
    """Compare the clocks of the zone, twice a day since 2015; raises MisreadZoneError where they differ."""
    own, end = ZoneInfo(zone), datetime.now(UTC) + timedelta(days=1)
    moments = [FIRST + timedelta(hours=12 * n) for n in range((end - FIRST) // timedelta(hours=12))]
    advice = (
        "nothing was changed; set BUSINESS_TIME_ZONE to a zone such as Europe/Berlin, or update its database of zones"
    )
    try:
        with connection.transaction():
            read = connection.execute(LOCAL, [zone, moments]).fetchall()
    except psycopg.errors.InvalidParameterValue:
        raise MisreadZoneError(f"PostgreSQL does not know BUSINESS_TIME_ZONE={zone}: {advice}") from None
    for moment, local in read:
        if moment.astimezone(own).replace(tzinfo=None) != local:
            raise MisreadZoneError(
                f"PostgreSQL reads BUSINESS_TIME_ZONE={zone} otherwise than Python on {local:%Y-%m-%d}: {advice}"
            )
