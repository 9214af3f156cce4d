"""Where the stream goes on from, and how Kafka's Java client is told the login."""

import pytest
from pydantic import SecretStr

from config.kafka_client import LoginConfig, client_config
from kafka.lost_offsets import OffsetsLostError, TopicMadeAnewError
from kafka.topic_sight import TopicSight
from spark.live.bus import java_client, refuse_another_topic, source, starting_offsets
from spark.live.store import Position

TOPIC = "views"


def login(mechanism: str = "PLAIN", protocol: str = "SASL_PLAINTEXT", password: str = "secret") -> LoginConfig:
    return client_config("h:1", protocol, mechanism, "stream", SecretStr(password), "KAFKA_STREAM_PASSWORD")


def test_counting_goes_on_where_it_ended_and_begins_at_what_is_kept() -> None:
    known = {0: Position("id", 40, None, 0.0)}
    assert starting_offsets(TOPIC, {0: (10, 90), 1: (5, 50)}, known, skip_lost=False) == {0: 40, 1: 5}


@pytest.mark.parametrize(("kept", "skipped_to"), [((50, 90), 50), ((0, 30), 30)])
def test_offsets_that_the_bus_has_lost_are_said_and_skipped_only_when_asked(
    kept: tuple[int, int], skipped_to: int
) -> None:
    known = {0: Position("id", 40, None, 0.0)}
    with pytest.raises(OffsetsLostError, match="--skip-lost"):
        starting_offsets(TOPIC, {0: kept}, known, skip_lost=False)
    assert starting_offsets(TOPIC, {0: kept}, known, skip_lost=True) == {0: skipped_to}


def test_a_topic_made_anew_is_refused_and_one_without_ids_is_not() -> None:
    with pytest.raises(TopicMadeAnewError, match="made anew"):
        refuse_another_topic(TOPIC, "former", TopicSight("other", 3))
    for known, seen in (("same", "same"), ("", "other"), ("former", "")):
        refuse_another_topic(TOPIC, known, TopicSight(seen, 3))


def test_the_source_reads_committed_records_from_the_given_offsets_and_fails_where_some_are_lost() -> None:
    options = source(login(), {TOPIC: {0: 40, 1: 5}, "clicks": {0: 7}}, 1_000)
    assert options["subscribe"] == "views,clicks"
    assert options["startingOffsets"] == '{"views":{"0":40,"1":5},"clicks":{"0":7}}'
    assert options["kafka.isolation.level"] == "read_committed"
    assert options["failOnDataLoss"] == "true"
    assert options["maxOffsetsPerTrigger"] == "1000"


@pytest.mark.parametrize(("mechanism", "module"), [("PLAIN", "PlainLogin"), ("SCRAM-SHA-512", "ScramLogin")])
def test_the_java_client_logs_in_as_the_others_do(mechanism: str, module: str) -> None:
    found = java_client(login(mechanism, password='a"b\\c'))
    assert module in found["sasl.jaas.config"]
    assert 'username="stream" password="a\\"b\\\\c";' in found["sasl.jaas.config"]
    assert found["sasl.mechanism"] == mechanism


def test_without_a_login_none_is_told() -> None:
    assert set(java_client(login(protocol="PLAINTEXT"))) == {"bootstrap.servers", "security.protocol"}
