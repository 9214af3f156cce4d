"""Errors of servers and tasks as one line that a person can act on."""

import socket
import threading

import psycopg
import pytest
from pymongo.errors import AutoReconnect, OperationFailure
from pyspark.serializers import CPickleSerializer
from pyspark.util import _load_from_socket

from config.errors import (
    AccessError,
    MillraceError,
    RefusedDataError,
    TerminalError,
    TransientError,
    UnavailableError,
)
from spark.outages import explain, while_away
from spark.task_errors import error_of_spark, error_of_task

InvalidText, OutOfRange = psycopg.errors.InvalidTextRepresentation, psycopg.errors.NumericValueOutOfRange
TRACEBACK = """An exception was thrown from the Python worker. Traceback (most recent call last):
  File "worker.py", line 1, in main
config.errors.UnavailableError: reading a.b from MongoDB at 127.0.0.1:1 failed: no answer
\tat org.apache.spark.api.python
"""


def test_the_error_that_a_task_raised_reaches_the_command_line() -> None:
    error = error_of_task(RuntimeError(TRACEBACK))
    assert isinstance(error, UnavailableError)
    assert str(error) == "reading a.b from MongoDB at 127.0.0.1:1 failed: no answer"


def test_any_other_error_of_spark_is_terminal_and_named() -> None:
    assert "ValueError" in str(error_of_task(RuntimeError("Traceback:\nValueError: odd")))
    assert isinstance(error_of_task(ConnectionRefusedError()), UnavailableError)


def test_rows_that_somebody_elses_connection_kept_the_jvm_from_handing_over_can_be_asked_for_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True).start()
        with (
            pytest.raises((UnboundLocalError, EOFError)) as caught,
            _load_from_socket([listener.getsockname()[1], "secret"], CPickleSerializer()),
        ):
            pass
    error = error_of_spark(caught.value)
    assert isinstance(error, UnavailableError)
    assert "run the command again" in str(error)


def test_an_error_of_our_own_is_none_of_sparks() -> None:
    assert error_of_spark(UnboundLocalError("cannot access local variable")) is None
    assert error_of_spark(KeyError("a")) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.OperationalError("connection refused"), UnavailableError),
        (psycopg.OperationalError('password authentication failed for user "x"'), AccessError),
        (psycopg.errors.UndefinedTable("no etl.run"), TerminalError),
        (psycopg.errors.AdminShutdown("shutting down"), UnavailableError),
        (psycopg.errors.TooManyConnections("sorry, too many clients"), TransientError),
        (psycopg.errors.DiskFull("no space left"), TransientError),
        (psycopg.errors.DeadlockDetected("deadlock"), TransientError),
        (psycopg.errors.LockNotAvailable("lock timeout"), TransientError),
        (psycopg.errors.QueryCanceled("statement timeout"), TerminalError),
        (psycopg.errors.NumericValueOutOfRange("numeric field overflow"), RefusedDataError),
        (psycopg.errors.ProgramLimitExceeded("index row size 4056 exceeds maximum 2704"), RefusedDataError),
        (psycopg.errors.StatementTooComplex("stack depth limit exceeded"), RefusedDataError),
        (psycopg.errors.UntranslatableCharacter("\\u0000 cannot be converted to text"), RefusedDataError),
        (psycopg.errors.ForeignKeyViolation("no such product"), RefusedDataError),
        (AutoReconnect("gone"), UnavailableError),
        (OperationFailure("Authentication failed.", 18), AccessError),
        (OperationFailure("bad", 2), TerminalError),
    ],
)
def test_an_outage_a_busy_server_and_refused_data_are_told_apart(error: Exception, kind: type[MillraceError]) -> None:
    assert type(explain(error, "reading")) is kind


