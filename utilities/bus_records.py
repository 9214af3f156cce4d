"""Counting the records of a topic: by reading them, since transaction markers and compaction leave gaps in offsets."""

from array import array
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field

from pydantic import SecretStr

from config.settings import KafkaSettings, SourceKafkaSettings
from kafka.client import ClientConfig, client_config
from kafka.dead_letters import REPLAY_HEADER
from kafka.log_reader import read_to_end


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
            self.source_ca_file,
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
            self.kafka_ca_file,
        )


@dataclass(frozen=True)
class PartitionRecords:
    """Offsets of a partition's committed records, ascending; `replayed` are those republished from dead letters."""

    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    replayed: "array[int]" = field(default_factory=lambda: array("q"))

    def below(self, offset: int) -> int:
        """How many records stand below `offset`."""
        return bisect_left(self.offsets, offset)

    def replayed_below(self, offset: int) -> int:
        """How many republished records stand below `offset`."""
        return bisect_left(self.replayed, offset)


def read_records(config: ClientConfig, topic: str) -> dict[int, PartitionRecords]:
    """Where the committed records of each partition of `topic` stand, up to its end as of now: 8 bytes a record.

    A partition without records is absent. Raises what `read_to_end` raises.
    """
    found: defaultdict[int, PartitionRecords] = defaultdict(PartitionRecords)
    for message in read_to_end(config, topic):
        records, offset = found[message.partition() or 0], message.offset() or 0
        records.offsets.append(offset)
        if any(header[0] == REPLAY_HEADER for header in message.headers() or ()):
            records.replayed.append(offset)
    return dict(found)
