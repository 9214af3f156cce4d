"""SIGTERM and SIGINT as a request to stop cleanly."""

import os
import signal
from contextlib import suppress
from threading import Event
from types import FrameType

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_reading: int | None = None
_asked = False


def stop_on_signals() -> Event:
    """An event that the first SIGTERM or SIGINT sets; a second one ends the process at once.

    Where the main thread hangs in a call of the Kafka client it hears neither, and the watchdog ends the process.
    """
    global _reading
    stop = Event()

    def ask_to_stop(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    _reading, writing = os.pipe()
    for end in (_reading, writing):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for each in _STOPPING:
        signal.signal(each, ask_to_stop)
    return stop


def stop_was_asked() -> bool:
    """Whether a signal to stop has come, also one that the main thread has not heard: its call may hang."""
    global _asked
    if _reading is not None and not _asked:
        with suppress(BlockingIOError):
            _asked = bool(set(os.read(_reading, 4096)) & set(_STOPPING))
    return _asked