def test_a_row_that_is_refused_is_not_told() -> None:
    """The lines are PostgreSQL's; what is told goes to the log, the ledger and the alert."""
    null = psycopg.errors.NotNullViolation(
        'null value in column "page" of relation "event" violates not-null constraint\n'
        "DETAIL:  Failing row contains (7, anna, null).\n"
        'CONTEXT:  COPY event, line 3, column page: "anna"'
    )
    told = str(explain(null, "staging"))
    assert "anna" not in told and told.endswith("violates not-null constraint; COPY event, line 3, column page)")
    sent = psycopg.errors.InvalidTextRepresentation('invalid input syntax for type uuid: "anna@mail.example"')
    assert "anna" not in str(explain(sent, "staging"))
    cancelled = psycopg.errors.QueryCanceled('canceling statement\nCONTEXT:  COPY event, line 7: "anna@example.org"')
    assert str(explain(cancelled, "staging")) == "staging failed: canceling statement; COPY event, line 7"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            InvalidText('invalid input syntax for type integer: "Anna "A" Schmidt\nHauptstr 5"'),
            "for type integer: ***)",
        ),
        (InvalidText("ungültige Eingabesyntax für Typ integer: »Anna Schmidt«"), "Typ integer: ***)"),
        (InvalidText('invalid input value for enum kind: "Anna'), "for enum kind: ***)"),
        (
            OutOfRange('value "Anna Schmidt" is out of range for type integer'),
            "(value *** is out of range for type integer)",
        ),
        (psycopg.errors.DatetimeFieldOverflow('date/time field value out of range: "Anna"'), "out of range: ***)"),
        (psycopg.DataError("cannot dump 'Anna'"), "(cannot dump ***)"),
    ],
)
def test_the_value_that_postgresql_quotes_in_its_first_line_is_not_told(error: psycopg.Error, told: str) -> None:
    found = str(explain(error, "loading"))
    assert found.endswith(told) and "Anna" not in found and "Hauptstr" not in found


@pytest.mark.parametrize(
    "line",
    [
        *("ValueError: invalid literal for int() with base 10: 'Anna Schmidt'", 'KeyError: "Anna\'s ring"'),
        *("ValueError: can't read 'Anna', isn't a day", "Exception: Anna Schmidt", 'TypeError: Anna is 5" tall'),
        *("dateutil.parser.ParserError: Unknown string format: Anna Hauptstr 5", "StopIteration: Anna"),
        "pydantic_core.ValidationError: 1 validation error for Event\n  input_value=Anna\nAnnaError: Anna",
    ],
)
def test_of_another_error_of_a_task_its_class_and_place_are_told_and_no_value(line: str) -> None:
    frames = (
        '  File "/x/worker.py", line 7, in main\n    run(a)\n  File "/x/spark/prices.py", line 172, in money\n    b\n'
    )
    trace = f"Job aborted: Traceback (most recent call last):\n{frames}{line}\n\n\tat org.apache.spark.api.python\n"
    kind = "an error" if line.startswith("Stop") else line.partition(":")[0]
    assert str(error_of_task(RuntimeError(trace))) == f"Spark failed: {kind} in /x/spark/prices.py, line 172 of a task"


def test_what_the_jvm_says_is_told_without_what_it_quotes() -> None:
    for said, told in (
        ("java.lang.OutOfMemoryError: Java heap space", "java.lang.OutOfMemoryError: Java heap space"),
        ('a\njava.lang.NumberFormatException: For input: "Anna"', "java.lang.NumberFormatException: For input: ***"),
        ("[PATH_NOT_FOUND] Path 'x' is not there", "[PATH_NOT_FOUND] Path *** is not there"),
    ):
        assert str(error_of_task(RuntimeError(said))) == f"Spark failed: {told}"


@pytest.mark.parametrize(
    ("error", "variable"),
    [
        (psycopg.OperationalError('password authentication failed for user "x"'), "POSTGRES_PASSWORD"),
        (OperationFailure("Authentication failed.", 18), "MONGO_ETL_PASSWORD"),
    ],
)
def test_a_refused_password_is_named_by_its_variable(error: Exception, variable: str) -> None:
    assert f"check {variable} " in str(explain(error, "reading"))


def test_only_an_outage_is_tried_again() -> None:
    calls = []

    def refused() -> None:
        calls.append(1)
        raise psycopg.errors.UndefinedTable("no table")

    with pytest.raises(psycopg.errors.UndefinedTable):
        while_away(60, "writing")(refused)
    assert len(calls) == 1
