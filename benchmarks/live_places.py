"""The places that events come to, each asked again and again how many it holds."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event, Thread

import orjson
from websockets.sync.client import ClientConnection, connect

from benchmarks.delays import Arrivals, ToldByMessages
from benchmarks.indexer import INDICES, elasticsearch_client
from benchmarks.serving_side import Viewer
from benchmarks.workspace import DATABASE, Workspace
from config.errors import TerminalError

COUNTED = "SELECT coalesce(sum(events), 0)::bigint FROM live.quality"
"""Of every record that the stream has read, committed with the windows that it counts in."""
COMMITTED = "live windows, committed"
PATIENCE_SECONDS = 1.0
"""So long the browser waits for a message before it looks whether it is to end."""


@dataclass(frozen=True)
class Place:
    """What it is called, whose total is asked every `pause` seconds, and within what p95 and p99 events are to come."""

    name: str
    ask: Callable[[], int]
    pause: float
    p95: float | None = None
    p99: float | None = None


class Watch(Thread):
    """Asks until told to stop; what was asked counts as seen when the answer is here."""

    def __init__(self, place: Place) -> None:
        super().__init__(name=f"watch-{place.name}", daemon=True)
        self.place = place
        self.arrivals = Arrivals()
        self._stop_asked = Event()
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            while not self._stop_asked.wait(self.place.pause):
                total = self.place.ask()
                self.arrivals.add(time.time(), total)
        except Exception as error:
            self._error = error

    def check(self) -> None:
        """Raise TerminalError where the place could not be asked any more."""
        if self._error is not None:
            raise TerminalError(f"{self.place.name} cannot be asked: {self._error!r}") from self._error

    def end(self) -> None:
        self._stop_asked.set()
        self.join()


@contextmanager
def watched(workspace: Workspace, viewer: Viewer) -> Iterator[list[Watch]]:
    """Every place that an event of the main feed comes to, in the order in which it does."""
    with ExitStack() as stack:
        collection = stack.enter_context(workspace.mongo("operator"))[DATABASE][workspace.collection]
        search = stack.enter_context(elasticsearch_client(workspace.bench))
        warehouse = stack.enter_context(workspace.warehouse())
        headers = viewer.headers
        browser = stack.enter_context(connect(viewer.socket_address, additional_headers=headers, max_size=None))

        def in_primaries(metric: str, number: str) -> int:
            # Not the API of searches: it refuses an index whose shards have not started.
            told = search.indices.stats(index=INDICES, metric=metric)["_all"]
            return int(told.get("primaries", {}).get(metric, {}).get(number, 0))

        def committed() -> int:
            row = warehouse.execute(COUNTED).fetchone()
            return int(row[0]) if row else 0

        places = [
            Place("MongoDB", collection.estimated_document_count, 0.05, p99=1.0),
            Place("Elasticsearch, written", lambda: in_primaries("indexing", "index_total"), 0.1, p99=2.0),
            Place("Elasticsearch, found by a search", lambda: in_primaries("docs", "count"), 0.5),
            Place(COMMITTED, committed, 0.05),
            Place("browser", _told_to(browser), 0.0, p95=3.0, p99=5.0),
        ]
        watches = [Watch(place) for place in places]
        for watch in watches:
            watch.start()
            stack.callback(watch.end)
        yield watches


def _told_to(browser: ClientConnection) -> Callable[[], int]:
    told = ToldByMessages()

    def total() -> int:
        try:
            return told.take(orjson.loads(browser.recv(PATIENCE_SECONDS)))
        except TimeoutError:
            return told.take({})

    return total
