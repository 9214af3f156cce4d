"""Rows of live.series, which the windows' view has: a table in its place, filled by a test."""

from collections.abc import Iterable

import numpy as np
import psycopg

from anomalies.quantity import Values
from anomalies.watched import Series

STAND_IN = """
DROP VIEW live.series;
CREATE TABLE live.series (
    feed text, metric text, dimension text, member text, window_start timestamptz, value double precision, unit text,
    is_closed boolean, batch_id bigint
);
GRANT SELECT ON live.series TO warehouse_stream
"""


def stand_in(owner: psycopg.Connection, window_seconds: int) -> None:
    """Put a table where the view is, and say how long a window is."""
    owner.execute(STAND_IN)
    owner.execute("UPDATE live.stream SET window_seconds = %s", [window_seconds])


def add_rows(owner: psycopg.Connection, series: Series, first: int, values: Values, window_seconds: int) -> None:
    """Closed windows from number `first` on; none where the value is NaN."""
    rows: Iterable[tuple[int, float]] = ((first + place, float(value)) for place, value in enumerate(values))
    names = [series.feed, series.metric, series.dimension, series.member]
    with owner.cursor() as cursor, cursor.copy(COPY) as copy:
        for window, value in rows:
            if np.isfinite(value):
                at = np.datetime64(window * window_seconds, "s")
                copy.write_row([*names, f"{at}Z", value, "", True, 1])


COPY = "COPY live.series (feed, metric, dimension, member, window_start, value, unit, is_closed, batch_id) FROM STDIN"
