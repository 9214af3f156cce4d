"""A lane of the mirror between clusters that fail: what is a record's fault, what a producer's, what a server's."""

import ctypes
import logging
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError, KafkaException

from config.errors import AccessError, TerminalError, UnavailableError
from config.kafka_client import ClientConfig
from kafka import waiting
from kafka.dead_letter_reasons import KAFKA_RECORD_FAULTS
from kafka.dead_letters.letter import read_dead_letters
from kafka.lost_offsets import TopicMadeAnewError
from kafka.mirror import lane as mirror_lane
from kafka.mirror import raw_headers
from kafka.mirror.allowance import Allowance
from kafka.mirror.offsets import MirrorOffset
from kafka.mirror.setup import TakenOverError
from kafka.mirror.source import CONSUMER
from kafka.mirror.writer import LANE_PRODUCER
from kafka.topic_sight import TopicSight, TopicSightings
from kafka.waiting import LONGEST_PAUSE_SECONDS, pause_seconds
from tests.mirror_lane import SECONDS, Mirror, mirror_cluster
from tests.mock_cluster import Api, MockCluster


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mirror_cluster() as cluster:
        yield cluster


def test_a_header_name_that_is_not_utf8_is_dead_lettered_and_what_follows_is_mirrored(cluster: MockCluster) -> None:
    cluster.produce("source", 0, b"1", b"k", [(b"caf\xe9", b"v"), (b"n", None)])
    cluster.produce("source", 0, b"2")
    mirror = Mirror(cluster).start()
    reached = mirror.copy_to(2)
    assert (reached.records, reached.dead, mirror.lane.mirrored) == (1, 1, 1)
    assert mirror.values() == [b"2"]
    (letter,) = read_dead_letters(cluster.client, "dead")
    assert (letter.stage, letter.reason, letter.position.offset) == ("mirror", "header_name_not_utf8", 0)
    assert (letter.value, letter.key) == (b"1", b"k")
    assert [value for _, value in letter.headers] == [b"v", None]


def test_a_header_name_that_is_not_utf8_is_seen_in_the_midst_of_many_records(cluster: MockCluster) -> None:
    for number in range(3000):
        cluster.produce("source", 0, b"%d" % number, b"k", [(b"caf\xe9" if number % 1000 == 999 else b"n", b"v")])
    reached = Mirror(cluster).start().copy_to(3000)
    assert (reached.records, reached.dead) == (2997, 3)


