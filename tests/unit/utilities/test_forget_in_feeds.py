"""A visitor is looked for in every declared feed: also in one that nothing has landed yet, or that has no topics."""

import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kafka.dead_letters.letter import API, PENDING, DeadLetter
from kafka.feeds.declaration import load_feeds
from kafka.position import BusPosition
from tests.mock_cluster import MockCluster
from utilities.erasure import feeds as erasure
from utilities.erasure import find
from utilities.erasure.feeds import FeedStores
from utilities.erasure.visitor import Visitor
from utilities.erasure.wanted import Wanted

FEED = load_feeds()["user-events"]
VISITOR = Visitor("4711007", uuid.uuid4())
EVENT = b'{"user_id":"4711007","name":"Anna Schmidt","event_type":"user_registration"}'
LETTER = DeadLetter(API, BusPosition(FEED.topic, 0, 2**62), "invalid", "", PENDING, 7, None, EVENT, [])


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with MockCluster() as cluster:
        yield cluster


@pytest.fixture
def stores(cluster: MockCluster, monkeypatch: pytest.MonkeyPatch) -> FeedStores:
    """Stores of feeds that nothing was landed or indexed of, on a bus without topics."""
    monkeypatch.setenv("MONGO_OPERATOR_PASSWORD", "x")
    monkeypatch.setattr(erasure, "SearchReaderSettings", SimpleNamespace(load=lambda: None))
    monkeypatch.setattr(erasure, "all_indexed_marks", lambda _: {})
    monkeypatch.setattr(erasure, "in_raw_store", lambda *_: {})
    monkeypatch.setattr(find, "topic_id", lambda *_: "")  # the mock cluster tells no ids
    never_landed = SimpleNamespace(marks=dict)
    return FeedStores.open(
        cluster.client, cast(Any, None), b"key", cast(Any, SimpleNamespace(sibling=lambda _: never_landed))
    )


def found_of_feed(stores: FeedStores) -> erasure.FeedTraces:
    (found,) = (each for each in stores.find(VISITOR) if each.feed.name == FEED.name)
    return found


def test_what_the_api_took_for_a_feed_that_nothing_has_landed_is_found(
    cluster: MockCluster, stores: FeedStores
) -> None:
    for topic in (FEED.topic, FEED.dead_letter_topic):
        cluster.create_topic(topic, 1)
    cluster.produce(FEED.topic, 0, EVENT, b"k")
    headers = [(name.encode(), cast(bytes, value)) for name, value in LETTER.record_headers()]
    cluster.produce(FEED.dead_letter_topic, 0, LETTER.value, LETTER.record_key, headers=headers)
    found = found_of_feed(stores)
    assert (found.letters, len(found.bus), found.unread) == ([7], 1, False)
    wanted = Wanted(VISITOR, ["Anna Schmidt"], [])
    assert stores.letters_with_texts(wanted, [found]) == 1
    # Nothing below the bus has what would be deleted.
    assert stores.reached(FEED.topic, {}) == {"landing": {}, "indexer": {}}


def test_a_feed_whose_topics_are_not_there_holds_nobody(stores: FeedStores) -> None:
    found = found_of_feed(stores)
    assert (found.letters, dict(found.bus), found.unread) == ([], {}, False)
    wanted = Wanted(VISITOR, ["Anna Schmidt"], [])
    assert stores.letters_with_texts(wanted, [found]) == 0
    assert stores.bus_records_with_texts(wanted, [found]) == 0


def test_a_feed_of_nobody_is_not_searched(stores: FeedStores) -> None:
    assert {each.feed.name for each in stores.stores} == {
        name for name, feed in load_feeds().items() if feed.person_field and not feed.is_main
    }
