"""Whose records stay away, until when, and what is no list to go by."""

from collections.abc import Iterator

import pytest

from config.errors import ConfigurationError, TerminalError
from kafka.forgotten import LIST_SECONDS, ForgottenTopic, ForgottenVisitors, nobody
from kafka.forgotten_settings import ForgottenSettings
from kafka.record_time import LAST_TIME_MS
from kafka.visitor import keyed_hash
from tests.forgotten import KEY, Prepared, forgotten, seen_as
from tests.mock_cluster import MockCluster

USER, DEVICE = "4711", "5f0c6a52-7f37-4d57-8f2e-0a1b2c3d4e5f"
MOMENT = 1_700_000_000_000


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockCluster]:
    seen_as(monkeypatch, "id")
    with MockCluster() as cluster:
        cluster.create_topic("forgotten", 1)
        yield cluster


def entry(identity: str) -> str:
    return keyed_hash(identity.encode(), KEY)


@pytest.mark.parametrize(
    ("event", "recorded", "held"),
    [
        ({"user_id_db": USER, "device_id": DEVICE}, MOMENT, True),
        ({"user_id_db": 4711}, MOMENT - 1, True),
        ({"user_id_db": USER}, -1, True),
        ({"user_id_db": USER}, MOMENT + 1, False),
        ({"user_id_db": "", "device_id": DEVICE}, MOMENT, False),
        ({"user_id_db": "", "device_id": USER}, MOMENT, True),
        ({"device_id": ""}, -1, False),
        ({}, 0, False),
        ({"user_id_db": USER}, MOMENT * 1_000, True),  # microseconds: no time at all
        ({"user_id_db": USER}, 2**63 - 1, True),
        ({"user_id_db": "another guest"}, MOMENT * 1_000, False),
        ({"user_id_db": USER}, LAST_TIME_MS, False),
        ({"user_id_db": USER}, -86_400_000, True),  # the last day of 1969
        ({"user_id_db": "another guest"}, -86_400_000, False),
        ({}, -2, False),
    ],
)
def test_what_was_recorded_until_its_visitor_was_forgotten_stays_away(
    event: dict[str, object], recorded: int, held: bool
) -> None:
    assert forgotten({USER: MOMENT, "another": MOMENT + 5}).holds(event, recorded) == held
    assert not forgotten().holds(event, recorded)


@pytest.mark.parametrize(
    ("key", "value", "held"),
    [
        (None, b'{"user_id_db":"4711","price":Infinity}', True),
        (b"4711", b'{"user_id_db":"12"}', False),
        (b"4711", b"broken", True),
        (b"4711", None, True),
        (b"12", b"broken 4711", False),
        (b"", b"", False),
        (None, None, False),
        (b"4711", b"[" * 100_000, True),
        (None, b'{"user_id_db":"4711"' + b',"a":[' * 2, False),
    ],
)
def test_a_record_that_is_no_event_is_told_by_its_key(key: bytes | None, value: bytes | None, held: bool) -> None:
    listed = forgotten({USER: MOMENT})
    assert listed.holds_record(key, value, MOMENT) == held
    assert not listed.holds_record(key, value, MOMENT + 1)
    assert listed.holds_record(key, value, MOMENT * 1_000) == held


@pytest.mark.parametrize(
    ("moments", "problem"),
    [
        ({}, "is empty; run ./millrace up"),
        ({entry(USER): MOMENT}, "is not whole, or was made with another FORGOTTEN_KEY; run"),
        ({nobody(b"another key of the tests"): MOMENT}, "made with another FORGOTTEN_KEY"),
    ],
)
def test_a_list_that_is_not_whole_or_of_another_key_is_not_gone_by(moments: dict[str, int], problem: str) -> None:
    with pytest.raises(TerminalError, match=problem):
        ForgottenVisitors(Prepared(moments), KEY).refresh()


def test_the_list_is_read_again_after_a_while_and_not_for_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr("kafka.forgotten.time.monotonic", lambda: now[0])
    topic = Prepared({nobody(KEY): 1})
    listed = ForgottenVisitors(topic, KEY)
    for _ in range(3):
        listed.refresh()
    assert topic.readings == 1
    topic.moments[entry(USER)] = MOMENT
    now[0] += LIST_SECONDS
    listed.refresh()
    assert (topic.readings, listed.holds({"user_id_db": USER}, MOMENT)) == (2, True)


def test_the_topic_is_read_on_from_where_it_was_read_and_of_each_visitor_the_latest_moment_counts(
    cluster: MockCluster,
) -> None:
    topic = ForgottenTopic(cluster.client, "forgotten")
    for key, value in ((entry(USER), b"7"), (nobody(KEY), b"1"), ("no hash", b"5"), (entry(DEVICE), b"soon")):
        cluster.produce("forgotten", 0, value, key.encode())
    cluster.produce("forgotten", 0, None, entry(USER).encode())
    topic.read_on()
    assert topic.moments == {entry(USER): 7, nobody(KEY): 1}
    topic.moments.clear()
    cluster.produce("forgotten", 0, b"9", entry(USER).encode())
    cluster.produce("forgotten", 0, b"8", entry(USER).encode())
    topic.read_on()
    topic.read_on()
    assert topic.moments == {entry(USER): 9}


def test_a_list_that_was_made_anew_is_read_from_its_beginning_though_it_is_no_shorter(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_as(monkeypatch, "old", "new")
    topic = ForgottenTopic(cluster.client, "forgotten")
    for key in (entry(USER), nobody(KEY)):
        cluster.produce("forgotten", 0, b"7", key.encode())
    topic.read_on()
    cluster.delete_topic("forgotten")
    cluster.create_topic("forgotten", 1)
    for key in (entry(DEVICE), entry(USER), nobody(KEY)):
        cluster.produce("forgotten", 0, b"8", key.encode())
    topic.read_on()
    assert topic.moments == {entry(DEVICE): 8, entry(USER): 8, nobody(KEY): 8}


def test_a_missing_topic_is_said_with_what_makes_it(cluster: MockCluster) -> None:
    cluster.set_topic_error("forgotten", 3)  # UNKNOWN_TOPIC_OR_PART
    with pytest.raises(TerminalError, match=r"the list of forgotten visitors cannot be read: .*; run \./millrace up"):
        ForgottenVisitors(ForgottenTopic(cluster.client, "forgotten"), KEY).refresh()


def test_a_key_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"FORGOTTEN_KEY: .*at least 16 characters"):
        ForgottenSettings.load(forgotten_key="short")
