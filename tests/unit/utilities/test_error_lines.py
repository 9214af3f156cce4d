"""What an operator's command says of a server that is away: the cause, and no more than one line."""

import argparse
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import psycopg
import pytest
from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError, ServerSelectionTimeoutError

from config.command_line import run_command
from config.errors import AccessError, RefusedDataError, UnavailableError
from config.operator_logins import SearchReaderSettings
from config.settings import PostgresSettings
from utilities.stores.raw_store import raw_store_error
from utilities.stores.search import search_client
from utilities.stores.warehouse import warehouse_error


def test_a_raw_store_that_is_away_is_named_with_the_whole_cause() -> None:
    client: MongoClient[dict[str, object]] = MongoClient("127.0.0.1", 1, serverSelectionTimeoutMS=50)
    with pytest.raises(PyMongoError) as caught:
        client.admin.command("ping")
    problem = raw_store_error("127.0.0.1:1", caught.value)
    assert isinstance(problem, UnavailableError)
    assert str(problem) == (
        "MongoDB at 127.0.0.1:1 does not answer; ./millrace status shows whether it runs, ./millrace start mongodb"
        " starts it (127.0.0.1:1: [Errno 111] Connection refused)"
    )


def test_a_raw_store_that_breaks_reads_off_is_not_called_away() -> None:
    problem = raw_store_error("127.0.0.1:1", AutoReconnect("127.0.0.1:1: operation cancelled"))
    assert isinstance(problem, UnavailableError)
    assert "is busy" in str(problem) and "does not answer" not in str(problem)


def test_a_search_store_that_is_away_is_one_line_with_the_cause(capsys: pytest.CaptureFixture[str]) -> None:
    settings = SearchReaderSettings(elasticsearch_port=1, elasticsearch_reader_password=SecretStr("x"))

    def ask(_: argparse.Namespace) -> None:
        with search_client(settings, "reader", settings.elasticsearch_reader_password) as client:
            client.info()

    assert run_command(argparse.ArgumentParser(prog="trace"), ask, []) == 1
    assert capsys.readouterr().err == (
        "trace: Elasticsearch at http://127.0.0.1:1 does not answer; ./millrace status shows whether it runs,"
        " ./millrace start elasticsearch starts it"
        " (Failed to establish a new connection: [Errno 111] Connection refused)\n"
    )


def test_of_a_server_elsewhere_only_its_owner_knows_how_it_starts() -> None:
    problem = raw_store_error("store.example:1", ServerSelectionTimeoutError("refused"))
    assert "is the server running there?" in str(problem) and "millrace start" not in str(problem)


def test_the_cause_is_not_cut_at_a_comma() -> None:
    error = OperationFailure("not authorized on db, ask an administrator", 13)
    problem = raw_store_error("host:1", error)
    assert isinstance(problem, AccessError)
    assert str(problem).endswith("not authorized on db, ask an administrator")


def test_a_warehouse_that_is_away_is_named_with_its_cause() -> None:
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(host="127.0.0.1", port=1)
    problem = warehouse_error(PostgresSettings(), caught.value, "POSTGRES_PASSWORD")
    assert isinstance(problem, UnavailableError)
    assert "Connection refused" in str(problem)
    assert "./millrace start postgres starts it" in str(problem)
    assert "\n" not in str(problem)


def test_a_refused_login_to_the_warehouse_says_what_to_look_at() -> None:
    error = psycopg.OperationalError('connection failed: FATAL:  password authentication failed for user "bi_reader"')
    problem = warehouse_error(PostgresSettings(), error, "POSTGRES_BI_PASSWORD")
    assert isinstance(problem, AccessError)
    assert "check POSTGRES_BI_PASSWORD" in str(problem) and '"bi_reader"' in str(problem)


def test_an_error_of_data_is_not_told_as_an_outage() -> None:
    error = psycopg.errors.ProgramLimitExceeded("index row size 4056 exceeds btree version 4 maximum 2704")
    problem = warehouse_error(PostgresSettings(), error, "POSTGRES_PASSWORD")
    assert isinstance(problem, RefusedDataError)
    assert "refuses the data" in str(problem) and "running" not in str(problem)


def test_a_missing_grant_is_no_wrong_password() -> None:
    problem = warehouse_error(PostgresSettings(), psycopg.errors.InsufficientPrivilege("no run"), "POSTGRES_PASSWORD")
    assert isinstance(problem, AccessError)
    assert "grant" in str(problem) and "POSTGRES_PASSWORD" not in str(problem)


@pytest.mark.parametrize(("status", "advice"), [(401, "check ELASTICSEARCH_READER_PASSWORD"), (403, "a permission")])
def test_a_refusal_of_the_search_store_says_what_to_look_at(status: int, advice: str) -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings = SearchReaderSettings(
            elasticsearch_port=server.server_port, elasticsearch_reader_password=SecretStr("wrong")
        )
        login = settings.elasticsearch_reader_user, settings.elasticsearch_reader_password
        with pytest.raises(AccessError, match=advice), search_client(settings, *login) as client:
            client.info()
        server.shutdown()
