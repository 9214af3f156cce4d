"""What the source lost is skipped once, counted once, and all else is mirrored."""

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError

from kafka.leader_epoch import diverged_at, is_unverifiable
from kafka.lost_offsets import SourceOffsetsLostError
from kafka.mirror import lane as mirror_lane
from kafka.mirror.offsets import MirrorOffset
from kafka.mirror.source import CONSUMER, SourcePartition
from kafka.topic_sight import TopicSight, TopicSightings
from tests.mirror_lane import SECONDS, Mirror, mirror_cluster
from tests.mock_cluster import Api, MockCluster

FAILURES = [(Api.PRODUCE, KafkaError.UNKNOWN), (Api.END_TXN, KafkaError.PRODUCER_FENCED)]
"""Of a commit: one that was not done, and one that was (the mock cluster never takes back what was written)."""
UNVERIFIABLE = "No epoch found less or equal to offset 5 (leader epoch 0): broker end offset is -1"


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mirror_cluster() as cluster:
        yield cluster


def produce(cluster: MockCluster, count: int, kind: str = "") -> None:
    for number in range(count):
        cluster.produce("source", 0, f"{kind}{number}".encode())


def values(numbers: range, kind: str = "") -> list[bytes]:
    return [f"{kind}{number}".encode() for number in numbers]


def fail_when_told(
    monkeypatch: pytest.MonkeyPatch, cluster: MockCluster, what: str, api: Api, code: int, times: int
) -> list[str]:
    """Have the commit that follows `what` fail; returns the lines that said what was found."""
    said: list[str] = []
    say = getattr(mirror_lane, what)

    def told(*arguments: object) -> None:
        if not said:
            cluster.fail(api, *[code] * times)
        said.append(what)
        say(*arguments)

    monkeypatch.setattr(mirror_lane, what, told)
    return said


def grown_over(cluster: MockCluster) -> MirrorOffset:
    """The mirror read to offset 8 in an epoch that ended at 5: another leader wrote what stands there now."""
    produce(cluster, 5)
    cluster.set_leader("source", 0, 1)
    produce(cluster, 10, "new ")
    return MirrorOffset(8, 8, leader_epoch=0)


@pytest.mark.parametrize("begin", [MirrorOffset(0, 0), MirrorOffset(9, 9)])
def test_a_loss_stops_the_mirror_that_was_not_told_to_skip(cluster: MockCluster, begin: MirrorOffset) -> None:
    produce(cluster, 6)
    cluster.delete_records("source", 0, 4)
    mirror = Mirror(cluster).start(begin, begin)
    with pytest.raises(SourceOffsetsLostError, match=r"^source topic .* with --skip-lost$"):
        mirror.copy_to(10)
    assert mirror.values() == []


def test_what_expired_is_skipped_and_counted_and_the_rest_is_mirrored(cluster: MockCluster) -> None:
    produce(cluster, 10)
    cluster.delete_records("source", 0, 4)
    begin = MirrorOffset(0, 0)
    mirror = Mirror(cluster, skip_lost=True).start(begin, begin)
    reached = mirror.copy_to(10)
    assert mirror.values() == values(range(4, 10))
    assert (reached.records, reached.skipped, reached.truncated) == (6, 4, 0)


def test_behind_a_truncation_the_mirror_goes_on_at_the_end(cluster: MockCluster) -> None:
    produce(cluster, 6)
    begin = MirrorOffset(9, 9)
    mirror = Mirror(cluster, skip_lost=True).start(begin, begin)
    deadline = time.monotonic() + SECONDS
    while (reached := mirror.reached()).next_offset != 6 and time.monotonic() < deadline:
        mirror.copy()
    assert (reached.records, reached.skipped, reached.truncated) == (9, 0, 3)
    produce(cluster, 2, "new ")
    reached = mirror.copy_to(8)
    assert mirror.values() == values(range(2), "new ")
    assert (reached.records, reached.skipped, reached.truncated) == (11, 0, 3)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize(("api", "code"), FAILURES)
