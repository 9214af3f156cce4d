"""Topics and ACLs of both clusters: one principal an application, each with only what it needs."""

import time
from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from config.errors import UnavailableError
from config.kafka_client import ClientConfig
from config.secret_settings import SecretSettings
from config.settings import KafkaSettings, SourceKafkaSettings
from kafka.client import explain
from kafka.topics import DEAD_LETTERS_CONFIG, MIRROR_OFFSETS_CONFIG

ADMIN = "admin"
PROPAGATION_SECONDS = 30.0
ANY_NAME: Any = None  # which the client's own types do not allow for
ALL_ACLS = AclBindingFilter(
    ResourceType.ANY,
    ANY_NAME,
    ResourcePatternType.ANY,
    ANY_NAME,
    ANY_NAME,
    AclOperation.ANY,
    AclPermissionType.ANY,
)

Grant = tuple[str, ResourceType, str, ResourcePatternType, tuple[AclOperation, ...]]


def _grant(principal: str, kind: ResourceType, name: str, *operations: AclOperation, prefix: bool = False) -> Grant:
    pattern = ResourcePatternType.PREFIXED if prefix else ResourcePatternType.LITERAL
    return principal, kind, name, pattern, operations


READ, WRITE, CREATE = AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE
DESCRIBE, DESCRIBE_CONFIGS, DELETE = AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.DELETE
ALTER, ALTER_CONFIGS = AclOperation.ALTER, AclOperation.ALTER_CONFIGS
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
        # ALTER is the right to add the partitions that the source has more.
        _grant("mirror", TOPIC, topic, CREATE, ALTER, WRITE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS),
        _grant("mirror", TOPIC, dead_letters, CREATE, WRITE, DESCRIBE, ALTER_CONFIGS),
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
    config = source.source_client_as(ADMIN, secrets.source_admin_password)
    _apply(config, source_grants(source), f"setting ACLs at {source.source_brokers}")


def prepare_local_kafka(secrets: SecretSettings) -> None:
    """ACLs and the two topics of our own; the main topic is created by the mirror, with the source's partitions."""
    local = KafkaSettings.load()
    config = local.client_as(ADMIN, secrets.kafka_admin_password)
    topics = [
        NewTopic(local.dead_letter_topic, num_partitions=3, config=DEAD_LETTERS_CONFIG),
        NewTopic(local.mirror_offsets_topic, num_partitions=1, config=MIRROR_OFFSETS_CONFIG),
    ]
    doing = f"setting up topics and ACLs at {local.kafka_brokers}"
    admin = AdminClient(dict(config))
    try:
        known = admin.list_topics(timeout=10).topics
        missing = [topic for topic in topics if topic.topic not in known]
        for future in admin.create_topics(missing).values() if missing else []:
            future.result()
    except KafkaException as error:
        raise explain(error, doing) from error
    _apply(config, local_grants(local), doing)


def _apply(config: ClientConfig, grants: Iterable[Grant], doing: str) -> None:
    """Set ACLs, and return when every broker goes by them."""
    bindings = [
        AclBinding(kind, name, pattern, f"User:{principal}", "*", operation, AclPermissionType.ALLOW)
        for principal, kind, name, pattern, operations in grants
        for operation in operations
    ]
    admin = AdminClient(dict(config))
    try:
        for future in admin.create_acls(bindings).values():
            future.result()
        for broker in str(config["bootstrap.servers"]).split(","):
            _wait_until_known(AdminClient({**config, "bootstrap.servers": broker}), set(bindings), doing)
    except KafkaException as error:
        raise explain(error, doing) from error


def _wait_until_known(admin: AdminClient, bindings: set[AclBinding], doing: str) -> None:
    """Brokers learn of new ACLs one after the other: what one allows, another may refuse for a moment.

    A client that was just made knows of no other broker than the one of its address, and asks that.
    """
    deadline = time.monotonic() + PROPAGATION_SECONDS
    while not bindings <= set(admin.describe_acls(ALL_ACLS, request_timeout=PROPAGATION_SECONDS).result()):
        if time.monotonic() > deadline:
            raise UnavailableError(f"{doing}: a broker does not know the new ACLs after {PROPAGATION_SECONDS:.0f} s")
        time.sleep(0.1)
