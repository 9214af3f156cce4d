"""Deleting the records of a topic below an offset, which is the only way that Kafka deletes any."""

from collections.abc import Mapping

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from kafka.client import answer_of, explain
from kafka.topics import ADMIN_SECONDS


def delete_records(admin: AdminClient, topic: str, ends: Mapping[int, int], doing: str) -> None:
    """Delete the records below each partition's offset; raises what `explain` makes of a refusal to `doing`."""
    wanted = [TopicPartition(topic, partition, offset) for partition, offset in ends.items() if offset > 0]
    try:
        for future in admin.delete_records(wanted, request_timeout=ADMIN_SECONDS).values() if wanted else []:
            answer_of(future, ADMIN_SECONDS)
    except KafkaException as error:
        raise explain(error, doing) from error
