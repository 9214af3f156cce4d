"""Counting the records of a topic: by reading them, since transaction markers and compaction leave gaps in offsets."""

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from pydantic import SecretStr

from config.settings import KafkaSettings, SourceKafkaSettings
from kafka.client import ClientConfig, RefusedLogin, client_config, describe_topic, explain

BATCH = 10_000
METADATA_SECONDS = 10.0
READ_SECONDS = 30.0
REPLAY_HEADER = "millrace-replay-of"
_READER: ClientConfig = {
    # Required by the client, but not used: partitions are assigned and nothing is committed.
    "group.id": "millrace-count",
    "isolation.level": "read_committed",
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "fetch.queue.backoff.ms": 20,
    "queued.max.messages.kbytes": 32_768,
}


class SourceReaderSettings(SourceKafkaSettings):
    """The login that may read the source topic: the mirror's."""

    source_username: str = "mirror"
    source_password: SecretStr

    def client(self) -> ClientConfig:
        """Connection properties for the source cluster."""
        return client_config(
            self.source_brokers,
            self.source_security_protocol,
            self.source_sasl_mechanism,
            self.source_username,
            self.source_password,
        )


class OperatorKafkaSettings(KafkaSettings):
    """The operator's login at the local cluster."""

    kafka_operator_username: str = "operator"
    kafka_operator_password: SecretStr

    def client(self) -> ClientConfig:
        """Connection properties for the local cluster."""
        return client_config(
            self.kafka_brokers,
            self.kafka_security_protocol,
            self.kafka_sasl_mechanism,
            self.kafka_operator_username,
            self.kafka_operator_password,
        )


@dataclass(frozen=True)
class PartitionRecords:
    """Offsets of a partition's committed records, ascending; `replayed` are those republished from dead letters."""

    offsets: array[int] = field(default_factory=lambda: array("q"))
    replayed: array[int] = field(default_factory=lambda: array("q"))

    def below(self, offset: int) -> int:
        """How many records stand below `offset`."""
        return bisect_left(self.offsets, offset)

    def replayed_below(self, offset: int) -> int:
        """How many republished records stand below `offset`."""
        return bisect_left(self.replayed, offset)


def read_records(config: ClientConfig, topic: str) -> dict[int, PartitionRecords]:
    """Where the committed records of each partition of `topic` stand, up to its end as of now: 8 bytes a record.

    Raises what `explain` makes of a refusal or silence.
    """
    doing = f"counting {topic} at {config['bootstrap.servers']}"
    refused = RefusedLogin()
    consumer = Consumer({**config, **_READER, "error_cb": refused})
    try:
        partitions = describe_topic(consumer, topic, refused, doing, METADATA_SECONDS).partitions
        ends = {
            partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=METADATA_SECONDS)[1]
            for partition in partitions
        }
        return _read_until(consumer, topic, ends, doing)
    except KafkaException as error:
        raise explain(error, doing) from error
    finally:
        consumer.close()


def _read_until(consumer: Consumer, topic: str, ends: Mapping[int, int], doing: str) -> dict[int, PartitionRecords]:
    found = {partition: PartitionRecords() for partition in ends}
    unfinished = {partition for partition, end in ends.items() if end > 0}
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in unfinished])
    while unfinished:
        messages = consumer.consume(BATCH, timeout=READ_SECONDS)
        if not messages:
            raise explain(KafkaError(KafkaError._TIMED_OUT), doing)
        for message in messages:
            error, partition, offset = message.error(), message.partition() or 0, message.offset() or 0
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                raise explain(error, doing)
            if error is None and offset < ends[partition]:
                found[partition].offsets.append(offset)
                if any(header[0] == REPLAY_HEADER for header in message.headers() or ()):
                    found[partition].replayed.append(offset)
            else:
                # The partition's end, or the first record that came after the count began.
                unfinished.discard(partition)
                consumer.pause([TopicPartition(topic, partition)])
    return found
