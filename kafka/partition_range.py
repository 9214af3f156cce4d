"""First offset and end of a partition, so that "there is nothing" is an answer and never half of one.

`Consumer.get_watermark_offsets` puts two questions to the broker. Where one of them fails it may answer with the other
twice (librdkafka 2.16, rd_kafka_query_watermark_offsets), which reads as an empty partition: whoever believes it passes
over every record. An AdminClient's answer has an error for each question.
"""

from collections.abc import Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition

if TYPE_CHECKING:
    from confluent_kafka.admin._listoffsets import ListOffsetsResultInfo

_OF_ANY_CLIENT = ("bootstrap.", "security.", "sasl.", "ssl.", "client.id", "reconnect.", "log_level")
"""Beginnings of the properties that an AdminClient has, too."""


def partition_range(
    consumer: Consumer, config: Mapping[str, Any], topic: str, partition: int, seconds: float
) -> tuple[int, int]:
    """The first offset that is kept, and the end, as a consumer of `config` sees them: with `isolation.level`
    read_committed, the client's default, the end is the first offset of an open transaction.

    Raises KafkaException where the broker does not answer within `seconds`.
    """
    low, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), seconds)
    return (low, end) if low < end else _each_asked(config, topic, partition, seconds)


def _each_asked(config: Mapping[str, Any], topic: str, partition: int, seconds: float) -> tuple[int, int]:
    # The module is not free to import, and the mirror's first record is due within 2 s.
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.admin._listoffsets import OffsetSpec

    is_committed = config.get("isolation.level", "read_committed") == "read_committed"
    isolation = IsolationLevel.READ_COMMITTED if is_committed else IsolationLevel.READ_UNCOMMITTED
    client = {name: value for name, value in config.items() if name.startswith(_OF_ANY_CLIENT)}
    admin, place = AdminClient(client), TopicPartition(topic, partition)
    asked = [
        admin.list_offsets({place: spec}, isolation_level=isolation, request_timeout=seconds)[place]
        for spec in (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call]
    ]
    low, end = (_told(answer, seconds) for answer in asked)
    return low, end


def _told(answer: "Future[ListOffsetsResultInfo]", seconds: float) -> int:
    try:
        return int(answer.result(seconds).offset)
    except TimeoutError as error:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "no answer about offsets")) from error
