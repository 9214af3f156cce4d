"""A process whose Kafka client has stopped for good begins anew: it may be killed at any moment, so that costs nothing.

Two threads inside librdkafka 2.16 can wait for each other for ever when a broker goes away while a leader epoch is
looked up (confluentinc/librdkafka#5476, open). From then on every call that needs its main thread waits without a limit
and without a word, and whoever only reads gets nothing more.

A client may take memory without a bound, too: a call that it refused at once, tried again without a pause, took
gigabytes within a minute (kafka/mirror/writer.py, `needs_time`). Another of the kind ends before the machine does.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread, get_ident

from confluent_kafka import Consumer

from kafka.signals import stop_was_asked

logger = logging.getLogger(__name__)

SILENCE_SECONDS = 180.0
"""Longer than all that a guarded call waits for: a request of the client has 60 s."""
MOST_BYTES = 4 * 1024**3
"""More than any stage needs (kafka/consumer/memory.py has the sum of one with five workers, below 1 GiB), but one with
dozens of workers: `expect`."""
SECONDS_TO_STOP = 10.0
"""How long a guarded call may last once the process was asked to stop, also where the main thread cannot hear that."""
SECONDS_BETWEEN_LOOKS = 2.0
_BEGUN_ANEW = "MILLRACE_BEGUN_ANEW"
"""Environment variable: the pid of the process that has begun anew; to a program that it starts, it says nothing."""


_OF_THE_RUN = "MILLRACE_RUN_"
"""Begins the names of environment variables: what a run that begins anew is told of its beginning."""


def begun_anew() -> bool:
    """Whether this is a run that goes on, not one that starts: it has the patience of a run from its beginning."""
    return os.environ.get(_BEGUN_ANEW) == str(os.getpid())


def of_the_beginning(name: str, now: int) -> int:
    """What `now` was when the run began, which this process may go on with."""
    variable = _OF_THE_RUN + name
    then = os.environ.get(variable, str(now)) if begun_anew() else str(now)
    os.environ[variable] = then
    return int(then)


def begin_anew() -> None:
    """Replace this process by the same command, which is told so; its pid and its output stay.

    It ends with status 1 where it was asked to stop, as its successor would not know, and where it cannot be replaced,
    as where its Python was replaced while it ran: whoever supervises it can.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        if not stop_was_asked():
            _replace_this_process()
    except Exception as error:
        logger.error("this process cannot begin anew and ends error=%s", error)
    finally:
        os._exit(1)


def _replace_this_process() -> None:
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # connections of the client would stay open
    environment = {**os.environ, _BEGUN_ANEW: str(os.getpid())}
    if sys.flags.safe_path:  # the command line takes the variable out of the environment of what it starts
        environment["PYTHONSAFEPATH"] = "1"
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


class Watchdog:
    """Calls `bark` once something guarded lasts longer than `seconds`, or the process takes more than `most_bytes`.

    Of a process that was asked to stop, something guarded lasts no longer than SECONDS_TO_STOP after that.
    Safe to use from several threads.
    """

    def __init__(
        self, seconds: float = SILENCE_SECONDS, bark: Callable[[], None] = begin_anew, most_bytes: int = MOST_BYTES
    ) -> None:
        self._seconds, self._bark, self._most_bytes = seconds, bark, most_bytes
        self._guarded: dict[object, tuple[float, str, int]] = {}
        self._lock = Lock()
        self._thread: Thread | None = None
        self._asked_to_stop_at: float | None = None

    def expect(self, most_bytes: int) -> None:
        """What the process says of itself that it takes at most, by its settings: half of that again is no fault."""
        self._most_bytes = max(self._most_bytes, most_bytes * 3 // 2)

    @contextmanager
    def guarding(self, what: str) -> Iterator[None]:
        """The body must end in time; `what` says in the log who did not."""
        key = object()
        with self._lock:
            self._guarded[key] = time.monotonic(), what, get_ident()
            if self._thread is None:
                self._thread = Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._guarded[key]

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """The body asks no Kafka client: what this thread has guarded begins again behind it."""
        with self._lock:
            paused = {key: what for key, (_, what, thread) in self._guarded.items() if thread == get_ident()}
            for key in paused:
                del self._guarded[key]
        try:
            yield
        finally:
            with self._lock:
                self._guarded |= {key: (time.monotonic(), what, get_ident()) for key, what in paused.items()}

    def _watch(self) -> None:
        while (trouble := self._trouble()) is None:
            time.sleep(min(self._seconds / 10, SECONDS_BETWEEN_LOOKS))
        logger.error("%s, and %s", trouble, "ends as it was asked to" if stop_was_asked() else "begins anew")
        self._bark()

    def _trouble(self) -> str | None:
        now = time.monotonic()
        with self._lock:
            began_at, what, _ = min(self._guarded.values(), default=(now, "", 0))
        if now - began_at > self._seconds or self._holds_up_a_stop(now, began_at):
            return f"{what} has not come back from the Kafka client for {now - began_at:.0f} s"
        taken = resident_bytes()
        if taken > self._most_bytes:
            return f"this process takes {taken // 1024**2:,} MiB of memory, which no stage needs"
        return None

    def _holds_up_a_stop(self, now: float, began_at: float) -> bool:
        if self._asked_to_stop_at is None and stop_was_asked():
            self._asked_to_stop_at = now
        return self._asked_to_stop_at is not None and now - max(self._asked_to_stop_at, began_at) > SECONDS_TO_STOP


WATCHDOG = Watchdog()
"""Of this process."""


def resident_bytes() -> int:
    """The memory that the process takes now; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def see_that_it_answers(consumer: Consumer) -> None:
    """A call that only the client's main thread answers, at once and without a server, within something guarded."""
    consumer.assignment()
