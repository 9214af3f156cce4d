"""First offset and end of a partition, so that "there is nothing" is an answer and never half of one.

`Consumer.get_watermark_offsets` puts two questions to the broker. Where one of them fails it may answer with the other
twice (librdkafka 2.16, rd_kafka_query_watermark_offsets), which reads as an empty partition: whoever believes it passes
over every record. An AdminClient's answer has an error for each question.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition

from kafka.client import answer_of

_OF_ANY_CLIENT = ("bootstrap.", "security.", "sasl.", "ssl.", "client.id", "reconnect.", "log_level")
"""Beginnings of the properties that an AdminClient has, too."""


def partition_ranges(
    consumer: Consumer, config: Mapping[str, Any], topic: str, partitions: Iterable[int], seconds: float
) -> dict[int, tuple[int, int]]:
    """By partition, the first offset that is kept, and the end, as a consumer of `config` sees them.

    With `isolation.level` read_committed, the client's default, the end is the first offset of an open transaction.
    Raises KafkaException where the broker does not answer a question within `seconds`.
    """
    ranges = {p: _told_by(consumer, TopicPartition(topic, p), seconds) for p in partitions}
    doubtful = [partition for partition, (low, end) in ranges.items() if low >= end]
    return ranges | (_each_asked(config, topic, doubtful, seconds) if doubtful else {})


def partition_range(
    consumer: Consumer, config: Mapping[str, Any], topic: str, partition: int, seconds: float
) -> tuple[int, int]:
    """As `partition_ranges`, of one partition."""
    return partition_ranges(consumer, config, topic, [partition], seconds)[partition]


def _told_by(consumer: Consumer, place: TopicPartition, seconds: float) -> tuple[int, int]:
    """An empty range where the client knows no leader: it calls a partition unknown that has none for a moment."""
    try:
        return consumer.get_watermark_offsets(place, seconds)
    except KafkaException as error:
        if error.args[0].code() == KafkaError._UNKNOWN_PARTITION:
            return 0, 0
        raise


def _each_asked(
    config: Mapping[str, Any], topic: str, partitions: Iterable[int], seconds: float
) -> dict[int, tuple[int, int]]:
    # The module is not free to import, and the mirror's first record is due within 2 s.
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.admin._listoffsets import OffsetSpec

    is_committed = config.get("isolation.level", "read_committed") == "read_committed"
    isolation = IsolationLevel.READ_COMMITTED if is_committed else IsolationLevel.READ_UNCOMMITTED
    admin = AdminClient({name: value for name, value in config.items() if name.startswith(_OF_ANY_CLIENT)})
    places = [TopicPartition(topic, partition) for partition in partitions]
    asked = [
        admin.list_offsets(dict.fromkeys(places, spec), isolation_level=isolation, request_timeout=seconds)
        for spec in (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call]
    ]
    lows, ends = (
        {place.partition: int(answer_of(answers[place], seconds).offset) for place in places} for answers in asked
    )
    return {partition: (low, ends[partition]) for partition, low in lows.items()}
