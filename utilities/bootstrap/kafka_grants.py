"""Who may do what at the clusters: one principal an application, each with only what it needs."""

from collections.abc import Iterable

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from config.principals import KafkaPrincipals, SourcePrincipals
from config.settings import KafkaSettings, SourceKafkaSettings
from kafka.feeds.feed import Feed

READ, WRITE, CREATE, ALTER = AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE, AclOperation.ALTER
DESCRIBE, DELETE = AclOperation.DESCRIBE, AclOperation.DELETE
DESCRIBE_CONFIGS, ALTER_CONFIGS = AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS
TOPIC, GROUP, TRANSACTION = ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID
CLUSTER = ResourceType.BROKER  # librdkafka's name of the resource `kafka-cluster`


def allow(
    principal: str, kind: ResourceType, name: str, *operations: AclOperation, prefix: bool = False
) -> set[AclBinding]:
    """ACLs that let `principal` do the operations from any host."""
    pattern = ResourcePatternType.PREFIXED if prefix else ResourcePatternType.LITERAL
    return {
        AclBinding(kind, name, pattern, f"User:{principal}", "*", operation, AclPermissionType.ALLOW)
        for operation in operations
    }


def source_grants(settings: SourceKafkaSettings, names: SourcePrincipals) -> set[AclBinding]:
    """The mirror reads the source topic; the generator creates, writes and (to continue where it stopped) reads it."""
    topic = settings.source_topic
    return allow(names.source_username, TOPIC, topic, READ, DESCRIBE, DESCRIBE_CONFIGS) | allow(
        names.source_generator_username, TOPIC, topic, CREATE, WRITE, READ, DESCRIBE
    )


def local_grants(settings: KafkaSettings, names: KafkaPrincipals, feeds: Iterable[Feed] = ()) -> set[AclBinding]:
    """What each application does on the local cluster; `feeds` are those beside the main one."""
    grants = _mirror(settings, names.kafka_mirror_username) | _operator(settings, names.kafka_operator_username)
    grants |= _pages(settings, names.kafka_akhq_username)
    for topic in (settings.destination_topic, settings.dead_letter_topic):
        grants |= allow(names.kafka_api_username, TOPIC, topic, WRITE, DESCRIBE)
    for principal, group in (
        (names.kafka_landing_username, "millrace-landing"),
        (names.kafka_indexer_username, "millrace-indexer"),
    ):
        grants |= allow(principal, TOPIC, settings.destination_topic, READ, DESCRIBE)
        grants |= allow(principal, TOPIC, settings.dead_letter_topic, WRITE, DESCRIBE)
        grants |= allow(principal, TOPIC, settings.forgotten_topic, READ, DESCRIBE)
        # Landing has a group for each collection that is not the default one.
        grants |= allow(principal, GROUP, group, READ, DESCRIBE, prefix=True)
    for feed in feeds:
        grants |= _feed(feed, names)
    grants |= _query(names.kafka_query_username, settings.destination_topic, settings.dead_letter_topic)
    return grants | _stream(settings, names.kafka_stream_username)


def _feed(feed: Feed, names: KafkaPrincipals) -> set[AclBinding]:
    """As on the main feed's topics; nothing is mirrored into them, so that the mirror has no right on them."""
    grants = allow(names.kafka_generator_username, TOPIC, feed.topic, WRITE, DESCRIBE)
    grants |= allow(names.kafka_stream_username, TOPIC, feed.topic, READ, DESCRIBE)
    for principal in (names.kafka_landing_username, names.kafka_indexer_username):
        grants |= allow(principal, TOPIC, feed.topic, READ, DESCRIBE)
        grants |= allow(principal, TOPIC, feed.dead_letter_topic, WRITE, DESCRIBE)
    for topic in (feed.topic, feed.dead_letter_topic):
        grants |= allow(names.kafka_api_username, TOPIC, topic, WRITE, DESCRIBE)
    grants |= _query(names.kafka_query_username, feed.topic, feed.dead_letter_topic)
    operator = names.kafka_operator_username
    grants |= allow(operator, TOPIC, feed.topic, READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS, DELETE)
    grants |= allow(operator, TOPIC, feed.dead_letter_topic, READ, WRITE, DESCRIBE, DELETE)
    for topic in (feed.topic, feed.dead_letter_topic):
        grants |= allow(names.kafka_akhq_username, TOPIC, topic, READ, DESCRIBE, DESCRIBE_CONFIGS)
    return grants


def _query(principal: str, topic: str, dead_letter_topic: str) -> set[AclBinding]:
    """How long the topic is and how far its consumers are; the dead letters it reads, to count them by reason."""
    grants = allow(principal, TOPIC, topic, DESCRIBE) | allow(principal, TOPIC, dead_letter_topic, READ, DESCRIBE)
    return grants | allow(principal, GROUP, "millrace-", DESCRIBE, prefix=True)


def _stream(settings: KafkaSettings, principal: str) -> set[AclBinding]:
    # Its positions are in the warehouse; but a consumer of Spark's names a group, and asks for its coordinator.
    return (
        allow(principal, TOPIC, settings.destination_topic, READ, DESCRIBE)
        | allow(principal, TOPIC, settings.forgotten_topic, READ, DESCRIBE)
        | allow(principal, GROUP, "millrace-stream", READ, DESCRIBE, prefix=True)
    )


def _mirror(settings: KafkaSettings, principal: str) -> set[AclBinding]:
    # ALTER adds the partitions that the source got, ALTER_CONFIGS the limits that its records need. READ tells what was
    # posted in a partition from what came another way, before the first record is mirrored into it.
    name, configs = settings.destination_topic, (DESCRIBE_CONFIGS, ALTER_CONFIGS)
    topic = allow(principal, TOPIC, name, CREATE, READ, WRITE, DESCRIBE, ALTER, *configs)
    letters = allow(
        principal, TOPIC, settings.dead_letter_topic, CREATE, WRITE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS
    )
    offsets = allow(principal, TOPIC, settings.mirror_offsets_topic, CREATE, READ, WRITE, DESCRIBE)
    return topic | letters | offsets | allow(principal, TRANSACTION, "millrace-mirror", WRITE, DESCRIBE, prefix=True)


def _operator(settings: KafkaSettings, principal: str) -> set[AclBinding]:
    # DELETE is the right to delete records, which Kafka does not tell from that to delete the topic.
    return (
        allow(principal, TOPIC, settings.destination_topic, READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS, DELETE)
        | allow(principal, TOPIC, settings.dead_letter_topic, READ, WRITE, DESCRIBE, DELETE)
        | allow(principal, TOPIC, settings.mirror_offsets_topic, READ, DESCRIBE)
        | allow(principal, TOPIC, settings.forgotten_topic, READ, WRITE, DESCRIBE)
        | allow(principal, GROUP, "millrace-", READ, DESCRIBE, DELETE, prefix=True)
        | allow(principal, TRANSACTION, "millrace-replay", WRITE, DESCRIBE, prefix=True)
    )


def _pages(settings: KafkaSettings, principal: str) -> set[AclBinding]:
    grants = allow(principal, CLUSTER, "kafka-cluster", DESCRIBE, DESCRIBE_CONFIGS)
    grants |= allow(principal, GROUP, "millrace-", DESCRIBE, prefix=True)
    for topic in (settings.destination_topic, settings.dead_letter_topic, settings.mirror_offsets_topic):
        grants |= allow(principal, TOPIC, topic, READ, DESCRIBE, DESCRIBE_CONFIGS)
    return grants
