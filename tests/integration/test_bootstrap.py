"""Preparing servers: rights follow the names of the settings and leave the former ones; topics are mended."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import psycopg
import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from psycopg.errors import InsufficientPrivilege
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from tests.pipeline import Pipeline, eventually
from utilities.bootstrap.kafka import forget_local_topic, prepare_local_kafka
from utilities.bootstrap.kafka_acls import apply, known_acls
from utilities.bootstrap.kafka_grants import READ, TOPIC, allow
from utilities.bootstrap.mongodb import prepare_mongodb
from utilities.bootstrap.postgres import prepare_postgres
from utilities.local_servers.stack import Stack

pytestmark = pytest.mark.servers


@contextmanager
def settings(pipeline: Pipeline, **variables: str) -> Iterator[None]:
    with patch.dict(os.environ, {**pipeline.environment, **variables}):
        yield


def admin(pipeline: Pipeline) -> AdminClient:
    return AdminClient(pipeline.local_client("admin"))


def grant(pipeline: Pipeline, acls: set[AclBinding]) -> None:
    client = admin(pipeline)
    for future in client.create_acls(list(acls)).values():
        future.result()


def rights(pipeline: Pipeline, name: str) -> set[AclBinding]:
    return {acl for acl in known_acls(admin(pipeline)) if acl.principal == f"User:{name}"}


def topic_settings(pipeline: Pipeline, topic: str) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    client = admin(pipeline)  # which must outlive its answer
    described = client.describe_configs([resource])[resource].result()
    return {name: entry.value for name, entry in described.items()}


def set_topic(pipeline: Pipeline, topic: str, **values: str) -> None:
    entries = [
        ConfigEntry(name.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET)
        for name, value in values.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    client = admin(pipeline)
    client.incremental_alter_configs([resource])[resource].result()


def test_a_renamed_principal_has_the_rights_and_the_former_name_none(pipeline: Pipeline) -> None:
    former, name = f"former-{pipeline.name}", f"copier-{pipeline.name}"
    foreign = allow(f"dashboard-{pipeline.name}", TOPIC, pipeline.topic, READ)
    grant(pipeline, foreign)
    with settings(pipeline, KAFKA_MIRROR_USERNAME=former):
        prepare_local_kafka(pipeline.servers.secrets)
    assert {acl.name for acl in rights(pipeline, former)} >= {pipeline.topic, "millrace-mirror"}
    expected = len(rights(pipeline, former))
    with settings(pipeline, KAFKA_MIRROR_USERNAME=name):
        prepare_local_kafka(pipeline.servers.secrets)
    assert rights(pipeline, former) == set()
    assert len(rights(pipeline, name)) == expected
    assert rights(pipeline, f"dashboard-{pipeline.name}") == foreign
    with settings(pipeline):
        prepare_local_kafka(pipeline.servers.secrets)
    assert rights(pipeline, name) == set()


def test_rights_on_a_former_topic_go_when_it_is_named(pipeline: Pipeline) -> None:
    former, foreign = f"former-{pipeline.name}", allow(f"dashboard-{pipeline.name}", TOPIC, pipeline.topic, READ)
    with settings(pipeline):
        apply(pipeline.local_client("admin"), allow("mirror", TOPIC, former, READ), {former}, "granting")
        grant(pipeline, foreign)
        assert forget_local_topic(pipeline.servers.secrets, former) == 1
    eventually(lambda: former not in {acl.name for acl in known_acls(admin(pipeline))})
    assert rights(pipeline, f"dashboard-{pipeline.name}") == foreign
    refused = pipeline.attempt("utilities.bootstrap", "--former-topic", pipeline.topic)
    assert refused.returncode == 1 and "is in use" in refused.stderr


def test_topics_that_would_lose_old_records_are_mended(pipeline: Pipeline) -> None:
    pipeline.produce([(b"k", b"{}")])
    pipeline.run("kafka.mirror")
    letters = f"{pipeline.topic}-dead-letters"
    for topic in (pipeline.topic, letters):
        assert topic_settings(pipeline, topic)["retention.ms"] == "-1"
        set_topic(pipeline, topic, retention_ms="604800000", retention_bytes="1000000", cleanup_policy="compact")
    with settings(pipeline):
        prepare_local_kafka(pipeline.servers.secrets)
    for topic in (pipeline.topic, letters):
        found = topic_settings(pipeline, topic)
        assert (found["retention.ms"], found["retention.bytes"], found["cleanup.policy"]) == ("-1", "-1", "delete")
    with settings(pipeline, KAFKA_RETENTION_MS="86400000", KAFKA_MIN_INSYNC="1"):
        prepare_local_kafka(pipeline.servers.secrets)
    assert topic_settings(pipeline, pipeline.topic)["retention.ms"] == "86400000"
    assert topic_settings(pipeline, letters)["min.insync.replicas"] == "1"


def test_a_stages_topic_has_the_replicas_of_the_settings(pipeline: Pipeline) -> None:
    topics = {"DESTINATION_TOPIC": f"{pipeline.topic}-2", "DEAD_LETTER_TOPIC": f"{pipeline.topic}-2-dead-letters"}
    with settings(pipeline, **topics, KAFKA_REPLICATION="2"):
        prepare_local_kafka(pipeline.servers.secrets)
    found = admin(pipeline).list_topics(timeout=10).topics[topics["DEAD_LETTER_TOPIC"]]
    assert {len(partition.replicas) for partition in found.partitions.values()} == {2}


def test_the_pages_principal_may_look_and_do_nothing_else(pipeline: Pipeline) -> None:
    pages = AdminClient({**pipeline.local_client("akhq"), "log_level": 0})
    try:
        assert f"{pipeline.topic}-dead-letters" in pages.list_topics(timeout=10).topics
    except KafkaException as error:
        if error.args[0].code() == KafkaError._TRANSPORT:
            pytest.skip("the running servers were started before this principal was added")
        raise
    resource = ConfigResource(ResourceType.TOPIC, f"{pipeline.topic}-dead-letters")
    assert "retention.ms" in pages.describe_configs([resource])[resource].result()
    with pytest.raises(KafkaException) as refused:
        pages.delete_topics([f"{pipeline.topic}-dead-letters"])[f"{pipeline.topic}-dead-letters"].result()
    assert refused.value.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_renamed_mongodb_user_logs_in_and_the_former_one_does_not(pipeline: Pipeline) -> None:
    port, secrets = pipeline.servers.settings.mongo_port, pipeline.servers.secrets
    former, name = f"former_{pipeline.name}", f"reader_{pipeline.name}"
    own = {"MONGO_DB": f"raw_{pipeline.name}"}
    others = {f"MONGO_{role}_USERNAME": f"{role.lower()}_{pipeline.name}" for role in ("LANDING", "OPERATOR")}
    for user in (former, name):
        with settings(pipeline, **own, **others, MONGO_ETL_USERNAME=user):
            prepare_mongodb(secrets)
    password = secrets.reveal("mongo_etl_password")
    with MongoClient[dict[str, object]]("127.0.0.1", port, username=name, password=password) as client:
        client[own["MONGO_DB"]]["any"].find_one()
        with pytest.raises(OperationFailure):
            client[own["MONGO_DB"]]["any"].insert_one({"a": 1})
    with (
        MongoClient[dict[str, object]]("127.0.0.1", port, username=former, password=password) as client,
        pytest.raises(OperationFailure),
    ):
        client[own["MONGO_DB"]]["any"].find_one()


def test_a_renamed_postgres_login_acts_as_its_role_and_the_former_one_may_not_log_in(pipeline: Pipeline) -> None:
    secrets = pipeline.servers.secrets
    former, name = f"former_{pipeline.name}", f"etl_{pipeline.name}"
    for user in (former, name):
        with settings(pipeline, POSTGRES_USER=user):
            prepare_postgres(secrets)
    login = {"host": "127.0.0.1", "port": pipeline.servers.settings.postgres_port}
    login |= {"dbname": pipeline.environment["POSTGRES_DB"], "password": secrets.reveal("postgres_password")}
    with psycopg.connect(**login, user=name) as connection:  # type: ignore[arg-type]
        assert connection.execute("SELECT current_user").fetchone() == ("warehouse_etl",)
        connection.execute("SELECT count(*) FROM etl.run")
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        psycopg.connect(**login, user=former)  # type: ignore[arg-type]
    # The role of that name still logs into the other databases of this server.
    psycopg.connect(**{**login, "dbname": "millrace"}, user="warehouse_etl").close()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_try_advisory_lock(5569066304901563205)",
        "SELECT pg_advisory_lock_shared(1)",
        "SELECT lo_from_bytea(0, 'a text')",
        "SELECT lo_create(0)",
        "CREATE TABLE public.own (text text)",
        "CREATE TEMP TABLE own (text text)",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_an_analyst_reads_and_does_nothing_else(servers: Stack, statement: str) -> None:
    password = servers.secrets.reveal("postgres_bi_password")
    place = f"host=127.0.0.1 port={servers.settings.postgres_port} dbname=millrace user=bi_reader"
    with psycopg.connect(place, password=password) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(statement)
