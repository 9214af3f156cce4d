"""Promise 6: every closed window of the live side equals the facts of the same minutes, but for late events."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from config.settings import PROJECT_ROOT
from spark.definitions import stored_time_zone
from utilities.reconciliation.identities import Identity

STATEMENT = PROJECT_ROOT / "sql" / "reconcile" / "live_window.sql"
HAS_RUN = "SELECT taken > 0 FROM live.stream"
MEASURES = ("events", "views", "order events")
PARTS = ("live", "late", "facts", "erased")


@dataclass(frozen=True)
class Measure:
    """One count of a window: by the stream while it was open and late, and by the facts; `erased` were both's."""

    live: int
    late: int
    facts: int
    erased: int

    @property
    def holds(self) -> bool:
        """Whether both sides agree."""
        return self.live + self.late == self.facts + self.erased


@dataclass(frozen=True)
class Window:
    """A closed window that the ETL has loaded completely; its measures are in the order of MEASURES."""

    start: datetime
    measures: Sequence[Measure]

    @property
    def holds(self) -> bool:
        """Whether every measure does."""
        return all(measure.holds for measure in self.measures)


@dataclass(frozen=True)
class LiveWindows:
    """The windows that can be compared; none where no stream has ever run."""

    has_run: bool = False
    windows: Sequence[Window] = ()

    @property
    def differing(self) -> list[Window]:
        """Those that are not what the facts say, the first first."""
        return [window for window in self.windows if not window.holds]


def read_live(connection: psycopg.Connection) -> LiveWindows:
    """The windows, in the snapshot of the caller's transaction."""
    ((has_run,),) = connection.execute(HAS_RUN).fetchall()
    if not has_run:
        return LiveWindows()
    statement = STATEMENT.read_text(encoding="utf-8").encode()
    rows = connection.execute(statement, {"time_zone": stored_time_zone(connection)}).fetchall()
    return LiveWindows(True, [_window(*row) for row in rows])


def live_identities(live: LiveWindows) -> Iterator[Identity]:
    """Sums over the windows; that each of them holds is another question (`LiveWindows.differing`)."""
    for place, name in enumerate(MEASURES) if live.windows else ():
        sums = [sum(getattr(window.measures[place], part) for window in live.windows) for part in PARTS]
        found = Measure(*sums)
        yield Identity(
            f"live {name}",
            "of the facts" if not found.erased else "of the facts and erased",
            found.facts + found.erased,
            {"in time": found.live, "late": found.late},
        )


def _window(start: datetime, *counts: int) -> Window:
    return Window(start, [Measure(*counts[first : first + 4]) for first in range(0, len(counts), 4)])