def test_many_header_names_that_are_not_utf8_take_one_connection(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    new_client = raw_headers._new_client

    def counted(library: ctypes.CDLL, config: ClientConfig) -> int:
        made.append(config)
        return new_client(library, config)

    monkeypatch.setattr(raw_headers, "_new_client", counted)
    for number in range(40):
        name = b"caf\xe9" if number % 3 else b"plain"
        cluster.produce("source", 0, b"%d" % number, b"k", [(name, b"%d" % number)])
    reached = Mirror(cluster).start().copy_to(40)
    assert (reached.records, reached.dead) == (14, 26)
    letters = read_dead_letters(cluster.client, "dead")
    assert all(letter.headers == [("caf\udce9", letter.value)] for letter in letters)
    assert len(made) <= 3  # one a read, of which there may be some


def test_headers_are_not_given_up_for_a_source_that_is_away(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_headers, "SECONDS_TO_READ", 0.5)
    cluster.produce("source", 0, b"1", b"k", [(b"caf\xe9", b"v")])
    mirror = Mirror(cluster).start()
    read, tried = raw_headers._read, []

    def away(library: object, client: int, offset: int) -> object:
        tried.append(offset)
        return read(library, client, offset + 10 if len(tried) == 1 else offset)  # type: ignore[arg-type]

    monkeypatch.setattr(raw_headers, "_read", away)
    assert mirror.copy_to(1).dead == 1
    (letter,) = read_dead_letters(cluster.client, "dead")
    assert (len(tried), letter.headers) == (2, [("caf\udce9", b"v")])


def test_headers_that_a_broker_denies_once_are_kept_and_those_that_expired_are_not_there(cluster: MockCluster) -> None:
    for name in (b"caf\xe9", b"th\xe9"):
        cluster.produce("source", 0, b"1", b"k", [(name, b"v")])
    headers = raw_headers.RawHeaders({**cluster.client, **CONSUMER}, "source", 0)
    cluster.fail(Api.FETCH, KafkaError.OFFSET_OUT_OF_RANGE)
    assert headers.of(0) == [("caf\udce9", b"v")]
    cluster.delete_records("source", 0, 1)
    headers.close()
    assert headers.of(0) is None
    assert headers.of(1) == [("th\udce9", b"v")]
    headers.close()


def test_the_letter_of_a_header_name_that_is_not_utf8_may_be_refused(cluster: MockCluster) -> None:
    raised: list[int] = []
    for number in range(3):
        cluster.produce("source", 0, b"%d" % number, b"k", [(b"caf\xe9", b"v")])
    mirror = Mirror(cluster, raise_letter_limit=raised.append).start()
    cluster.fail(Api.PRODUCE, *[KafkaError.MSG_SIZE_TOO_LARGE] * 3)
    reached = mirror.copy_to(3)
    assert (reached.records, reached.dead) == (0, 3)
    assert raised  # once, or once a read


@pytest.mark.parametrize("code", sorted(KAFKA_RECORD_FAULTS))
def test_a_record_that_is_refused_alone_is_dead_lettered(cluster: MockCluster, code: int) -> None:
    cluster.produce("source", 0, b"1")
    mirror = Mirror(cluster).start()
    cluster.fail(Api.PRODUCE, code)
    reached = mirror.copy_to(1)
    assert (reached.records, reached.dead) == (0, 1)
    cluster.produce("source", 0, b"2")
    assert mirror.copy_to(2).records == 1


@pytest.mark.parametrize(
    ("api", "code"),
    [
        (Api.PRODUCE, KafkaError.NOT_ENOUGH_REPLICAS),
        (Api.PRODUCE, KafkaError.KAFKA_STORAGE_ERROR),
        (Api.PRODUCE, KafkaError.INVALID_MSG),
        (Api.PRODUCE, KafkaError.UNKNOWN),
        (Api.PRODUCE, KafkaError.POLICY_VIOLATION),
        (Api.PRODUCE, KafkaError.INVALID_PRODUCER_EPOCH),
        (Api.PRODUCE, KafkaError.UNKNOWN_PRODUCER_ID),
        (Api.PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER),
        (Api.ADD_PARTITIONS_TO_TXN, KafkaError.INVALID_PRODUCER_ID_MAPPING),
        (Api.ADD_PARTITIONS_TO_TXN, KafkaError.PRODUCER_FENCED),
        (Api.ADD_PARTITIONS_TO_TXN, KafkaError.INVALID_TXN_STATE),
        (Api.END_TXN, KafkaError.PRODUCER_FENCED),
        (Api.END_TXN, KafkaError.INVALID_PRODUCER_EPOCH),
        (Api.END_TXN, KafkaError.INVALID_TXN_STATE),
        (Api.END_TXN, KafkaError.COORDINATOR_NOT_AVAILABLE),
        (Api.END_TXN, KafkaError.UNKNOWN),
    ],
)
def test_a_server_that_fails_is_waited_for_and_nothing_is_dead(cluster: MockCluster, api: Api, code: int) -> None:
    cluster.produce("source", 0, b"1")
    mirror = Mirror(cluster).start()
    cluster.fail(api, code)
    reached = mirror.copy_to(1)
    assert (reached.records, reached.dead) == (1, 0)


def test_a_transaction_behind_a_commit_that_was_not_waited_for_is_ended_by_a_new_producer(cluster: MockCluster) -> None:
    """The client refuses everything but that commit from then on, at once and as if it could be tried again."""
    cluster.produce("source", 0, b"1")
    mirror = Mirror(cluster).start()
    writer = mirror.lane._writer
    writer.begin()
    writer.produce("out", b"x")
    cluster.answer_late(Api.END_TXN, 1_000)
    with pytest.raises(KafkaException):
        writer._producer.commit_transaction(0.01)
    assert not writer.abort()
    writer.open()
    assert mirror.copy_to(1).records == 1


def test_fenced_while_rolling_back_the_mirror_goes_on_where_nobody_took_over(cluster: MockCluster) -> None:
    cluster.produce("source", 0, b"1")
    mirror = Mirror(cluster).start()
    cluster.fail(Api.PRODUCE, KafkaError.KAFKA_STORAGE_ERROR, KafkaError.UNKNOWN)
    cluster.fail(Api.END_TXN, KafkaError.PRODUCER_FENCED, KafkaError.PRODUCER_FENCED)
    reached = mirror.copy_to(1)
    assert (reached.records, reached.dead) == (1, 0)


def test_what_was_committed_after_all_is_taken_from_the_allowance(cluster: MockCluster) -> None:
    for number in range(5):
        cluster.produce("source", 0, b"%d" % number)
    mirror, allowance = Mirror(cluster).start(), Allowance(3)
    cluster.fail(Api.END_TXN, KafkaError.PRODUCER_FENCED)  # the mock cluster never takes back what was written
    deadline = time.monotonic() + SECONDS
    while not allowance.exhausted and time.monotonic() < deadline:
        mirror.lane.copy(allowance, 0.2)
    mirror.lane.copy(allowance, 0.2)
    assert (mirror.reached().records, mirror.lane.mirrored, len(mirror.values())) == (3, 3, 3)


def test_a_mirror_that_was_taken_over_leaves_and_names_the_other(cluster: MockCluster) -> None:
    cluster.produce("source", 0, b"1")
    first = Mirror(cluster).start()
    second = Mirror(cluster).start(MirrorOffset(0, 0), first.reached())
    cluster.fail(Api.ADD_PARTITIONS_TO_TXN, KafkaError.PRODUCER_FENCED)  # which the mock cluster does not by itself
    with pytest.raises(TakenOverError, match="another mirror took over") as raised:
        first.copy_to(1)
    assert raised.value.owner == second.setup.owner
    assert second.copy_to(1).records == 1


def test_a_missing_permission_is_not_waited_for(cluster: MockCluster) -> None:
    cluster.produce("source", 0, b"1")
    mirror = Mirror(cluster).start()
    cluster.fail(Api.PRODUCE, KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(AccessError):
        mirror.copy_to(1)


def test_a_dead_letter_that_is_refused_stops_with_the_topic_named(cluster: MockCluster) -> None:
    cluster.produce("source", 0, b"1")
    mirror = Mirror(cluster).start()
    cluster.fail(Api.PRODUCE, *[KafkaError.MSG_SIZE_TOO_LARGE] * 6)
    with pytest.raises(TerminalError, match="topic dead refuses the dead letter of source partition 0 offset 0"):
        mirror.copy_to(1)


def test_a_source_made_anew_is_read_from_its_beginning_and_the_loss_counted(cluster: MockCluster) -> None:
    for number in range(3):
        cluster.produce("source", 0, b"%d" % number)
    sights = [TopicSight("old", 1)]
    watch = TopicSightings("source", sights[0], lambda: sights[-1])
    begin = MirrorOffset(0, 0, source_id="old")
    mirror = Mirror(cluster, source_watch=watch).start(begin)
    assert mirror.copy_to(3).records == 3
    cluster.delete_topic("source")
    cluster.create_topic("source", 1)
    sights.append(TopicSight("new", 1))
    for number in range(5):
        cluster.produce("source", 0, b"new %d" % number)
    deadline = time.monotonic() + SECONDS
    while mirror.reached().records < 8 and time.monotonic() < deadline:
        watch.confirm(float("inf"))
        mirror.lane.copy(Allowance(None), 0.2)
    reached = mirror.reached()
    assert (reached.next_offset, reached.records, reached.earlier, reached.source_id) == (5, 8, 3, "new")


def test_nothing_is_committed_of_a_source_that_cannot_be_confirmed(cluster: MockCluster) -> None:
    cluster.produce("source", 0, b"1")
    old = TopicSight("old", 1)
    seen = [old]
    mirror = Mirror(cluster, source_watch=TopicSightings("source", old, lambda: seen[-1]))
    mirror.start(MirrorOffset(0, 0, source_id="old"))
    seen.append(TopicSight("new", 0))
    deadline = time.monotonic() + SECONDS
    while not mirror.lane.finished and time.monotonic() < deadline:
        mirror.lane.copy(Allowance(None), 0.2)
    assert mirror.lane.finished  # its partition is not in the new topic
    assert mirror.reached().records == 0


def test_a_destination_made_anew_stops_the_lane(cluster: MockCluster) -> None:
    cluster.produce("source", 0, b"1")
    watch = TopicSightings("out", TopicSight("b", 1), lambda: TopicSight("c", 1))
    mirror = Mirror(cluster, destination_watch=watch)
    with pytest.raises(TopicMadeAnewError, match="new-generation"):
        mirror.start(MirrorOffset(0, 0, destination_id="b"))


def test_large_records_behind_small_ones_wait_for_their_place(cluster: MockCluster) -> None:
    """Half of the records that wait may be a small part of the bytes that do."""
    sent = [b"%d" % number for number in range(100)] + [b"%d" % number * 300_000 for number in range(5)]
    for value in sent:
        cluster.produce("source", 0, value)
    mirror = Mirror(cluster, {"queue.buffering.max.kbytes": 1000, "batch.size": 100_000}).start()
    for late in [0, 0, *[300] * 8]:
        cluster.answer_late(Api.PRODUCE, late)
    assert mirror.copy_to(105).records == 105
    assert mirror.values() == sent


def test_a_record_that_no_queue_has_room_for_is_named(cluster: MockCluster) -> None:
    cluster.produce("source", 0, b"1")
    cluster.produce("source", 0, b"2" * 300_000)
    mirror = Mirror(cluster, {"queue.buffering.max.kbytes": 200}).start()
    with pytest.raises(TerminalError, match=r"the dead letter of source:0+:0+1 cannot be written"):
        mirror.copy_to(2)


def test_the_largest_record_that_a_producer_takes_fits_in_its_queue() -> None:
    assert int(LANE_PRODUCER["queue.buffering.max.kbytes"]) * 1024 >= int(LANE_PRODUCER["message.max.bytes"])


def test_an_outage_is_one_line_and_then_the_mirror_goes_on(
    cluster: MockCluster, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    cluster.produce("source", 0, b"1")
    mirror = Mirror(cluster).start()
    caplog.clear()
    cluster.fail(Api.PRODUCE, *[KafkaError.UNKNOWN] * 5)
    assert mirror.copy_to(1).records == 1
    said = [record.getMessage() for record in caplog.records if " waits " in record.getMessage()]
    assert ["reason=" in line for line in said] == [True, False], said
    assert "no longer" in said[1]


def test_a_night_of_failures_makes_no_pause_longer_than_the_longest(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane, pauses = Mirror(cluster).lane, list[float | None]()
    monkeypatch.setattr(mirror_lane, "pause_seconds", pause_seconds)
    monkeypatch.setattr(lane._stop, "wait", pauses.append)
    lane._failures, lane._failing_since = 5_000, time.monotonic()
    lane._wait_or_give_up(UnavailableError("away"))
    assert pauses == [LONGEST_PAUSE_SECONDS]
