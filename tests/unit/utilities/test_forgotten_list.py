"""The list in PostgreSQL and its copy on the bus: each gets what only the other has, and no list of another key."""

import uuid
from collections.abc import Iterator
from typing import Any, cast

import psycopg
import pytest
from pydantic import SecretStr

from config.errors import ConfigurationError
from config.operator_logins import OperatorKafkaSettings
from kafka.forgotten import ForgottenTopic, ForgottenVisitors, nobody
from kafka.log_reader import read_to_end
from tests.forgotten import KEY, seen_as
from tests.mock_cluster import MockCluster
from utilities.erasure.forgotten_list import LISTED, merged, synchronise

JANE, JOHN = uuid.UUID(int=1).hex, uuid.UUID(int=2).hex


class Table:
    """Stands in for a connection to a warehouse that has nothing but the list."""

    def __init__(self, **moments: int) -> None:
        self.moments = moments

    def execute(self, statement: str, values: list[Any] | None = None) -> list[tuple[uuid.UUID, int]]:
        if statement == LISTED:
            return [(uuid.UUID(visitor), moment) for visitor, moment in self.moments.items()]
        visitor, moment = values or []
        self.moments[visitor.hex] = max(moment, self.moments.get(visitor.hex, moment))
        return []


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockCluster]:
    seen_as(monkeypatch, "id")
    with MockCluster() as cluster:
        cluster.create_topic("forgotten", 1)
        yield cluster


@pytest.fixture
def bus(cluster: MockCluster) -> OperatorKafkaSettings:
    return OperatorKafkaSettings(
        kafka_brokers=cluster.bootstrap_servers,
        kafka_security_protocol="PLAINTEXT",
        forgotten_topic="forgotten",
        kafka_operator_password=SecretStr("none"),
    )


def give(
    table: Table, bus: OperatorKafkaSettings, added: dict[str, int] | None = None, key: bytes = KEY
) -> ForgottenTopic:
    return synchronise(cast(psycopg.Connection, table), bus, key, added)


def on_bus(bus: OperatorKafkaSettings) -> dict[str, int]:
    topic = ForgottenTopic(bus.client(), bus.forgotten_topic)
    topic.read_on()
    return topic.moments


def test_a_first_list_is_whole_without_anybody_on_it(bus: OperatorKafkaSettings) -> None:
    table = Table()
    give(table, bus)
    assert table.moments == on_bus(bus) and set(table.moments) == {nobody(KEY)}
    ForgottenVisitors(ForgottenTopic(bus.client(), bus.forgotten_topic), KEY).refresh()


def test_a_lost_cluster_and_a_lost_warehouse_get_the_list_back(bus: OperatorKafkaSettings) -> None:
    kept = {nobody(KEY): 1, JANE: 5, JOHN: 7}
    give(Table(**kept), bus)
    assert on_bus(bus) == kept
    lost = Table()
    give(lost, bus)
    assert lost.moments == kept


def test_an_operators_list_is_known_by_its_topics_id(
    cluster: MockCluster, bus: OperatorKafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_as(monkeypatch, "old", "new")
    read = give(Table(**{nobody(KEY): 1}), bus)
    cluster.delete_topic("forgotten")
    cluster.create_topic("forgotten", 1)
    give(Table(**{nobody(KEY): 1, JANE: 5}), bus)
    read.read_on()
    assert read.moments == {nobody(KEY): 1, JANE: 5}


def test_who_is_forgotten_again_is_so_from_then_on(bus: OperatorKafkaSettings) -> None:
    table = Table(**{nobody(KEY): 1, JANE: 5})
    give(table, bus)
    give(table, bus, {JANE: 9})
    give(table, bus, {JANE: 8})
    assert table.moments == on_bus(bus) == {nobody(KEY): 1, JANE: 9}


def test_the_entry_that_says_the_list_is_whole_is_written_last(bus: OperatorKafkaSettings) -> None:
    give(Table(**{nobody(KEY): 1, JANE: 5, JOHN: 7}), bus)
    keys = [message.key() for message in read_to_end(bus.client(), bus.forgotten_topic)]
    assert len(keys) == 3 and keys[-1] == nobody(KEY).encode()


@pytest.mark.parametrize("kept", [{JANE: 5}, {nobody(b"another key of the tests"): 1}])
def test_a_list_of_another_key_is_left_as_it_is(bus: OperatorKafkaSettings, kept: dict[str, int]) -> None:
    table = Table(**kept)
    with pytest.raises(ConfigurationError, match=r"FORGOTTEN_KEY: .*put that one back"):
        give(table, bus, {JOHN: 9})
    assert (table.moments, on_bus(bus)) == (kept, {})


def test_of_two_lists_the_later_moment_counts() -> None:
    assert merged({"a": 1, "b": 5}, {"b": 2, "c": 3}) == {"a": 1, "b": 5, "c": 3}
