"""Which errors of a server mean that it is away, how long to wait for it, and what to tell a person."""

import logging
import re

import psycopg
from psycopg import errors as postgres_errors
from pymongo import errors as mongo_errors
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
)

from config.errors import (
    NO_ANSWER,
    AccessError,
    MillraceError,
    RefusedDataError,
    TerminalError,
    TransientError,
    UnavailableError,
)
from kafka.scrubbing.quotations import masked_quotations
from kafka.scrubbing.scrub import MASK, scrubbed_start

logger = logging.getLogger(__name__)

_POSTGRES_LOGIN = (postgres_errors.InvalidPassword, postgres_errors.InvalidAuthorizationSpecification)
_NOT_MIGRATED = (
    postgres_errors.UndefinedTable,
    postgres_errors.UndefinedColumn,
    postgres_errors.UndefinedFunction,
    postgres_errors.InvalidSchemaName,
)
# Classes of SQLSTATE (PostgreSQL's manual, appendix A). What the data are to blame for: data exception, integrity
# constraint violation, program limit exceeded (an index row too large, a statement too deep).
_DATA_EXCEPTION = "22"
_REFUSED_DATA = (_DATA_EXCEPTION, "23", "54")
# Connection exception; admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, idle_session_timeout.
_AWAY = ("08", "57P")
# Transaction rollback (serialization, deadlock), insufficient resources (disk, memory, connections), system error: the
# server answers, and another try may succeed.
_BUSY = ("40", "53", "58")
_LOCK_NOT_AVAILABLE = "55P03"
# Of MongoDB's error_codes.yml.
_MONGO_UNAUTHORISED, _MONGO_AUTHENTICATION_FAILED = 13, 18
_MONGO_INTERRUPTED = 11601  # what was under way is broken off by a busy server, and may be asked again


_VALUE = re.compile(r":\s.*", re.DOTALL)
_COPIED = re.compile(r"COPY \w+, line \d+(?:, column \w+)?")


def explain(error: BaseException, doing: str) -> MillraceError | None:
    """The typed error for a server's `error`, None for any other; `doing` says what was tried, with the address.

    One that says already that a server is away is that.
    """
    if isinstance(error, UnavailableError):
        return error
    detail = " ".join(str(error).split())[:500]
    if isinstance(error, psycopg.Error):
        return _explain_postgres(error, doing, _without_row(error) if error.sqlstate else detail)
    if isinstance(error, mongo_errors.PyMongoError):
        return _explain_mongo(error, doing, detail)
    return None


def _explain_postgres(error: psycopg.Error, doing: str, detail: str) -> MillraceError:
    # An error while connecting has no SQLSTATE, only the server's words.
    if isinstance(error, _POSTGRES_LOGIN) or "authentication failed" in detail:
        return AccessError(f"{doing} failed: wrong user name or password; check POSTGRES_PASSWORD ({detail})")
    if isinstance(error, postgres_errors.InsufficientPrivilege):
        return AccessError(f"{doing} failed: the user lacks a grant ({detail})")
    if 'database "' in detail and "does not exist" in detail:
        return TerminalError(f"{doing} failed: ./millrace up creates the database ({detail})")
    if isinstance(error, _NOT_MIGRATED):
        return TerminalError(f"{doing} failed: run make migrate first ({detail})")
    state = error.sqlstate or ""
    if state.startswith(_REFUSED_DATA) or isinstance(error, psycopg.DataError | psycopg.IntegrityError):
        return RefusedDataError(
            f"{doing} failed: PostgreSQL refuses the data ({detail if state else _without_row(error)})"
        )
    if state == _LOCK_NOT_AVAILABLE:
        return TransientError(f"{doing} waits for another session, which holds a lock (docs/locks.md): {detail}")
    if state.startswith(_BUSY):
        return TransientError(f"{doing} failed: PostgreSQL answers, but cannot do it now ({detail})")
    is_without_state = not state and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    if is_without_state or state.startswith(_AWAY):
        return UnavailableError(f"{doing} failed: {NO_ANSWER} ({detail})")
    return TerminalError(f"{doing} failed: {detail}")


def _without_row(error: psycopg.Error) -> str:
    """What failed and where; not the row, which the other lines quote: logs, ledger and alerts hold no event."""
    copied = _COPIED.search("\n".join(str(error).splitlines()[1:]))
    return words_without_value(error, 500) + (f"; {copied[0]}" if copied else "")


def words_without_value(error: psycopg.Error, longest: int) -> str:
    """The first line of PostgreSQL's words, scrubbed; what the data are to blame for may quote the value.

    `invalid input syntax for type integer: "Anna"` ends with the colon: of a data exception stays what no value is in.
    """
    words = error.diag.message_primary or str(error)
    if (error.sqlstate or _DATA_EXCEPTION).startswith(_DATA_EXCEPTION):
        words = masked_quotations(_VALUE.sub(f": {MASK}", words), MASK)
    return scrubbed_start((words.splitlines() or [""])[0], longest)


def _explain_mongo(error: mongo_errors.PyMongoError, doing: str, detail: str) -> MillraceError:
    code = error.code if isinstance(error, mongo_errors.OperationFailure) else None
    if code == _MONGO_AUTHENTICATION_FAILED:
        return AccessError(f"{doing} failed: wrong user name or password; check MONGO_ETL_PASSWORD ({detail})")
    if code == _MONGO_UNAUTHORISED:
        return AccessError(f"{doing} failed: the user lacks a role ({detail})")
    is_away = isinstance(error, mongo_errors.ConnectionFailure | mongo_errors.CursorNotFound)
    if is_away or code == _MONGO_INTERRUPTED:
        return UnavailableError(f"{doing} failed: {NO_ANSWER} ({detail})")
    return TerminalError(f"{doing} failed: {detail}")


def while_away(patience_seconds: float, doing: str) -> Retrying:
    """Attempts with a back-off of 0.5 to 5 s while the server is away or busy, for `patience_seconds` at most.

    Any other error, and the last one once patience ends, is raised as it is.
    """
    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(explain(error, doing), TransientError)),
        wait=wait_exponential(multiplier=0.5, max=5),
        stop=stop_after_delay(patience_seconds),
        before_sleep=lambda state: _log_outage(state, doing),
        reraise=True,
    )


def asked_again() -> Retrying:
    """Attempts of a read of MongoDB that is broken off, a few within seconds: not whether the server is away.

    Under load the driver takes a slow server for one that is gone, and cancels what is under way.
    """
    return Retrying(
        retry=retry_if_exception(_is_interrupted),
        wait=wait_exponential(multiplier=0.1, max=2),
        stop=stop_after_attempt(5),
        reraise=True,
    )


def _is_interrupted(error: BaseException) -> bool:
    if isinstance(error, mongo_errors.OperationFailure):
        return error.code == _MONGO_INTERRUPTED
    is_no_answer = isinstance(error, mongo_errors.ServerSelectionTimeoutError)
    return isinstance(error, mongo_errors.AutoReconnect) and not is_no_answer


def _log_outage(state: RetryCallState, doing: str) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0.0
    logger.warning("%s; trying again in_seconds=%.1f", explain(error, doing) if error else doing, wait)
