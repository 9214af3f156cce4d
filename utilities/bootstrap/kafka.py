"""Topics and ACLs of both clusters: one principal an application, each with only what it needs."""

from collections.abc import Iterable
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from pydantic import SecretStr

from config.settings import KafkaSettings, SourceKafkaSettings
from kafka.client import client_config, explain
from kafka.topics import DEAD_LETTERS_CONFIG, MIRROR_OFFSETS_CONFIG
from utilities.local_servers.settings import SecretSettings

ADMIN = "admin"

Grant = tuple[str, ResourceType, str, ResourcePatternType, tuple[AclOperation, ...]]


def _grant(principal: str, kind: ResourceType, name: str, *operations: AclOperation, prefix: bool = False) -> Grant:
    pattern = ResourcePatternType.PREFIXED if prefix else ResourcePatternType.LITERAL
    return principal, kind, name, pattern, operations


READ, WRITE, CREATE = AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE
DESCRIBE, DESCRIBE_CONFIGS, DELETE = AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.DELETE
TOPIC, GROUP, TRANSACTION = ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID


def source_grants(settings: SourceKafkaSettings) -> list[Grant]:
    """The mirror reads the source topic; the generator creates, writes and (to continue where it stopped) reads it."""
    topic = settings.source_topic
    return [
        _grant("mirror", TOPIC, topic, READ, DESCRIBE, DESCRIBE_CONFIGS),
        _grant("generator", TOPIC, topic, CREATE, WRITE, READ, DESCRIBE),
    ]


def local_grants(settings: KafkaSettings) -> list[Grant]:
    """What each application does on the local cluster."""
    topic, dead_letters = settings.destination_topic, settings.dead_letter_topic
    grants = [
        _grant("mirror", TOPIC, topic, CREATE, WRITE, DESCRIBE, DESCRIBE_CONFIGS),
        _grant("mirror", TOPIC, settings.mirror_offsets_topic, READ, WRITE, DESCRIBE),
        _grant("mirror", TRANSACTION, "millrace-mirror", WRITE, DESCRIBE, prefix=True),
        # DELETE is the right to delete records, which Kafka does not tell from that to delete the topic.
        _grant("operator", TOPIC, topic, READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS, DELETE),
        _grant("operator", TOPIC, dead_letters, READ, WRITE, DESCRIBE, DELETE),
        _grant("operator", TOPIC, settings.mirror_offsets_topic, READ, DESCRIBE),
        _grant("operator", GROUP, "millrace-", READ, DESCRIBE, DELETE, prefix=True),
        _grant("operator", TRANSACTION, "millrace-replay", WRITE, DESCRIBE, prefix=True),
    ]
    for consumer in ("landing", "indexer"):
        grants += [
            _grant(consumer, TOPIC, topic, READ, DESCRIBE),
            _grant(consumer, TOPIC, dead_letters, WRITE, DESCRIBE),
            # Landing has a group for each collection that is not the default one.
            _grant(consumer, GROUP, f"millrace-{consumer}", READ, DESCRIBE, prefix=True),
        ]
    return grants


def prepare_source_kafka(secrets: SecretSettings) -> None:
    """ACLs of the stand-in for the remote cluster; its topic is created by whoever fills it."""
    source = SourceKafkaSettings.load()
    admin = _admin(
        source.source_brokers,
        source.source_security_protocol,
        source.source_sasl_mechanism,
        secrets.source_admin_password,
        source.source_ca_file,
    )
    _apply(admin, source_grants(source), f"setting ACLs at {source.source_brokers}")


def prepare_local_kafka(secrets: SecretSettings) -> None:
    """ACLs and the two topics of our own; the main topic is created by the mirror, with the source's partitions."""
    local = KafkaSettings.load()
    admin = _admin(
        local.kafka_brokers,
        local.kafka_security_protocol,
        local.kafka_sasl_mechanism,
        secrets.kafka_admin_password,
        local.kafka_ca_file,
    )
    topics = [
        NewTopic(local.dead_letter_topic, num_partitions=3, config=DEAD_LETTERS_CONFIG),
        NewTopic(local.mirror_offsets_topic, num_partitions=1, config=MIRROR_OFFSETS_CONFIG),
    ]
    doing = f"setting up topics and ACLs at {local.kafka_brokers}"
    try:
        known = admin.list_topics(timeout=10).topics
        missing = [topic for topic in topics if topic.topic not in known]
        for future in admin.create_topics(missing).values() if missing else []:
            future.result()
    except KafkaException as error:
        raise explain(error, doing) from error
    _apply(admin, local_grants(local), doing)


def _admin(brokers: str, protocol: str, mechanism: str, password: SecretStr, ca_file: Path | None) -> AdminClient:
    return AdminClient(dict(client_config(brokers, protocol, mechanism, ADMIN, password, ca_file)))


def _apply(admin: AdminClient, grants: Iterable[Grant], doing: str) -> None:
    bindings = [
        AclBinding(kind, name, pattern, f"User:{principal}", "*", operation, AclPermissionType.ALLOW)
        for principal, kind, name, pattern, operations in grants
        for operation in operations
    ]
    try:
        for future in admin.create_acls(bindings).values():
            future.result()
    except KafkaException as error:
        raise explain(error, doing) from error
