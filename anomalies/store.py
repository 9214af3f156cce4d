"""The judge's side of schema live: one judge at a time, closed windows, incidents, how far is judged."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import numpy as np
import psycopg

from anomalies.calendar import DAY, Calendar
from anomalies.explanation import explanation
from anomalies.incident import Finding, Incident, Kind, State
from anomalies.judgement import Stretch
from anomalies.watched import PIPELINE, Series
from config.errors import MillraceError, TerminalError, UnderWayError
from kafka.feeds.feed import MAIN as MAIN_FEED
from spark.sole_writer import SoleWriter

JUDGE_LOCK = int.from_bytes(b"ODD")
WINDOW_SECONDS = "SELECT window_seconds FROM live.stream"
ALL = """
SELECT feed, metric, dimension, member, extract(epoch FROM max(window_start))::bigint
FROM live.series WHERE is_closed GROUP BY feed, metric, dimension, member
"""
NEWEST = """
SELECT feed, metric, dimension, member, extract(epoch FROM max(window_start))::bigint
FROM live.series WHERE is_closed AND feed = %s AND window_start >= %s GROUP BY feed, metric, dimension, member
"""
FEEDS = "SELECT feed FROM live.feed"
# One event of a till that was away for weeks makes no feed weeks old.
OLDEST = """
SELECT feed, extract(epoch FROM coalesce(min(first) FILTER (WHERE windows > %s), min(first)))::bigint
FROM (
    SELECT feed, min(window_start) AS first, count(*) AS windows
    FROM (SELECT DISTINCT feed, window_start FROM live.series WHERE is_closed AND metric <> 'late_events') AS seen
    GROUP BY feed, date_trunc('day', window_start, 'UTC')
) AS of_day
GROUP BY feed
"""
FEW = 1 / 20
"""Of a day's windows: with more a feed has begun."""
OF_SERIES = """
SELECT extract(epoch FROM window_start)::bigint, value FROM live.series
WHERE is_closed AND value IS NOT NULL AND feed = %s AND metric = %s AND dimension = %s AND member = %s
  AND window_start >= %s AND window_start < %s
"""
POSITIONS = "SELECT feed, metric, extract(epoch FROM judged_to)::bigint FROM live.anomaly_position"
SET_POSITION = """
INSERT INTO live.anomaly_position (feed, metric, judged_to) VALUES (%s, %s, %s)
ON CONFLICT (feed, metric) DO UPDATE SET judged_to = excluded.judged_to
"""
INCIDENTS = """
SELECT kind, extract(epoch FROM started_at)::bigint, extract(epoch FROM last_window)::bigint, ended_at IS NULL, state,
       anomaly_id, extract(epoch FROM worst_window)::bigint, value, expected, lower, upper, score, summed
FROM live.anomaly
WHERE feed = %s AND metric = %s AND dimension = %s AND member = %s AND (kind = 'rate') = %s AND last_window >= %s
ORDER BY started_at
"""
OPEN = "SELECT DISTINCT feed, metric, dimension, member FROM live.anomaly WHERE ended_at IS NULL"
ADD = """
INSERT INTO live.anomaly (
    feed, metric, dimension, member, kind, started_at, last_window, ended_at, windows, worst_window, summed, value,
    expected, lower, upper, score, explanation
)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING anomaly_id
"""
CHANGE = """
UPDATE live.anomaly
SET kind = %s, started_at = %s, last_window = %s, ended_at = %s, windows = %s, worst_window = %s, summed = %s,
    value = %s, expected = %s, lower = %s, upper = %s, score = %s, explanation = %s
WHERE anomaly_id = %s
"""
SAID = "SELECT coalesce(max(state_at), '-infinity')::text FROM live.anomaly"


class AnomalyStore(SoleWriter):
    """The one connection that judges; raises UnderWayError where another does."""

    lock = JUDGE_LOCK
    take = "UPDATE live.anomaly_judge SET taken = taken + 1 RETURNING taken"
    last_taken = "SELECT taken FROM live.anomaly_judge"

    def _held(self, connection: psycopg.Connection, holder: str) -> None:
        raise UnderWayError(f"another ./millrace anomalies is under way on {self._login.address}; one at a time judges")

    def _taken_first(self, connection: psycopg.Connection) -> None:
        pass

    def _taken_by_another(self, connection: psycopg.Connection) -> MillraceError:
        return TerminalError("another judge of the windows has begun since, and goes on from here: this one is over")


