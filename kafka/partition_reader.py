"""Reading one partition of a topic from chosen offsets."""

import time
from collections.abc import Iterable, Iterator
from itertools import groupby

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from config.errors import UnavailableError
from config.kafka_client import ClientConfig
from kafka.client import RefusedLogin, describe_topic, explain
from kafka.log_reader import READER
from kafka.partition_range import partition_range
from kafka.position import BusPosition

ADMIN_SECONDS = 15.0
SILENCE_SECONDS = 20.0


class PartitionReader:
    """Reads one partition of a topic from chosen offsets; use it as a context."""

    def __init__(self, config: ClientConfig, topic: str, partition: int) -> None:
        self._doing = f"reading topic {topic} at {config['bootstrap.servers']}"
        self._refused = RefusedLogin(config)
        self._config: ClientConfig = {**config, **READER}
        self._consumer = Consumer({**self._config, "error_cb": self._refused})
        self.place = TopicPartition(topic, partition)

    def __enter__(self) -> "PartitionReader":
        try:
            describe_topic(self._consumer, self.place.topic, self._refused, self._doing, ADMIN_SECONDS)
            place = self.place.topic, self.place.partition
            self._refused.works()
            self.low, self.end = partition_range(self._consumer, self._config, *place, ADMIN_SECONDS)
        except KafkaException as error:
            self._consumer.close()
            raise explain(self._refused.error or error, self._doing) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def first_not_older(self, timestamp_ms: int) -> int:
        """The first offset whose record is not older; the end where every record is."""
        wanted = TopicPartition(self.place.topic, self.place.partition, timestamp_ms)
        try:
            (found,) = self._consumer.offsets_for_times([wanted], ADMIN_SECONDS)
        except KafkaException as error:
            raise explain(error, self._doing) from error
        return self.end if found.offset < 0 else int(found.offset)

    def records(self, first: int, until: int) -> Iterator[Message]:
        """Committed records of the offsets `[first, until)`; raises UnavailableError where nothing more comes."""
        position = max(first, self.low)
        if position >= until:
            return
        self._consumer.assign([TopicPartition(self.place.topic, self.place.partition, position)])
        last_moved = time.monotonic()
        while position < until:
            messages = self._consumer.consume(1000, 0.1)
            if not messages and time.monotonic() - last_moved > SILENCE_SECONDS:
                raise UnavailableError(f"{self._doing} stopped before its end; try again later")
            last_moved = time.monotonic() if messages else last_moved
            for message in messages:
                error, position = message.error(), (message.offset() or 0) + 1
                if error is None and position <= until:
                    yield message
                elif error is not None and error.code() == KafkaError._PARTITION_EOF:
                    return
                elif error is not None and error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:
                    raise explain(error, self._doing)


def read_record(config: ClientConfig, position: BusPosition) -> Message | None:
    """The record at a position; None where it has expired, or was never one."""
    return next(records_at(config, [position]), None)


def records_at(config: ClientConfig, positions: Iterable[BusPosition]) -> Iterator[Message]:
    """The records at these positions, in their order; one that has expired, or was never one, is left out."""
    for (topic, partition), places in groupby(positions, key=lambda each: (each.topic, each.partition)):
        with PartitionReader(config, topic, partition) as reader:
            for place in places:
                if reader.low <= place.offset < reader.end:
                    yield from reader.records(place.offset, place.offset + 1)
