"""The topics of ours: made where they are missing, and brought to what the settings say where they differ."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
    TopicMetadata,
)

from config.settings import KafkaSettings
from kafka.client import answer_of
from kafka.feeds.feed import Feed
from kafka.topics import (
    ADMIN_SECONDS,
    COMPACTED_CONFIG,
    DEAD_LETTER_PARTITIONS,
    DEAD_LETTERS_CONFIG,
    LARGEST_RECORD_BYTES,
    create_topic,
    destination_config,
    topic_settings,
)

logger = logging.getLogger(__name__)

AT_LEAST = {"max.message.bytes"}
"""Settings of which more than wanted is no difference."""


@dataclass(frozen=True)
class OurTopic:
    """A topic and its settings; `partitions` is None where another makes it, who knows how many it needs."""

    name: str
    partitions: int | None
    config: Mapping[str, str]


def our_topics(settings: KafkaSettings, feeds: Iterable[Feed] = ()) -> list[OurTopic]:
    """The topics of the local cluster; the main one is made by the mirror, with the source's partitions.

    `feeds` are those beside the main one.
    """
    insync, others = {"min.insync.replicas": str(settings.kafka_min_insync)}, list(feeds)
    # A broker's default is 1 MiB: less than a client may send, and what is refused for its size comes again for ever.
    events = {**destination_config(settings), "max.message.bytes": str(LARGEST_RECORD_BYTES)}
    return [
        OurTopic(settings.destination_topic, None, events),
        OurTopic(settings.dead_letter_topic, DEAD_LETTER_PARTITIONS, {**insync, **DEAD_LETTERS_CONFIG}),
        OurTopic(settings.mirror_offsets_topic, 1, {**insync, **COMPACTED_CONFIG}),
        OurTopic(settings.forgotten_topic, 1, {**insync, **COMPACTED_CONFIG}),
        *(OurTopic(feed.topic, feed.partitions, events) for feed in others),
        *(OurTopic(feed.dead_letter_topic, 1, {**insync, **DEAD_LETTERS_CONFIG}) for feed in others),
    ]


def prepare_topics(admin: AdminClient, topics: Sequence[OurTopic], replication: int, doing: str) -> None:
    """Make and mend the topics; what cannot be mended is told in one line each. Raises KafkaException."""
    # Of all topics: asked for one by name, a broker may make it (auto.create.topics.enable).
    known = admin.list_topics(timeout=ADMIN_SECONDS).topics
    for topic in topics:
        if topic.name in known:
            _mend(admin, topic)
            _compare_replicas(known[topic.name], replication)
        elif topic.partitions is not None:
            create_topic(admin, topic.name, topic.partitions, replication, dict(topic.config), doing)


def differences(wanted: Mapping[str, str], found: Mapping[str, str | None]) -> dict[str, str]:
    """The settings that have to change, with what they should be."""
    return {name: value for name, value in wanted.items() if not _is_met(name, value, found.get(name))}


def _is_met(name: str, wanted: str, found: str | None) -> bool:
    if name in AT_LEAST and found is not None:
        return int(found) >= int(wanted)
    return found == wanted


def _mend(admin: AdminClient, topic: OurTopic) -> None:
    described = topic_settings(admin, topic.name)
    change = differences(topic.config, {name: entry.value for name, entry in described.items()})
    if not change:
        return
    entries = [ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in change.items()]
    altered = ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=entries)
    said = " ".join(f"{name}={value} was={described[name].value}" for name, value in change.items())
    try:
        futures = admin.incremental_alter_configs([altered], request_timeout=ADMIN_SECONDS)
        answer_of(futures[altered], ADMIN_SECONDS)
        logger.info("changed a topic to the settings topic=%s %s", topic.name, said)
    except KafkaException as error:
        reason = error.args[0].str()
        logger.warning("a topic differs from the settings; change it topic=%s %s reason=%s", topic.name, said, reason)


def _compare_replicas(found: TopicMetadata, replication: int) -> None:
    """Replicas are moved by an operator's plan (kafka-reassign-partitions), not in passing."""
    least = min(len(partition.replicas) for partition in found.partitions.values())
    if least < replication:
        logger.warning(
            "a topic has fewer replicas than KAFKA_REPLICATION; add some with kafka-reassign-partitions"
            " topic=%s replicas=%d wanted=%d",
            found.topic,
            least,
            replication,
        )