def window_seconds(connection: psycopg.Connection) -> int | None:
    """Length of a window; None before the first stream."""
    row = connection.execute(WINDOW_SECONDS).fetchone()
    return row[0] if row else None


def newest_windows(connection: psycopg.Connection, since: Mapping[str, int]) -> dict[Series, int]:
    """When the newest closed window of each judged series began; times are seconds since 1970.

    Of a feed in `since` only of series that have a window from then on: each by its own, for a backlog may be days
    behind what the stream measures of itself.
    """
    if since:
        known = {MAIN_FEED: 0, PIPELINE: 0, **{feed: 0 for (feed,) in connection.execute(FEEDS)}, **since}
        rows = [row for feed, time in known.items() for row in connection.execute(NEWEST, [feed, _time(time)])]
    else:
        rows = connection.execute(ALL).fetchall()
    found = ((Series(*names), epoch) for *names, epoch in rows)
    return {series: epoch for series, epoch in found if series.is_judged}


def first_windows(connection: psycopg.Connection, window_seconds: int) -> dict[str, int]:
    """When each feed began, as far as it is still kept, seconds since 1970."""
    return dict(connection.execute(OLDEST, [int(FEW * DAY / window_seconds)]).fetchall())


def positions(connection: psycopg.Connection) -> dict[tuple[str, str], int]:
    """By feed and metric, when the first window begins that is not judged, seconds since 1970."""
    return {(feed, metric): epoch for feed, metric, epoch in connection.execute(POSITIONS)}


def set_positions(connection: psycopg.Connection, reached: Mapping[tuple[str, str], int]) -> None:
    """Write down how far is judged, seconds since 1970."""
    for names, epoch in reached.items():
        connection.execute(SET_POSITION, [*names, _time(epoch)])


def rows_of(connection: psycopg.Connection, series: Series, first: int, end: int, calendar: Calendar) -> Stretch:
    """The closed windows from `first` to below `end`, dense; NaN where there is no row."""
    values = np.full(max(end - first, 0), np.nan)
    span = [_time(window * calendar.window_seconds) for window in (first, end)]
    rows = connection.execute(OF_SERIES, [*names_of(series), *span]).fetchall()
    if rows:
        told = np.array(rows, dtype=np.float64)
        values[(told[:, 0] // calendar.window_seconds).astype(np.int64) - first] = told[:, 1]
    return Stretch(first, values)


def incidents_of(
    connection: psycopg.Connection, series: Series, is_rate: bool, since: int, calendar: Calendar
) -> list[Incident]:
    """The stored incidents whose last window is `since` or later."""
    length = calendar.window_seconds
    rows = connection.execute(INCIDENTS, [*names_of(series), is_rate, _time(since * length)])
    return [
        Incident(
            Kind(kind),
            first // length,
            last // length,
            Finding(worst // length, *numbers),
            goes_on,
            State(state),
            number,
        )
        for kind, first, last, goes_on, state, number, worst, *numbers in rows
    ]


def with_open_incident(connection: psycopg.Connection) -> set[Series]:
    """The series of which an incident goes on."""
    return {Series(*names) for names in connection.execute(OPEN)}


def keep(
    connection: psycopg.Connection, series: Series, incidents: Iterable[Incident], calendar: Calendar
) -> list[int]:
    """Store new incidents and those that changed; the numbers of the new ones."""
    new = []
    for incident in incidents:
        values = _columns(series, incident, calendar)
        if incident.number is not None:
            connection.execute(CHANGE, [*values, incident.number])
        else:
            ((number,),) = connection.execute(ADD, [*names_of(series), *values]).fetchall()
            new.append(int(number))
    return new


def last_said(connection: psycopg.Connection) -> str:
    """Changes when people say something of an incident."""
    ((said,),) = connection.execute(SAID).fetchall()
    return str(said)


def names_of(series: Series) -> list[str]:
    """As the columns of the tables are ordered."""
    return [series.feed, series.metric, series.dimension, series.member]


def _columns(series: Series, incident: Incident, calendar: Calendar) -> list[object]:
    worst, length = incident.worst, calendar.window_seconds
    ended = None if incident.goes_on else _time((incident.last + 1) * length)
    times = [_time(window * length) for window in (incident.first, incident.last)]
    numbers = [worst.value, worst.expected, worst.lower, worst.upper, worst.score]
    place = [incident.windows, _time(worst.window * length), worst.summed]
    return [incident.kind, *times, ended, *place, *numbers, explanation(series, incident, calendar)]


def _time(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
