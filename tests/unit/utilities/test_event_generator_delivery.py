"""Where records go: files, partitions, and what of a run is there already."""

import gzip
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition

from config.errors import TerminalError, UnavailableError
from tests.mock_cluster import Api, MockCluster
from utilities.event_generator import delivered
from utilities.event_generator.capture import Capture
from utilities.event_generator.delivered import RUN_HEADER, last_positions
from utilities.event_generator.delivery import paced, partition_of, write_file
from utilities.event_generator.stream import Record

RECORDS = [Record(1, b"a", b'{"id":1}'), Record(2, b"b", None), Record(3, None, b"\xff")]


def test_a_file_holds_one_line_a_record_and_an_empty_one_for_a_null_value(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert write_file(RECORDS, path) == 3
    assert path.read_bytes() == b'{"id":1}\n\n\xff\n'
    assert list(tmp_path.iterdir()) == [path]


def test_a_compressed_file_of_the_same_records_is_the_same_file(tmp_path: Path) -> None:
    first, second = tmp_path / "first.jsonl.gz", tmp_path / "second.jsonl.gz"
    write_file(RECORDS, first)
    write_file(RECORDS, second)
    assert first.read_bytes() == second.read_bytes()
    assert gzip.decompress(first.read_bytes()) == b'{"id":1}\n\n\xff\n'


def test_a_device_or_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert write_file(RECORDS, pipe) == 3
        assert os.read(reader, 100) == b'{"id":1}\n\n\xff\n'
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_file_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="cannot write"):
        write_file(RECORDS, tmp_path / "absent" / "events.jsonl")


def test_a_key_keeps_its_partition_and_records_without_key_take_turns() -> None:
    assert {partition_of(b"device", position, 3) for position in range(9)} == {partition_of(b"device", 0, 3)}
    assert [partition_of(None, position, 3) for position in range(4)] == [0, 1, 2, 0]


def test_pacing_changes_no_record() -> None:
    assert list(paced(RECORDS, None)) == RECORDS
    assert list(paced(RECORDS, 1e6)) == RECORDS


def test_a_capture_is_read_alike_plain_and_compressed(tmp_path: Path) -> None:
    plain, compressed = tmp_path / "capture.jsonl", tmp_path / "capture.gz"
    content = b'{"device_id":"d1","time_stamp":1753369484}\n\nnot json\n{"device_id":7,"time_stamp":"soon"}'
    plain.write_bytes(content)
    compressed.write_bytes(gzip.compress(content))
    one, other = Capture(plain), Capture(compressed)
    assert (one.fingerprint, one.lines) == (other.fingerprint, other.lines)
    assert [record.value for record in one.records()] == [record.value for record in other.records()]


def test_a_replayed_line_stays_as_it_is_and_takes_key_and_time_from_the_event(tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl"
    path.write_bytes(b'{ "device_id":"d1", "time_stamp":1753369484 }\r\n\nnot json\n{"device_id":7,"time_stamp":true}')
    first, empty, unreadable, odd = Capture(path).records()
    assert first == Record(1_753_369_484_000, b"d1", b'{ "device_id":"d1", "time_stamp":1753369484 }\r')
    assert (empty.key, empty.value) == (None, b"")
    assert (unreadable.key, unreadable.value) == (None, b"not json")
    assert odd.key is None
    assert odd.timestamp_ms == unreadable.timestamp_ms > 1_753_369_484_000


@pytest.mark.parametrize("content", [None, gzip.compress(b"x" * 10_000)[:-20]], ids=["absent", "cut off"])
def test_a_capture_that_cannot_be_read_is_one_clear_error(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "capture.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TerminalError, match="cannot read"):
        Capture(path)


class StoredRecord:
    def __init__(self, offset: int, run: str | None, error: KafkaError | None = None) -> None:
        self._offset, self._run, self._error = offset, run, error

    def offset(self) -> int:
        return self._offset

    def error(self) -> KafkaError | None:
        return self._error

    def headers(self) -> list[tuple[str, bytes]]:
        return [("other", b"x")] + ([(RUN_HEADER, self._run.encode())] if self._run else [])


class StoredTopic:
    """A consumer over `logs`: for each partition the run header (or None) of each record, offsets from `first`."""

    def __init__(self, logs: list[list[str | None]], first: int = 0) -> None:
        self._logs = logs
        self._first = first
        self.reads: list[tuple[int, int]] = []

    def range_of(self, partition: int) -> tuple[int, int]:
        return self._first, self._first + len(self._logs[partition])

    def assign(self, partitions: list[TopicPartition]) -> None:
        self._place = partitions[0]
        self.reads.append((self._place.partition, self._place.offset))

    def consume(self, number: int, timeout: float) -> list[StoredRecord]:
        log = self._logs[self._place.partition]
        begin = self._place.offset - self._first
        end = StoredRecord(self._first + len(log), None, KafkaError(KafkaError._PARTITION_EOF))
        return [StoredRecord(self._first + i, run) for i, run in enumerate(log) if i >= begin] + [end]

    def close(self) -> None:
        pass


def positions_in(
    monkeypatch: pytest.MonkeyPatch, logs: list[list[str | None]], first: int = 0
) -> tuple[dict[int, int], StoredTopic]:
    topic = StoredTopic(logs, first)
    monkeypatch.setattr(delivered, "Consumer", lambda config: topic)
    monkeypatch.setattr(delivered, "partition_range", lambda *asked: topic.range_of(asked[3]))
    config: dict[str, Any] = {"bootstrap.servers": "broker:9092"}
    return last_positions(config, "product_views", len(logs), "run"), topic


def test_the_highest_position_of_the_run_is_found_in_each_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    logs: list[list[str | None]] = [["run:0", "run:4", "other:9", None], ["run:1"], [], ["other:1"]]
    found, _ = positions_in(monkeypatch, logs)
    assert found == {0: 4, 1: 1}


def test_records_of_the_run_are_found_behind_thousands_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str | None] = ["run:0", "run:7", *["other:1"] * 20_000]
    found, topic = positions_in(monkeypatch, [log], first=500)
    assert found == {0: 7}
    assert topic.reads[0] == (0, 500 + len(log) - delivered.FIRST_STEP)


def test_only_the_end_of_a_partition_is_read_where_it_tells_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    found, topic = positions_in(monkeypatch, [[f"run:{position}" for position in range(50_000)]])
    assert found == {0: 49_999}
    assert len(topic.reads) == 1


@pytest.mark.parametrize("code", [KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.OFFSET_NOT_AVAILABLE])
def test_half_an_answer_about_offsets_does_not_have_a_run_sent_again(code: int) -> None:
    for _ in range(8):  # of two questions, the one that fails is now the first, now the second
        with MockCluster() as cluster:
            cluster.create_topic("source", 1)
            cluster.produce("source", 0, b"{}", None, [(RUN_HEADER.encode(), b"run:4")])
            cluster.fail(Api.LIST_OFFSETS, code)
            with suppress(UnavailableError):
                assert last_positions(cluster.client, "source", 1, "run") == {0: 4}
