"""Topics that Millrace creates: with what settings, and safely when two processes start at once."""

import logging
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType  # type: ignore[attr-defined]

from config.kafka_client import ClientConfig
from config.settings import KafkaSettings
from kafka.client import answer_of, explain

if TYPE_CHECKING:
    from confluent_kafka.admin._topic import TopicDescription

logger = logging.getLogger(__name__)

ADMIN_SECONDS = 30.0
ZERO_ID = "AAAAAAAAAAAAAAAAAAAAAA"
"""What a client says of a topic whose broker tells no id (before Kafka 2.8)."""
NO_TOPIC_IDS = {KafkaError.UNSUPPORTED_VERSION, KafkaError._UNSUPPORTED_FEATURE}
LARGEST_RECORD_BYTES = 32 * 1024 * 1024
"""What clients may send: above MongoDB's 16 MiB, so that a record too large to land still reaches the dead letters."""

KEPT_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1"}
"""Never left to the broker's default: a mirrored record keeps its time, and under 7 days it would expire in minutes."""
COMPACTED_CONFIG = {
    "cleanup.policy": "compact",
    **KEPT_FOR_EVER,
    # Read from its beginning at every start, so it is kept short: the open segment is never compacted.
    "segment.bytes": str(8 * 1024 * 1024),
    "min.cleanable.dirty.ratio": "0.1",
}
DEAD_LETTER_PARTITIONS = 3
DEAD_LETTERS_CONFIG = {
    # Not compacted: a dead letter of a null value would be a tombstone, which compaction removes after a day.
    "cleanup.policy": "delete",
    **KEPT_FOR_EVER,
    # The largest record, with its reason and origin as headers.
    "max.message.bytes": str(LARGEST_RECORD_BYTES + 1024 * 1024),
}


def destination_config(settings: KafkaSettings) -> dict[str, str]:
    """Settings of the local topic, whatever the source's."""
    return {
        "cleanup.policy": "delete",
        **KEPT_FOR_EVER,
        "retention.ms": str(settings.kafka_retention_ms),
        "min.insync.replicas": str(settings.kafka_min_insync),
    }


def create_topic(
    admin: AdminClient, topic: str, partitions: int, replication: int, settings: dict[str, str], doing: str
) -> None:
    """Create `topic` unless it exists; raises what `explain` makes of a refusal to `doing`.

    A negative `replication` leaves the number of replicas to the broker's default.replication.factor.
    """
    new = NewTopic(topic, partitions, replication, config=settings)
    created: Future[None] = admin.create_topics([new], operation_timeout=ADMIN_SECONDS)[topic]
    try:
        answer_of(created, ADMIN_SECONDS)
        replicas = "default" if replication < 0 else replication
        logger.info("created a topic topic=%s partitions=%d replication=%s", topic, partitions, replicas)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise explain(error, f"creating topic {topic}, {doing}") from error


def topic_settings(admin: AdminClient, topic: str) -> dict[str, Any]:
    """The settings of a topic by name, each a ConfigEntry; raises KafkaException."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    return answer_of(admin.describe_configs([resource], request_timeout=ADMIN_SECONDS)[resource], ADMIN_SECONDS)


def max_message_bytes(admin: AdminClient, topic: str) -> int | None:
    """The topic's `max.message.bytes`, or None where the principal may not read a topic's settings."""
    try:
        described = topic_settings(admin, topic)
    except KafkaException as error:
        logger.debug("cannot read the settings of a topic topic=%s error=%s", topic, error)
        return None
    entry = described.get("max.message.bytes")
    return int(entry.value) if entry is not None else None


class TopicIdentity(NamedTuple):
    """Which topic it is, among all clusters; `topic_id` is empty where a broker is too old to tell one.

    The cluster's id tells less: whoever formats a cluster chooses it, and two that follow one recipe choose the same.
    """

    cluster_id: str
    topic: str
    topic_id: str


def topic_identity(config: ClientConfig, topic: str) -> TopicIdentity:
    """Ask a cluster who it is and which topic it has under this name; raises what `explain` makes of an error."""
    return TopicIdentity(cluster_id(config), topic, topic_id(AdminClient(dict(config)), topic))


def cluster_id(config: ClientConfig) -> str:
    """The id that a cluster gave itself when it was made (KIP-78); raises what `explain` makes of an error."""
    try:
        return str(AdminClient(dict(config)).list_topics(timeout=ADMIN_SECONDS).cluster_id)
    except KafkaException as error:
        raise explain(error, f"asking {config['bootstrap.servers']} who it is") from error


def topic_id(admin: AdminClient, topic: str) -> str:
    """The identity that a topic loses when it is deleted and made again; empty where a broker is too old to have any.

    Raises what `explain` makes of an error: a topic whose identity could not be asked is not one without identity.
    """
    return told_topic_id(ask_topic_id(admin, topic, ADMIN_SECONDS), topic)


def ask_topic_id(admin: AdminClient, topic: str, seconds: float) -> "Future[TopicDescription]":
    """Ask without waiting; `told_topic_id` reads the answer, which comes within `seconds` or is an error."""
    asked: Future[TopicDescription] = admin.describe_topics(TopicCollection([topic]), request_timeout=seconds)[topic]
    return asked


def told_topic_id(answer: "Future[TopicDescription]", topic: str) -> str:
    """The answer to `ask_topic_id`, as `topic_id` returns it; waits for it."""
    try:
        found = str(answer_of(answer, ADMIN_SECONDS).topic_id)
    except KafkaException as error:
        if error.args[0].code() in NO_TOPIC_IDS:
            return ""
        raise explain(error, f"asking for the id of topic {topic}") from error
    return "" if found == ZERO_ID else found
