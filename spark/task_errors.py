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
_LAST_LINE_OF_TRACEBACK = re.compile(r"^(\w[\w.]*(?:Error|Exception)\b.*)$", re.MULTILINE)


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
    """The MillraceError that a task raised, else a TerminalError with what Spark says first, without what it quotes."""
    if isinstance(error, ConnectionError | Py4JNetworkError):
        return UnavailableError("Spark's JVM is gone; run the command again, it takes up what is not loaded")
    text = str(error)
    raised = _RAISED_IN_TASK.search(text)
    kind = getattr(errors, raised[1], None) if raised else None
    if raised and isinstance(kind, type) and issubclass(kind, MillraceError):
        return kind(raised[2])
    last = _LAST_LINE_OF_TRACEBACK.search(text)
    told = masked_quotations(last[1] if last else text, MASK)
    return TerminalError(f"Spark failed: {scrubbed_start(told, 500)}")