def test_a_skip_that_could_not_be_told_at_once_is_counted_once(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch, api: Api, code: int, times: int
) -> None:
    said = fail_when_told(monkeypatch, cluster, "log_skip", api, code, times)
    produce(cluster, 10)
    cluster.delete_records("source", 0, 4)
    begin = MirrorOffset(0, 0)
    mirror = Mirror(cluster, skip_lost=True).start(begin, begin)
    reached = mirror.copy_to(10)
    assert mirror.values() == values(range(4, 10))
    assert (reached.records, reached.skipped, reached.truncated) == (6, 4, 0)
    assert len(said) == 1


def test_a_truncated_source_that_has_grown_again_is_told_by_its_leader_epoch(cluster: MockCluster) -> None:
    begin = grown_over(cluster)
    mirror = Mirror(cluster).start(begin, begin)
    with pytest.raises(SourceOffsetsLostError, match=r"offsets 5 to 7 are other records .* go on from offset 8 with"):
        mirror.copy_to(15)
    assert mirror.values() == []


@pytest.mark.parametrize("times", [0, 1, 3])
@pytest.mark.parametrize(("api", "code"), FAILURES)
def test_other_records_in_the_place_of_mirrored_ones_are_counted_once(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch, api: Api, code: int, times: int
) -> None:
    said = fail_when_told(monkeypatch, cluster, "log_skip", api, code, times)
    begin = grown_over(cluster)
    mirror = Mirror(cluster, skip_lost=True).start(begin, begin)
    reached = mirror.copy_to(15)
    assert mirror.values() == values(range(3, 10), "new ")
    assert (reached.records, reached.skipped, reached.truncated) == (15, 3, 3)
    assert len(said) == 1


@pytest.mark.parametrize(("api", "code"), FAILURES)
def test_a_source_made_anew_that_could_not_be_told_at_once_is_counted_once(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch, api: Api, code: int
) -> None:
    said = fail_when_told(monkeypatch, cluster, "log_made_anew", api, code, 1)
    produce(cluster, 6)
    watch = TopicSightings("source", TopicSight("old", 1), lambda: TopicSight("new", 1))
    begin = MirrorOffset(3, 3, "old", source_end=5)
    mirror = Mirror(cluster, source_watch=watch).start(begin, begin)
    reached = mirror.copy_to(6)
    assert mirror.values() == values(range(6))
    assert (reached.source_id, reached.records, reached.earlier, reached.skipped) == ("new", 9, 3, 2)
    assert len(said) == 1


@pytest.mark.parametrize("skip_lost", [False, True])
def test_an_offset_that_a_broker_denies_and_the_source_has_is_no_loss(cluster: MockCluster, skip_lost: bool) -> None:
    produce(cluster, 3)
    mirror = Mirror(cluster, skip_lost=skip_lost).start()
    mirror.copy_to(3)
    cluster.fail(Api.FETCH, *[KafkaError.OFFSET_OUT_OF_RANGE] * 2)
    produce(cluster, 3)
    reached = mirror.copy_to(6)
    assert mirror.values() == values(range(3)) * 2
    assert (reached.records, reached.skipped, reached.truncated) == (6, 0, 0)


def test_a_loss_told_of_a_place_that_was_left_is_no_loss(cluster: MockCluster) -> None:
    produce(cluster, 6)
    cluster.delete_records("source", 0, 4)
    source = SourcePartition({**cluster.client, **CONSUMER}, "source", 0)
    source.seek(0, None)
    time.sleep(0.5)  # until it waits to be read
    source.seek(4, None)
    read: list[bytes | None] = []
    deadline = time.monotonic() + SECONDS
    while len(read) < 2 and time.monotonic() < deadline:
        read += [record.value() for record in source.read(10, 0.2, None)[0]]
    source.close()
    assert read == values(range(4, 6))


