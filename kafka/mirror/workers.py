"""The threads of a run: each owns whole lanes, and a lane that is added later goes to the one with the fewest."""

import logging
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Event, Lock

from config.errors import AccessError, UnavailableError
from kafka.client import MissingTopicError
from kafka.mirror.allowance import Allowance
from kafka.mirror.lane import Lane
from kafka.mirror.topics import PartitionsMissingError
from kafka.waiting import Waiting

logger = logging.getLogger(__name__)

SECONDS_PER_ROUND = 0.2
SECONDS_BETWEEN_REPORTS = 0.25
SECONDS_BETWEEN_LOOKS = 5.0
"""At the topics, for partitions that were added and topics that were made anew: MirrorMaker 2 looks every 10 minutes
(`refresh.topics.interval.seconds`), which leaves records of a new partition unread for as long."""


class Workers:
    """At most `most` threads that copy lanes until they are finished, the allowance is used up or `stop` is set.

    `look`, if any, is called every SECONDS_BETWEEN_LOOKS with the partitions that have a lane, and opens more of them.
    """

    def __init__(
        self,
        lanes: list[Lane],
        most: int,
        allowance: Allowance,
        stop: Event,
        look: Callable[[Collection[int]], list[Lane]] | None = None,
    ) -> None:
        self.lanes = lanes
        self._most = most
        self._allowance = allowance
        self._stop = stop
        self._look = look
        self._lock = Lock()
        self._shares = [lanes[worker::most] for worker in range(min(most, len(lanes)))]
        self._running: set[Future[None]] = set()
        self._threads = ThreadPoolExecutor(most + 1, thread_name_prefix="mirror")

    def run(self, report: Callable[[], None]) -> None:
        """Copy, calling `report` meanwhile; raises the first error, after all threads have stopped."""
        with self._lock:
            self._running |= {self._threads.submit(self._work, worker) for worker in range(len(self._shares))}
            if self._look is not None:
                self._running.add(self._threads.submit(self._watch, self._look))
        try:
            while self._running:
                done, _ = wait(set(self._running), SECONDS_BETWEEN_REPORTS, return_when=FIRST_EXCEPTION)
                report()
                with self._lock:
                    self._running -= done
                for each in done:
                    each.result()
        finally:
            self._stop.set()
            self._threads.shutdown()

    def _add(self, lane: Lane) -> None:
        with self._lock:
            self.lanes = [*self.lanes, lane]
            if len(self._shares) < self._most:
                self._shares.append([lane])
                self._running.add(self._threads.submit(self._work, len(self._shares) - 1))
                return
            least = min(self._shares, key=len)
            self._shares[self._shares.index(least)] = [*least, lane]

    def _work(self, worker: int) -> None:
        while not self._stop.is_set() and not self._allowance.exhausted:
            with self._lock:
                unfinished = [lane for lane in self._shares[worker] if not lane.finished]
                self._shares[worker] = unfinished
            if not unfinished:
                if self._look is None:
                    return
                self._stop.wait(SECONDS_PER_ROUND)  # there may be more to do when a partition is added
            for lane in unfinished:
                self._copy(lane, SECONDS_PER_ROUND / len(unfinished))

    def _copy(self, lane: Lane, wait_seconds: float) -> None:
        try:
            lane.copy(self._allowance, wait_seconds)
        except UnavailableError as error:
            if not self._stop.is_set():
                raise
            logger.warning("a transaction is left for the next start to end reason=%s", error)

    def _watch(self, look: Callable[[Collection[int]], list[Lane]]) -> None:
        waiting = Waiting(logger, "the look at both topics for what was added waits")
        while not self._stop.wait(SECONDS_BETWEEN_LOOKS):
            try:
                for lane in look({lane.partition for lane in self.lanes if not lane.finished}):
                    self._add(lane)
                waiting.over()
            except (UnavailableError, MissingTopicError, AccessError, PartitionsMissingError) as problem:
                waiting.because(problem)
