"""Reading a whole topic once, from its beginning to its end as it is now."""

import time
from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from config.errors import UnavailableError
from config.kafka_client import ClientConfig
from kafka.client import RefusedLogin, describe_topic, explain
from kafka.partition_range import partition_ranges

READER: ClientConfig = {
    "group.id": "millrace-reader",  # the client wants one; offsets are assigned, so no group is joined
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    "auto.offset.reset": "earliest",
    # The end is told only after a fetch has waited for more: 500 ms by default.
    "fetch.wait.max.ms": 20,
    "fetch.queue.backoff.ms": 20,
    "queued.max.messages.kbytes": 16 * 1024,
}

RECORDS_AT_ONCE = 10
"""As fast as a thousand (250,000 records/s), which would hold the bytes of as many; large ones are read singly."""
LARGE_BYTES = 256 * 1024


def read_to_end(config: ClientConfig, topic: str, silence_seconds: float = 90.0) -> Iterator[Message]:
    """Each committed record of `topic` below its log end as of the call, in order within a partition.

    Waits where an open transaction hides the end: whoever stopped at the last stable offset could miss records
    committed behind it. Raises UnavailableError when nothing moves for `silence_seconds`, and what `explain` makes
    of a missing topic, a missing ACL or a refused login.
    """
    yield from read_ranges(config, topic, log_ranges(config, topic), silence_seconds)


def read_ranges(
    config: ClientConfig, topic: str, ranges: Mapping[int, tuple[int, int]], silence_seconds: float = 90.0
) -> Iterator[Message]:
    """As `read_to_end`, of the ranges that `log_ranges` has told."""
    doing = f"reading topic {topic} at {config['bootstrap.servers']}"
    unread = {partition: end for partition, (low, end) in ranges.items() if low < end}
    consumer = Consumer({**config, **READER})
    last_moved, at_once = time.monotonic(), 1
    try:
        consumer.assign([TopicPartition(topic, partition, ranges[partition][0]) for partition in unread])
        while unread:
            messages = consumer.consume(at_once, 0.1)
            if messages:
                at_once = 1 if max(map(len, messages)) > LARGE_BYTES else RECORDS_AT_ONCE
            for message in messages:
                partition, position = _position_after(message, doing)
                if position >= unread.get(partition, position + 1):
                    del unread[partition]
                if message.error() is None:
                    yield message
            last_moved = time.monotonic() if messages else last_moved
            if unread and time.monotonic() - last_moved > silence_seconds:
                raise UnavailableError(f"{doing} stopped before the end: a transaction may be open; try again later")
    finally:
        consumer.close()


def log_ranges(config: ClientConfig, topic: str, answer_seconds: float = 30.0) -> dict[int, tuple[int, int]]:
    """By partition, the first offset that is kept and the end, open transactions included; raises as `read_to_end`.

    Each question may be answered for `answer_seconds`.
    """
    # A reader of uncommitted records is told the end of the log, not the last stable offset.
    doing, refused = f"reading topic {topic} at {config['bootstrap.servers']}", RefusedLogin(config)
    reader: ClientConfig = {**config, **READER, "isolation.level": "read_uncommitted"}
    consumer = Consumer({**reader, "error_cb": refused})
    try:
        partitions = describe_topic(consumer, topic, refused, doing, answer_seconds).partitions
        refused.works()
        return partition_ranges(consumer, reader, topic, partitions, answer_seconds)
    except KafkaException as error:
        raise explain(refused.error or error, doing) from error
    finally:
        consumer.close()


def _position_after(message: Message, doing: str) -> tuple[int, int]:
    error, partition, offset = message.error(), message.partition() or 0, message.offset() or 0
    if error is None:
        return partition, offset + 1
    if error.code() == KafkaError._PARTITION_EOF:
        return partition, offset
    if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:  # no group is used
        return -1, 0
    raise explain(error, doing)