def test_a_loss_told_together_with_records_before_it_is_of_what_follows_them(cluster: MockCluster) -> None:
    """As where marks of transactions lie behind the last record, and the source has expired meanwhile."""
    record, event = message(2, None), message(5, KafkaError._AUTO_OFFSET_RESET, "Broker: Offset out of range")
    source, answers = answering(cluster, [event, record], range_=(7, 9))
    source.seek(2, None)
    assert cast(Any, source.read(10, 0, None)) == ([record], True)
    assert answers.places == [2, 3]  # asked again from what is next
    source._consumer = cast(Any, Answers([message(3, KafkaError._AUTO_OFFSET_RESET, "out of range")], range_=(7, 9)))
    with pytest.raises(SourceOffsetsLostError, match="offsets 3 to 6 have expired"):
        source.read(10, 0, None)


@pytest.mark.parametrize("expired_to", [6, 10])
def test_what_was_read_before_a_loss_is_not_lost_with_it(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch, expired_to: int
) -> None:
    produce(cluster, 10)
    mirror = Mirror(cluster, skip_lost=True).start()
    source = mirror.lane._source
    read = source.read
    monkeypatch.setattr(mirror_lane, "RECORDS_PER_READ", 4)

    def read_and_expire(most: int, wait_seconds: float, limit: int | None) -> tuple[list[Any], bool]:
        if source.next_offset != 4:
            return read(most, wait_seconds, limit)
        monkeypatch.setattr(source, "read", read)
        cluster.delete_records("source", 0, expired_to)
        source.seek(4, None)
        raise SourceOffsetsLostError("source", 0, 4, expired_to, 10)

    monkeypatch.setattr(source, "read", read_and_expire)
    reached = mirror.copy_to(10)
    assert mirror.values() == values(range(4)) + values(range(expired_to, 10))
    assert (reached.records, reached.skipped) == (len(mirror.values()), expired_to - 4)


def test_records_of_the_read_that_tells_a_loss_are_given(cluster: MockCluster) -> None:
    record, event = message(2, None), message(3, KafkaError._AUTO_OFFSET_RESET, "Broker: Offset out of range")
    source, answers = answering(cluster, [record, event], range_=(7, 9))
    source.seek(2, None)
    assert cast(Any, source.read(10, 0, None)) == ([record], True)
    assert answers.places == [2, 3]


def test_a_past_that_the_source_cannot_compare_with_is_not_compared_with(cluster: MockCluster) -> None:
    source, answers = answering(cluster, [message(None, KafkaError._AUTO_OFFSET_RESET, UNVERIFIABLE)])
    source.seek(5, 0)
    assert source.read(10, 0, None) == ([], True)
    assert (source.next_offset, source.leader_epoch, answers.places) == (5, None, [5, 5])


def test_only_a_truncation_tells_where_the_log_went_another_way() -> None:
    told = "Partition log truncation detected at offset 8 (leader epoch 0): broker end offset is 0 (offset leader epoch"
    assert (diverged_at(told), is_unverifiable(told)) == (0, False)
    assert (diverged_at(UNVERIFIABLE), is_unverifiable(UNVERIFIABLE)) == (None, True)
    assert diverged_at("fetch failed due to requested offset not available on the broker") is None


class Answers:
    """A consumer with one answer, and what it is told to read."""

    def __init__(self, messages: list[Any], range_: tuple[int, int] = (0, 0)) -> None:
        self.places: list[int] = []
        self._messages, self._range = messages, range_

    def assign(self, places: list[Any]) -> None:
        self.places += [place.offset for place in places]

    def consume(self, *_: object) -> list[Any]:
        return self._messages

    def get_watermark_offsets(self, *_: object, **__: object) -> tuple[int, int]:
        return self._range


def answering(
    cluster: MockCluster, messages: list[Any], range_: tuple[int, int] = (0, 0)
) -> tuple[SourcePartition, Answers]:
    """A partition of the source whose consumer is `Answers`."""
    source, answers = SourcePartition({**cluster.client, **CONSUMER}, "source", 0), Answers(messages, range_)
    source._consumer.close()
    source._consumer = cast(Any, answers)
    return source, answers


def message(offset: int | None, code: int | None, text: str = "") -> SimpleNamespace:
    error = None if code is None else KafkaError(code, text)
    return SimpleNamespace(offset=lambda: offset, error=lambda: error, leader_epoch=lambda: 0)
