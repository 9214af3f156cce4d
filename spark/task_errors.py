"""The error of a task, which reaches the driver as a traceback in text, as the typed error that the task raised."""

import re

from py4j.protocol import Py4JNetworkError  # type: ignore[import-untyped]

from config import errors
from config.errors import MillraceError, TerminalError, UnavailableError

_RAISED_IN_TASK = re.compile(r"^(?:pyspark\.\S+: )?config\.errors\.(\w+): (.+)$", re.MULTILINE)
_LAST_LINE_OF_TRACEBACK = re.compile(r"^(\w[\w.]*(?:Error|Exception)\b.*)$", re.MULTILINE)


def error_of_task(error: Exception) -> MillraceError:
    """The MillraceError that a task raised, else a TerminalError with what Spark says first."""
    if isinstance(error, ConnectionError | Py4JNetworkError):
        return UnavailableError("Spark's JVM is gone; run the command again, it takes up what is not loaded")
    text = str(error)
    raised = _RAISED_IN_TASK.search(text)
    kind = getattr(errors, raised[1], None) if raised else None
    if raised and isinstance(kind, type) and issubclass(kind, MillraceError):
        return kind(raised[2])
    last = _LAST_LINE_OF_TRACEBACK.search(text)
    return TerminalError(f"Spark failed: {(last[1] if last else text)[:500]}")
