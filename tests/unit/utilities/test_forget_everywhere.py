"""Where a visitor is looked for: in what former settings named, too."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError
from pydantic import SecretStr

from config.operator_logins import OperatorKafkaSettings, OperatorMongoSettings
from kafka.dead_letters.letter import PENDING, DeadLetter
from kafka.position import BusPosition
from kafka.sinks.landing_names import landed_collections, landing_watermarks
from kafka.sinks.sink import StoreMark
from tests.mock_cluster import MockCluster
from utilities.erasure import forget, traces
from utilities.erasure.dead_letter_topics import former_dead_letter_topics
from utilities.erasure.facts import VisitorFacts
from utilities.erasure.feeds import FeedStores
from utilities.erasure.find import BusRecord
from utilities.erasure.visitor import Visitor
from utilities.stores.raw_store import RawStore

KEY = SecretStr("a key of at least sixteen characters")
AHEAD_MS = 4_102_444_800_000  # 2100-01-01
MICROSECONDS = 1_760_000_000_000_000
LOADED = {BusPosition("views.2", 0, 1)}
VISITOR = Visitor.of("4711", KEY)
DEFAULT = OperatorMongoSettings.model_fields["mongo_collection"].default


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with MockCluster() as cluster:
        yield cluster


def test_a_collection_is_a_landings_where_it_has_marks_beside_it() -> None:
    names = {DEFAULT, "second", "users", landing_watermarks("second"), landing_watermarks("gone")}
    assert landed_collections(names) == {"second", "gone"}
    assert landed_collections({*names, landing_watermarks(DEFAULT)}) == {"second", "gone", DEFAULT}


def test_the_other_collections_of_the_database_are_stores_with_marks_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = OperatorMongoSettings(mongo_port=1, mongo_operator_password=SecretStr("x"), mongo_collection="second")
    with RawStore(settings) as store:
        names = ["second", landing_watermarks("second"), DEFAULT, landing_watermarks(DEFAULT), "users"]
        monkeypatch.setattr(store._database, "list_collection_names", lambda: names)
        (other,) = store.others()
        assert (other.name, other.watermarks.name) == (f"kafka_data_db.{DEFAULT}", landing_watermarks(DEFAULT))


def letter(stage: str) -> DeadLetter:
    return DeadLetter(stage, BusPosition("views", 0, 1), "not_json", "", PENDING, 7, b"4711", b"{4711", [])


def write(cluster: MockCluster, topic: str, partition: int, stage: str) -> None:
    one = letter(stage)
    headers = [(name.encode(), value if isinstance(value, bytes) else None) for name, value in one.record_headers()]
    cluster.produce(topic, partition, one.value, one.record_key, headers=headers)


def test_dead_letters_of_a_former_name_are_told_by_what_a_topic_holds(cluster: MockCluster) -> None:
    for topic in ("dead", "refused", "rejects", "views", "empty", "others"):
        cluster.create_topic(topic, 2)
    write(cluster, "dead", 0, "landing")
    write(cluster, "refused", 1, "landing")
    write(cluster, "rejects", 0, "mirror")
    write(cluster, "rejects", 0, "landing")
    cluster.produce("views", 0, b'{"id":"x"}', None)
    cluster.produce("others", 1, None, b"key")
    for topic, code in (
        ("withheld", KafkaError.TOPIC_AUTHORIZATION_FAILED),
        ("gone", KafkaError.UNKNOWN_TOPIC_OR_PART),
    ):
        cluster.create_topic(topic, 1)
        cluster.set_topic_error(topic, code)
    assert former_dead_letter_topics(cluster.client, {"dead", "views"}) == ["refused", "rejects"]
    assert former_dead_letter_topics(cluster.client, {"dead", "refused", "rejects", "views", "empty", "others"}) == []


class Raw(SimpleNamespace):
    """A collection: `name`, and the topics it has marks of."""

    def marks(self) -> dict[tuple[str, int], StoreMark]:
        return {(topic, 0): StoreMark(9, "", None, 0) for topic in self.topics}

    def landed_until(self) -> dict[tuple[str, int], int]:
        return {place: mark.next_offset for place, mark in self.marks().items()}


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> traces.Stores:
    """Stores that hold the visitor only in the second collection, topic `views.1`, and in former dead letters."""
    second = {BusPosition("views.1", 0, 5): AHEAD_MS}
    monkeypatch.setattr(traces, "in_raw_store", lambda store, *_: second if store.name == "db.second" else {})
    monkeypatch.setattr(traces, "in_dead_letters", lambda _, topic, visitor: [7] if topic == "refused" else [])
    monkeypatch.setattr(traces, "former_dead_letter_topics", lambda config, known: ["refused"])
    monkeypatch.setattr(traces, "in_search", lambda *_: {})
    monkeypatch.setattr(traces, "on_the_bus", lambda *_: {})
    monkeypatch.setattr(traces, "is_the_one", lambda *_: True)
    monkeypatch.setattr(traces, "in_archives", lambda *_: [])
    monkeypatch.setattr(traces, "loaded_positions", lambda *_: LOADED)
    monkeypatch.setattr(traces, "find_facts", lambda *_: VisitorFacts({}, set(), set()))
    monkeypatch.setattr(traces, "watermarks", lambda _: {})
    monkeypatch.setattr(traces, "all_indexed_marks", lambda _: {("views.3", 0): StoreMark(9, "", None, 0)})
    monkeypatch.setenv("ELASTICSEARCH_READER_PASSWORD", "x")
    main, other = Raw(name="db.first", topics=["views.2"]), Raw(name="db.second", topics=["views.1"])
    ledger = SimpleNamespace(watermarks=lambda: {}, transaction=lambda work: work(None))
    bus = OperatorKafkaSettings(kafka_operator_password=SecretStr("x"), destination_topic="views.2")
    feeds = FeedStores([], {}, cast(Any, None), b"key")
    parts: list[Any] = ["views.2", bus, main, [other], None, "alias", ledger, b"key", None, feeds]
    return traces.Stores(*cast(Any, parts))


def test_what_former_settings_named_is_searched_and_counts_as_found(
    stores: traces.Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    found = stores.find(VISITOR)
    assert (found.counts()["MongoDB"], found.counts()["dead letters"]) == (1, 1)
    assert found.topics == ["views.1", "views.2", "views.3"]
    forget._print_searched(stores, found)
    assert capsys.readouterr().out == (
        "searched: MongoDB db.first, db.second; topics views.1, views.2, views.3;"
        " dead letters product_views_dead_letters, refused\n"
    )


def test_the_moment_is_that_of_the_newest_record_in_any_store_whatever_times_there_are(
    stores: traces.Stores, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entries: list[dict[str, int]] = []
    monkeypatch.setattr(forget, "synchronise", lambda connection, bus, key, entry: entries.append(entry))
    record = BusRecord(MICROSECONDS, None)
    monkeypatch.setattr(traces, "on_the_bus", lambda config, topic, _: {BusPosition(topic, 0, 1): record})
    found = stores.find(VISITOR)
    forget._put_on_list(stores, VISITOR, found)
    assert [list(entry.values()) for entry in entries] == [[AHEAD_MS]]
    assert "recorded until 2100-01-01 00:00:00 UTC" in capsys.readouterr().out
    monkeypatch.setattr(forget, "retention_ms", lambda config, topic: 604_800_000)
    forget._print_bus(stores, found)
    assert capsys.readouterr().out.count("the last of them after a time that no calendar has;") == 3


def test_each_collection_and_topic_of_dead_letters_is_erased_where_it_holds_the_visitor(
    stores: traces.Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw: dict[str, set[BusPosition]] = {}
    letters: list[str] = []
    monkeypatch.setattr(forget, "erase_raw", lambda store, positions, bus: raw.update({store.name: set(positions)}))
    monkeypatch.setattr(forget, "erase_dead_letters", lambda config, topic, visitor: letters.append(topic))
    for name in ("erase_indexed", "erase_facts", "erase_feed_facts", "refresh_marts"):
        monkeypatch.setattr(forget, name, lambda *_, **__: None)
    forget._erase(stores, VISITOR, stores.find(VISITOR))
    assert raw == {"db.first": set(), "db.second": {BusPosition("views.1", 0, 5)}}
    assert letters == ["refused"]


def test_what_the_warehouse_knows_by_the_hash_is_asked_for_in_every_store(
    stores: traces.Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, set[BusPosition]] = {}

    def in_raw_store(store: Raw, _: Visitor, known: set[BusPosition]) -> dict[BusPosition, int]:
        asked[store.name] = set(known)
        return {}

    def in_search(*given: Any) -> dict[BusPosition, str]:
        asked["search"] = set(given[-2])
        return {}

    monkeypatch.setattr(traces, "in_raw_store", in_raw_store)
    monkeypatch.setattr(traces, "in_search", in_search)
    stores.find(VISITOR)
    assert asked == {"db.first": LOADED, "db.second": LOADED, "search": LOADED}


def test_a_topic_that_only_another_collection_has_is_cut_by_what_landed_there(stores: traces.Stores) -> None:
    assert stores.reached("views.1")["landing"] == {0: 9}
    assert stores.reached("views.4")["landing"] == {}
