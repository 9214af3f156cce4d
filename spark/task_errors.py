"""Spark's errors as typed ones: a task's reaches the driver as a traceback in text, the driver's own in odd clothes."""

import re
import traceback

from py4j.protocol import Py4JError, Py4JNetworkError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException

from config import errors
from config.errors import MillraceError, TerminalError, UnavailableError
from kafka.scrubbing.quotations import masked_quotations
from kafka.scrubbing.scrub import MASK, scrubbed_start

_RAISED_IN_TASK = re.compile(r"^(?:pyspark\.\S+: )?config\.errors\.(\w+): (.+)$", re.MULTILINE)
_LAST_LINE_OF_TRACEBACK = re.compile(r"^([\w.]*(?:Error|Exception))\b.*$", re.MULTILINE)
_OF_THE_JVM = ("java.", "javax.", "scala.", "org.", "com.", "io.", "py4j.", "pyspark.")
_FRAME = re.compile(r'^ *File "([^"\n]+)", line (\d+), in ', re.MULTILINE)


def error_of_spark(error: Exception) -> MillraceError | None:
    """The typed error for one that Spark raised in the driver; None for what is not Spark's."""
    if _has_lost_rows(error):
        return UnavailableError(
            "Spark's JVM did not hand over its rows: something else may have taken the connection; run the command "
            "again, it takes up what is not loaded"
        )
    if isinstance(error, PySparkException | Py4JError | ConnectionError):
        return error_of_task(error)
    return None


def _has_lost_rows(error: Exception) -> bool:
    """Whether PySpark could not open the socket by which the JVM hands over rows.

    The JVM serves one connection to a port of the moment, so whoever else connects first, such as a port scan, ends
    it ("Authentication failed" of its SocketAuthServer). PySpark 4.2 then fails in its own clean-up, by the name of a
    socket that it never had.
    """
    if not isinstance(error, UnboundLocalError | EOFError):
        return False
    return any(frame.name == "_load_from_socket" for frame in traceback.extract_tb(error.__traceback__))


def error_of_task(error: Exception) -> MillraceError:
    """The MillraceError that a task raised, else a TerminalError without a value of an event."""
    if isinstance(error, ConnectionError | Py4JNetworkError):
        return UnavailableError("Spark's JVM is gone; run the command again, it takes up what is not loaded")
    text = str(error)
    raised = _RAISED_IN_TASK.search(text)
    kind = getattr(errors, raised[1], None) if raised else None
    if raised and isinstance(kind, type) and issubclass(kind, MillraceError):
        return kind(raised[2])
    return TerminalError(f"Spark failed: {_told(text)}")


def _told(text: str) -> str:
    """What the JVM says, without what it quotes; of an error in Python, whose message holds values, class and place."""
    lines = list(_LAST_LINE_OF_TRACEBACK.finditer(text))
    of_python = next((line for line in lines if not line[1].startswith(_OF_THE_JVM)), None)
    if of_python is None and "Traceback" not in text:
        return scrubbed_start(masked_quotations(lines[0][0] if lines else text, MASK), 500)
    frames = _FRAME.findall(text, 0, of_python.start() if of_python else len(text))
    place = " in {}, line {}".format(*frames[-1]) if frames else ""
    return f"{of_python[1] if of_python else 'an error'}{place} of a task"
