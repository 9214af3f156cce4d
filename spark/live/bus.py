"""The bus as the stream reads it: which topic it is, from where, and Spark's options for its source."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event

import orjson
from confluent_kafka import Consumer, KafkaException

from config.kafka_client import LoginConfig
from kafka.client import explain
from kafka.log_reader import READER, log_ranges
from kafka.lost_offsets import OffsetsLostError, TopicMadeAnewError
from kafka.readable_end import readable_ends
from kafka.topic_sight import TopicSight, TopicSightings, asking
from spark.live.store import Position

logger = logging.getLogger(__name__)

GROUP_PREFIX = "millrace-stream"
ANSWER_SECONDS = 10.0
LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}


@dataclass(frozen=True)
class Bus:
    """A topic of the local cluster and who reads it."""

    config: LoginConfig
    topic: str

    @property
    def doing(self) -> str:
        """What is done there, for messages."""
        return f"reading topic {self.topic} at {self.config['bootstrap.servers']}"

    def sightings(self) -> TopicSightings:
        """The topic as it is now, to be asked for again; raises as kafka.client.explain."""
        ask = asking(self.config, self.topic, self.doing)
        return TopicSightings(self.topic, ask(), ask)

    def ranges(self) -> dict[int, tuple[int, int]]:
        """By partition, the first offset that is kept and the end; raises as kafka.client.explain."""
        return log_ranges(self.config, self.topic, ANSWER_SECONDS)

    def await_readable(self, stop: Event) -> None:
        """Wait for the marks of transactions whose commits were acknowledged: Spark reads up to the first open one."""
        reader = {**self.config, **READER}
        consumer = Consumer(reader)
        try:
            readable_ends(consumer, reader, self.topic, self.ranges(), ANSWER_SECONDS, stop)
        except KafkaException as error:
            raise explain(error, self.doing) from error
        finally:
            consumer.close()


def source(config: LoginConfig, starting: Mapping[str, Mapping[int, int]], most_offsets: int) -> dict[str, str]:
    """Options of Spark's source for Kafka, from these offsets of these topics on."""
    offsets = {topic: {str(partition): offset for partition, offset in of.items()} for topic, of in starting.items()}
    return {
        **{f"kafka.{name}": value for name, value in java_client(config).items()},
        "kafka.isolation.level": "read_committed",
        # Spark would look for a broker for three minutes before it says that there is none.
        "kafka.request.timeout.ms": "10000",
        "kafka.default.api.timeout.ms": "15000",
        "fetchOffset.numRetries": "2",
        "subscribe": ",".join(starting),
        "startingOffsets": orjson.dumps(offsets).decode(),
        "maxOffsetsPerTrigger": str(most_offsets),
        "failOnDataLoss": "true",
        "includeHeaders": "true",
        "groupIdPrefix": GROUP_PREFIX,
    }


def refuse_another_topic(topic: str, known_id: str, sight: TopicSight) -> None:
    """Raise TopicMadeAnewError where what was counted is of another topic of that name; an empty id is unknown."""
    if known_id and sight.topic_id and known_id != sight.topic_id:
        raise TopicMadeAnewError(topic, known_id, sight.topic_id)


def starting_offsets(
    topic: str, ranges: Mapping[int, tuple[int, int]], known: Mapping[int, Position], skip_lost: bool
) -> dict[int, int]:
    """The offset that comes next of each partition: where counting ended, else the first that is kept.

    Raises OffsetsLostError where the bus does not have it any more, unless what is lost is to be skipped.
    """
    found = {}
    for partition, (low, end) in ranges.items():
        wanted = known[partition].next_offset if partition in known else low
        if not low <= wanted <= end:
            lost = OffsetsLostError(topic, partition, wanted, low, end)
            if not skip_lost:
                raise lost
            logger.warning("%s: skipped", lost)
            wanted = low if wanted < low else end
        found[partition] = wanted
    return found


def java_client(config: LoginConfig) -> dict[str, str]:
    """The same login in the properties of Kafka's Java client."""
    properties = {"bootstrap.servers": str(config["bootstrap.servers"])}
    protocol = properties["security.protocol"] = str(config["security.protocol"])
    if protocol.startswith("SASL"):
        mechanism = properties["sasl.mechanism"] = str(config["sasl.mechanism"])
        user, password = (_quoted(str(config[name])) for name in ("sasl.username", "sasl.password"))
        login = f"{LOGIN_MODULES[mechanism]} required username={user} password={password};"
        properties["sasl.jaas.config"] = login
    if "ssl.ca.location" in config:
        properties |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(config["ssl.ca.location"])}
    return properties


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
