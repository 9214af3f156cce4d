"""What of a run a topic holds already: found by reading each partition backwards until a record of the run is met."""

import time
from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from config.kafka_client import ClientConfig
from kafka.client import explain
from kafka.partition_range import partition_range
from kafka.record_headers import UnreadableHeadersError, read_headers

RUN_HEADER = "millrace-run"
FIRST_STEP = 1_000
STEP_GROWTH = 8
LONGEST_STEP = 512_000
BATCH = 5_000
SILENCE_SECONDS = 30.0
READER: ClientConfig = {
    "group.id": "millrace-generator",  # the client wants one; offsets are assigned, so no group is joined
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    # The end is told only after a fetch has waited for more: 500 ms by default.
    "fetch.wait.max.ms": 20,
    "fetch.queue.backoff.ms": 20,
    "queued.max.messages.kbytes": 32_768,
}


def last_positions(config: ClientConfig, topic: str, partitions: int, run: str) -> dict[int, int]:
    """`partition -> highest position of the run there`, without the partitions that hold none of it.

    The end of a partition is read first and ever longer pieces before it, up to its beginning if the run is new.
    Raises what `kafka.client.explain` makes of a refusal or silence.
    """
    doing = f"reading {topic} at {config['bootstrap.servers']}"
    reader: ClientConfig = {**config, **READER}
    consumer = Consumer(reader)
    try:
        found = {}
        for partition in range(partitions):
            place = TopicPartition(topic, partition)
            ends = partition_range(consumer, reader, topic, partition, SILENCE_SECONDS)
            if (position := _last_position(consumer, place, ends, run, doing)) is not None:
                found[partition] = position
        return found
    except KafkaException as error:
        raise explain(error, doing) from error
    finally:
        consumer.close()


def _last_position(
    consumer: Consumer, partition: TopicPartition, ends: tuple[int, int], run: str, doing: str
) -> int | None:
    (low, end), step = ends, FIRST_STEP
    while end > low:
        begin = max(low, end - step)
        positions = (_position(message, run) for message in _read(consumer, partition, begin, end, doing))
        if (last := max((position for position in positions if position is not None), default=None)) is not None:
            return last
        end, step = begin, min(step * STEP_GROWTH, LONGEST_STEP)
    return None


def _read(consumer: Consumer, place: TopicPartition, begin: int, end: int, doing: str) -> Iterator[Message]:
    consumer.assign([TopicPartition(place.topic, place.partition, begin)])
    last_heard = time.monotonic()
    while time.monotonic() - last_heard < SILENCE_SECONDS:
        for message in consumer.consume(BATCH, timeout=0.1):
            last_heard = time.monotonic()
            if message.error() is None and (message.offset() or 0) < end:
                yield message
            if _is_end(message, end, doing):
                return
    raise explain(KafkaError(KafkaError._TIMED_OUT), doing)


def _is_end(message: Message, end: int, doing: str) -> bool:
    error = message.error()
    if error is None:
        return (message.offset() or 0) >= end - 1
    if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:  # no group is used
        return False
    if error.code() != KafkaError._PARTITION_EOF:
        raise explain(error, doing)
    return True


def _position(message: Message, run: str) -> int | None:
    try:
        value = dict(read_headers(message) or ()).get(RUN_HEADER)
    except UnreadableHeadersError:  # a name that is not UTF-8: the generator writes none
        return None
    if not isinstance(value, bytes):
        return None
    of_run, _, position = value.decode("ascii", "replace").rpartition(":")
    return int(position) if of_run == run and position.isdecimal() else None
