"""What outlives the events of a person, without telling whose it is: daily rows, sessions, orders (`sql/retain/`).

Sessions and orders that go on in kept days stay as they are, with what is needed to tell them anew: those of their
events that go are carried over into etl.carried_event.
"""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from config.settings import PROJECT_ROOT
from spark.load import SESSION_SILENCE

RETAIN_FOLDER = PROJECT_ROOT / "sql" / "retain"
KEPT_FROM = "SELECT to_date(nullif(etl.facts_kept_from(), 0)::text, 'YYYYMMDD')"


def unlink(connection: psycopg.Connection, kept_from: date, time_zone: str) -> None:
    """Unlink what is older than the first kept day, within the caller's transaction.

    Before the events go: from them visitors of a day are counted anew, and dropping them keeps readers out to the end.
    """
    values: dict[str, Any] = {
        "kept_from": int(kept_from.strftime("%Y%m%d")),
        "kept_from_time": datetime.combine(kept_from, time(), ZoneInfo(time_zone)),
        "time_zone": time_zone,
        "session_silence": SESSION_SILENCE,
    }
    for file in sorted(RETAIN_FOLDER.glob("*.sql")):
        connection.execute(file.read_text(encoding="utf-8").encode(), values)


def unlink_removed(connection: psycopg.Connection, time_zone: str) -> None:
    """As `unlink`, for all months that were removed so far, by former versions too."""
    (kept_from,) = connection.execute(KEPT_FROM).fetchone() or (None,)
    if kept_from is not None:
        unlink(connection, kept_from, time_zone)
