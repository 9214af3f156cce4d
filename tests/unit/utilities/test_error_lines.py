"""What an operator's command says of a server that is away: the cause, and no more than one line."""

import psycopg
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from config.errors import AccessError, RefusedDataError, UnavailableError
from config.settings import PostgresSettings
from utilities.stores.raw_store import raw_store_error
from utilities.stores.warehouse import warehouse_error


def test_a_raw_store_that_is_away_is_named_with_the_whole_cause() -> None:
    client: MongoClient[dict[str, object]] = MongoClient("127.0.0.1", 1, serverSelectionTimeoutMS=50)
    with pytest.raises(PyMongoError) as caught:
        client.admin.command("ping")
    problem = raw_store_error("127.0.0.1:1", caught.value)
    assert isinstance(problem, UnavailableError)
    assert str(problem) == "MongoDB at 127.0.0.1:1 does not answer: 127.0.0.1:1: [Errno 111] Connection refused"


def test_the_cause_is_not_cut_at_a_comma() -> None:
    error = OperationFailure("not authorized on db, ask an administrator", 13)
    problem = raw_store_error("host:1", error)
    assert isinstance(problem, AccessError)
    assert str(problem).endswith("not authorized on db, ask an administrator")


def test_a_warehouse_that_is_away_is_named_with_its_cause() -> None:
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(host="127.0.0.1", port=1)
    problem = warehouse_error(PostgresSettings(), caught.value)
    assert isinstance(problem, UnavailableError)
    assert "Connection refused" in str(problem)
    assert "is the server running there?" in str(problem)
    assert "\n" not in str(problem)


def test_a_refused_login_to_the_warehouse_says_what_to_look_at() -> None:
    error = psycopg.OperationalError('connection failed: FATAL:  password authentication failed for user "bi_reader"')
    problem = warehouse_error(PostgresSettings(), error)
    assert isinstance(problem, AccessError)
    assert "check the first two in .env" in str(problem) and '"bi_reader"' in str(problem)


def test_an_error_of_data_is_not_told_as_an_outage() -> None:
    error = psycopg.errors.ProgramLimitExceeded("index row size 4056 exceeds btree version 4 maximum 2704")
    problem = warehouse_error(PostgresSettings(), error)
    assert isinstance(problem, RefusedDataError)
    assert "refuses the data" in str(problem) and "running" not in str(problem)
