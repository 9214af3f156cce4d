"""The topics that the mirror writes: that they are there, and that they accept whatever the source accepted."""

import logging

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    ResourceType,
)

from config.errors import AccessError, TerminalError, UnavailableError
from kafka.client import PRODUCER, answer_of, explain
from kafka.topics import ADMIN_SECONDS, LARGEST_RECORD_BYTES, topic_settings

logger = logging.getLogger(__name__)

ANY_TIME = str(2**63 - 1)
ROOM_BYTES = 64 * 1024
"""For what a batch of the same records takes more here than at the source: an older format's headers, our dead-letter
headers. librdkafka sends uncompressed what compression does not make smaller."""
LARGEST_BATCH_BYTES = int(PRODUCER["message.max.bytes"])
"""No topic needs a higher limit: more would not pass `socket.request.max.bytes` of a broker (104,857,600) either."""


def mirrored_topic_config(source_limit: int | None) -> dict[str, str]:
    """Settings of a topic that takes every record of a topic whose `max.message.bytes` is `source_limit`.

    The limit counts a compressed batch. One that zstd made fit at the source is lz4 here, which has no entropy coder:
    900 kB of random bytes as hex are twice that. No ratio bounds it, so records up to LARGEST_RECORD_BYTES, which is
    what the stages behind take, pass uncompressed.
    """
    limit = min(max((source_limit or 0) + ROOM_BYTES, LARGEST_RECORD_BYTES), LARGEST_BATCH_BYTES)
    return {
        "max.message.bytes": str(limit),
        # A broker of Kafka 4 refuses what is more than an hour ahead of its clock; the source's may not have.
        "message.timestamp.type": "CreateTime",
        "message.timestamp.before.max.ms": ANY_TIME,
        "message.timestamp.after.max.ms": ANY_TIME,
    }


_AT_LEAST = {"max.message.bytes", "message.timestamp.before.max.ms", "message.timestamp.after.max.ms"}
_UNLESS_CHOSEN = {"retention.ms", "retention.bytes", "cleanup.policy"}
"""An operator who set these for the topic meant it; the others only decide what is refused."""


def missing_settings(wanted: dict[str, str], found: dict[str, tuple[str, bool]]) -> dict[str, str]:
    """What of `wanted` a topic lacks; `found` has the value of each setting, and whether it was set for the topic."""
    missing = {}
    for name, value in wanted.items():
        if name not in found:  # a broker before Kafka 3.6 has no message.timestamp.after.max.ms
            continue
        is_value, is_chosen = found[name]
        suffices = int(is_value) >= int(value) if name in _AT_LEAST else is_value == value
        if not suffices and not (name in _UNLESS_CHOSEN and is_chosen):
            missing[name] = value
    return missing


def widen_topic(admin: AdminClient, topic: str, wanted: dict[str, str]) -> None:
    """Give an existing topic what it lacks of `wanted`; where the principal may not, one line says what to set."""
    try:
        described = topic_settings(admin, topic)
        chosen = ConfigSource.DYNAMIC_TOPIC_CONFIG.value
        found = {name: (entry.value, entry.source == chosen) for name, entry in described.items()}
        missing = missing_settings(wanted, found)
        if missing:
            set_topic_config(admin, topic, missing)
            logger.info("a topic was set to accept what the source accepts topic=%s settings=%s", topic, missing)
    except KafkaException as error:
        logger.warning(
            "a topic may refuse what the source accepts; grant DESCRIBE_CONFIGS and ALTER_CONFIGS, or set it by hand "
            "topic=%s settings=%s reason=%s",
            topic,
            wanted,
            error.args[0].str(),
        )


def set_topic_config(admin: AdminClient, topic: str, settings: dict[str, str]) -> None:
    """Change a topic's settings; raises KafkaException."""
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in settings.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    answer_of(admin.incremental_alter_configs([resource], request_timeout=ADMIN_SECONDS)[resource], ADMIN_SECONDS)


def raise_letter_limit(admin: AdminClient, topic: str, letter_bytes: int) -> None:
    """Have the dead-letter topic take letters of so many bytes.

    Raises TerminalError where it cannot be, UnavailableError where no broker answers.
    """
    limit = min(letter_bytes + ROOM_BYTES, LARGEST_BATCH_BYTES)
    try:
        set_topic_config(admin, topic, {"max.message.bytes": str(limit)})
    except KafkaException as error:
        problem = explain(error, f"raising max.message.bytes of {topic}")
        if isinstance(problem, UnavailableError):
            raise problem from error
        advice = f"raise its max.message.bytes to {limit}, or grant ALTER_CONFIGS"
        raise TerminalError(f"{advice} ({error.args[0].str()})") from error
    logger.info("the limit of a topic was raised topic=%s max.message.bytes=%d", topic, limit)


class PartitionsMissingError(TerminalError):
    """The topic has fewer partitions than the source, and the mirror may not add them."""


def add_partitions(admin: AdminClient, topic: str, have: int, wanted: int, doing: str) -> None:
    """Add the partitions that the source has more; raises one clear error where the principal may not."""
    if have >= wanted:
        return
    future = admin.create_partitions([NewPartitions(topic, wanted)], request_timeout=ADMIN_SECONDS)[topic]
    try:
        answer_of(future, ADMIN_SECONDS)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.INVALID_PARTITIONS:  # it has them by now: another mirror looked, too
            return
        problem = explain(error, f"adding partitions to {topic}, {doing}")
        if isinstance(problem, AccessError):
            advice = "grant ALTER on it, or add partitions to it, since each record keeps its partition"
            raise PartitionsMissingError(f"{topic} has {have} partitions, the source {wanted}: {advice}") from error
        raise problem from error
    logger.info("partitions were added topic=%s before=%d now=%d", topic, have, wanted)
