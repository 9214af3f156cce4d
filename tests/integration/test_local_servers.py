"""The local servers as an operator meets them: up again, status, one stopped, and who may do what."""

import os
import re
import time
from pathlib import Path
from typing import cast

import psutil
import psycopg
import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from elasticsearch import AuthenticationException, AuthorizationException, Elasticsearch
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from tests.pipeline import Pipeline
from utilities.local_servers.stack import Stack

FOUR_GIBIBYTES = 4 * 2**30

pytestmark = pytest.mark.servers


def test_a_second_up_starts_nothing_and_prints_the_table(pipeline: Pipeline, tmp_path: Path) -> None:
    """Also where the caller's PATH begins with another Java."""
    (tmp_path / "java").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "java").chmod(0o755)
    before = {row.name: row.pid for row in pipeline.servers.status()}
    printed = pipeline.run("utilities.local_servers", "up", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert {row.name: row.pid for row in pipeline.servers.status()} == before
    for name, pid in before.items():
        assert re.search(rf"^{name} .* running .*{pid} .*MiB", printed, re.MULTILINE), printed


def test_all_servers_together_stay_within_four_gibibytes(servers: Stack) -> None:
    assert sum(row.memory or 0 for row in servers.status()) < FOUR_GIBIBYTES


def test_status_tells_a_dead_server_and_fails(pipeline: Pipeline) -> None:
    pipeline.run("utilities.local_servers", "stop", "elasticsearch")
    result = pipeline.attempt("utilities.local_servers", "status")
    assert result.returncode == 1
    assert re.search(r"^elasticsearch .* stopped", result.stdout, re.MULTILINE)
    pipeline.run("utilities.local_servers", "start", "elasticsearch")
    pipeline.run("utilities.local_servers", "status")


def test_a_server_that_does_not_exist_is_one_line_with_the_names_that_do(pipeline: Pipeline) -> None:
    result = pipeline.attempt("utilities.local_servers", "logs", "kafka-9")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "there is no server kafka-9; there are source-kafka, kafka-1" in result.stderr


def test_every_server_listens_on_loopback_only(servers: Stack) -> None:
    ports = {port for server in servers.servers for port in server.ports}
    listening = [
        cast(tuple[str, int], c.laddr) for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN
    ]
    addresses = {port: host.removeprefix("::ffff:") for host, port in listening if port in ports}
    assert addresses == dict.fromkeys(ports, "127.0.0.1")


def test_kafka_refuses_a_wrong_password_and_a_client_without_one(pipeline: Pipeline) -> None:
    config = {**pipeline.local_client("mirror"), "log_level": 0}
    plain = {"bootstrap.servers": config["bootstrap.servers"], "log_level": 0}
    for refused in ({**config, "sasl.password": "wrong"}, plain):
        with pytest.raises(KafkaException):
            AdminClient(refused).list_topics(timeout=5)


def test_a_principal_without_the_acl_may_not_write(pipeline: Pipeline) -> None:
    pipeline.produce([(b"k", b"{}")])
    pipeline.run("kafka.mirror")
    errors: list[KafkaError | None] = []
    producer = Producer({**pipeline.local_client("landing"), "log_level": 0})
    producer.produce(pipeline.topic, b"x", on_delivery=lambda error, _: errors.append(error))
    producer.flush(20)
    assert [error.code() for error in errors if error] == [KafkaError.TOPIC_AUTHORIZATION_FAILED]


def test_topics_do_not_come_into_being_by_a_write(pipeline: Pipeline) -> None:
    admin = AdminClient(pipeline.local_client("admin"))
    producer = Producer({**pipeline.local_client("admin"), "message.timeout.ms": 4000, "log_level": 0})
    producer.produce("no-such-topic", b"x")
    producer.flush(10)
    assert "no-such-topic" not in admin.list_topics(timeout=10).topics


def test_mongodb_refuses_strangers_and_the_etl_may_only_read(pipeline: Pipeline) -> None:
    port = pipeline.servers.settings.mongo_port
    password = pipeline.servers.secrets.reveal("mongo_etl_password")
    logins = [{}, {"username": "etl", "password": "wrong"}]
    for login in logins:
        with MongoClient[dict[str, object]]("127.0.0.1", port, **login) as client, pytest.raises(OperationFailure):  # type: ignore[arg-type]
            client["kafka_data_db"]["any"].find_one()
    with MongoClient[dict[str, object]]("127.0.0.1", port, username="etl", password=password) as client:
        client["kafka_data_db"]["any"].find_one()
        with pytest.raises(OperationFailure):
            client["kafka_data_db"]["any"].insert_one({"a": 1})


def test_elasticsearch_refuses_strangers_and_the_indexer_writes_only_its_own_indices(pipeline: Pipeline) -> None:
    url = f"http://127.0.0.1:{pipeline.servers.settings.elasticsearch_port}"
    with Elasticsearch(url, basic_auth=("indexer", "wrong")) as client, pytest.raises(AuthenticationException):
        client.cluster.health()
    with Elasticsearch(url) as client, pytest.raises(AuthenticationException):
        client.cluster.health()
    password = pipeline.servers.secrets.reveal("elasticsearch_indexer_password")
    with Elasticsearch(url, basic_auth=("indexer", password)) as client, pytest.raises(AuthorizationException):
        client.index(index="other", document={"a": 1})


def test_a_running_elasticsearch_knows_a_user_that_an_upgrade_added(
    servers: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    [running] = [server for server in servers.servers if server.name == "elasticsearch"]
    password = servers.secrets.reveal("elasticsearch_operator_password")
    monkeypatch.setenv("ELASTICSEARCH_OPERATOR_USER", "another-operator")
    try:
        running.refresh()
        assert _roles_once_known(running.address, "another-operator", password) == ["operator"]
    finally:
        monkeypatch.delenv("ELASTICSEARCH_OPERATOR_USER")
        running.refresh()
    assert _roles_once_known(running.address, "operator", password) == ["operator"]


def _roles_once_known(address: str, user: str, password: str) -> list[str]:
    deadline = time.monotonic() + 30
    with Elasticsearch(f"http://{address}", basic_auth=(user, password)) as client:
        while True:
            try:
                return list(client.security.authenticate()["roles"])
            except AuthenticationException:
                assert time.monotonic() < deadline, f"{user} is not known"
                time.sleep(0.2)


def test_analysts_read_the_star_and_nothing_else(pipeline: Pipeline) -> None:
    login = {
        "host": "127.0.0.1",
        "port": pipeline.servers.settings.postgres_port,
        "dbname": pipeline.environment["POSTGRES_DB"],
        "user": "bi_reader",
    }
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(**login, password="wrong")  # type: ignore[arg-type]
    password = pipeline.servers.secrets.reveal("postgres_bi_password")
    with psycopg.connect(**login, password=password, autocommit=True) as connection:  # type: ignore[arg-type]
        connection.execute("SELECT count(*) FROM fact_product_views")
        for forbidden in (
            "SELECT count(*) FROM etl.run",
            "DELETE FROM fact_product_views",
            "CREATE TABLE public.mine (a int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)


def test_psql_prints_bare_tuples_when_not_on_a_terminal(pipeline: Pipeline) -> None:
    printed = pipeline.run("utilities.psql", "-c", "SELECT date_key, year FROM dim_date WHERE date_key = 20260101")
    assert printed == "20260101|2026\n"
