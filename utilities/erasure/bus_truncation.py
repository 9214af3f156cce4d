"""Deleting the records of the bus below an offset, which is the only way that Kafka deletes any.

Sound where everything below is stored in MongoDB and in Elasticsearch and loaded: what is deleted is counted first, in
etl.removed, and the reconciliation counts the records on the bus from the offset on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psycopg
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from config.errors import TerminalError
from config.kafka_client import ClientConfig
from kafka.client import explain
from kafka.dead_letters.letter import replayed_from
from kafka.partition_reader import PartitionReader
from kafka.position import BusPosition
from kafka.posted import is_posted
from kafka.topics import TopicIdentity, topic_identity, topic_settings
from spark.ledger import Ledger
from utilities.stores.bus_records import delete_records

KEPT_FROM = """
SELECT bus_partition, max(until_offset) FROM etl.removed
WHERE what = 'bus records' AND bus_topic = %s GROUP BY bus_partition
"""
RECORD = """
INSERT INTO etl.removed (what, bus_topic, bus_partition, until_offset, rows, replayed)
VALUES ('bus records', %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class Truncation:
    """Records of a partition from the last truncation to below `until`; `replayed` came from dead letters."""

    partition: int
    until: int
    records: int
    replayed: int


def truncation_points(
    topic: str, positions: Iterable[BusPosition], reached: Mapping[str, Mapping[int, int]]
) -> dict[int, int]:
    """The offset behind the last of those positions that are of the topic, by partition.

    `reached` is how far each stage has come, by its name and partition. Raises TerminalError where one has not yet
    read what would be deleted.
    """
    points: dict[int, int] = {}
    for position in (each for each in positions if each.topic == topic):
        points[position.partition] = max(points.get(position.partition, 0), position.offset + 1)
    for partition, until in points.items():
        for stage, offsets in reached.items():
            if offsets.get(partition, 0) < until:
                raise TerminalError(
                    f"the bus cannot be truncated: the {stage} has reached offset {offsets.get(partition, 0)} of"
                    f" partition {partition} of {topic}, the visitor's last record is at {until - 1};"
                    " run the stages first"
                )
    return points


def truncate(config: ClientConfig, ledger: Ledger, topic: str, points: Mapping[int, int]) -> list[Truncation]:
    """Count the records below each offset, note them in the ledger, and delete them.

    The ledger's row comes first: without its deletion it does no harm, for nobody counts the records below it, and
    the next truncation of the partition deletes them.
    """

    ours = topic_identity(config, topic)

    def record(connection: psycopg.Connection) -> tuple[dict[int, int], list[Truncation]]:
        kept_from = {partition: int(until) for partition, until in connection.execute(KEPT_FROM, [topic]).fetchall()}
        counted = [
            _count(config, ours, partition, kept_from.get(partition, 0), until)
            for partition, until in sorted(points.items())
            if until > kept_from.get(partition, 0)
        ]
        for each in counted:
            connection.execute(RECORD, [topic, each.partition, each.until, each.records, each.replayed])
        return kept_from, counted

    before, counted = ledger.transaction(record)
    ends = {partition: max(until, before.get(partition, 0)) for partition, until in points.items()}
    delete_records(AdminClient(dict(config)), topic, ends, f"truncating {topic} at {config['bootstrap.servers']}")
    return counted


def retention_ms(config: ClientConfig, topic: str) -> int:
    """How long the topic keeps a record; -1 is for ever."""
    try:
        return int(topic_settings(AdminClient(dict(config)), topic)["retention.ms"].value)
    except KafkaException as error:
        raise explain(error, f"reading the settings of topic {topic}") from error


def _count(config: ClientConfig, ours: TopicIdentity, partition: int, since: int, until: int) -> Truncation:
    records = replayed = 0
    with PartitionReader(config, ours.topic, partition) as reader:
        for message in reader.records(since, until):
            records += 1
            replayed += replayed_from(message, ours) is not None or is_posted(message, ours)
    return Truncation(partition, until, records, replayed)
