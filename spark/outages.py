"""Which errors of a server mean that it is away, how long to wait for it, and what to tell a person."""

import logging

import psycopg
from psycopg import errors as postgres_errors
from pymongo import errors as mongo_errors
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_exponential

from config.errors import NO_ANSWER, AccessError, MillraceError, TerminalError, UnavailableError

logger = logging.getLogger(__name__)

_POSTGRES_LOGIN = (postgres_errors.InvalidPassword, postgres_errors.InvalidAuthorizationSpecification)
_NOT_MIGRATED = (
    postgres_errors.UndefinedTable,
    postgres_errors.UndefinedColumn,
    postgres_errors.UndefinedFunction,
    postgres_errors.InvalidSchemaName,
)
# Of MongoDB's error_codes.yml.
_MONGO_UNAUTHORISED, _MONGO_AUTHENTICATION_FAILED = 13, 18


def explain(error: BaseException, doing: str) -> MillraceError | None:
    """The typed error for a server's `error`, None for any other; `doing` says what was tried, with the address."""
    detail = " ".join(str(error).split())[:500]
    if isinstance(error, psycopg.Error):
        return _explain_postgres(error, doing, detail)
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
        return TerminalError(f"{doing} failed: run python -m alembic upgrade head first ({detail})")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return UnavailableError(f"{doing} failed: {NO_ANSWER} ({detail})")
    return TerminalError(f"{doing} failed: {detail}")


def _explain_mongo(error: mongo_errors.PyMongoError, doing: str, detail: str) -> MillraceError:
    code = error.code if isinstance(error, mongo_errors.OperationFailure) else None
    if code == _MONGO_AUTHENTICATION_FAILED:
        return AccessError(f"{doing} failed: wrong user name or password; check MONGO_ETL_PASSWORD ({detail})")
    if code == _MONGO_UNAUTHORISED:
        return AccessError(f"{doing} failed: the user lacks a role ({detail})")
    if isinstance(error, mongo_errors.ConnectionFailure | mongo_errors.CursorNotFound):
        return UnavailableError(f"{doing} failed: {NO_ANSWER} ({detail})")
    return TerminalError(f"{doing} failed: {detail}")


def while_away(patience_seconds: float, doing: str) -> Retrying:
    """Attempts with a back-off of 0.5 to 5 s for as long as the server is away, `patience_seconds` at most.

    Any other error, and the last one once patience ends, is raised as it is.
    """
    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(explain(error, doing), UnavailableError)),
        wait=wait_exponential(multiplier=0.5, max=5),
        stop=stop_after_delay(patience_seconds),
        before_sleep=lambda state: _log_outage(state, doing),
        reraise=True,
    )


def _log_outage(state: RetryCallState, doing: str) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0.0
    logger.warning("%s; trying again in_seconds=%.1f", explain(error, doing) if error else doing, wait)
