"""SIGTERM and SIGINT as a request to stop cleanly."""

import signal
from threading import Event
from types import FrameType


def stop_on_signals() -> Event:
    """An event that the first SIGTERM or SIGINT sets; a second one ends the process at once."""
    stop = Event()

    def ask_to_stop(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    return stop
