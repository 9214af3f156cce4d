"""What the mirror does before its first record: look at both clusters, create topics, fence, find its offsets."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from config.errors import TerminalError
from kafka.client import RefusedLogin, describe_topic, explain, find_topic
from kafka.lost_offsets import OffsetsLostError
from kafka.mirror_lane import CONSUMER, PRODUCER, Lane, LaneSetup
from kafka.mirror_offsets import MirrorOffset, Route, read_mirror_offsets
from kafka.mirror_settings import MirrorSettings
from kafka.topics import MIRROR_OFFSETS_CONFIG, create_topic, max_message_bytes, topic_id

logger = logging.getLogger(__name__)

FETCHED_KILOBYTES = 24 * 1024
UNSENT_RECORDS = 30_000
"""Shared by the lanes of a run, down to a least share: memory hardly grows with the number of partitions."""
LEAST_FETCHED_KILOBYTES = 1024
LEAST_UNSENT_RECORDS = 1_000


@dataclass(frozen=True)
class SourceTopic:
    """The source topic at the start of a run; `ranges` are first and end offset by partition."""

    cluster_id: str
    topic_id: str
    max_message_bytes: int | None
    ranges: dict[int, tuple[int, int]]


def open_lanes(settings: MirrorSettings, follow: bool, skip_lost: bool, stop: Event) -> list[Lane]:
    """Lanes of all partitions, ready to copy. Raises one clear error where a cluster, topic, ACL or offset is amiss."""
    source = _look_at_source(settings)
    destination_id = _prepare_destination(settings, source)
    route = Route(source.cluster_id, settings.source_topic, settings.destination_topic)
    fetched = max(FETCHED_KILOBYTES // len(source.ranges), LEAST_FETCHED_KILOBYTES)
    unsent = max(UNSENT_RECORDS // len(source.ranges), LEAST_UNSENT_RECORDS)
    setup = LaneSetup(
        route=route,
        source={**settings.source, **CONSUMER, "queued.max.messages.kbytes": fetched},
        destination={**settings.destination, **PRODUCER, "queue.buffering.max.messages": unsent},
        offsets_topic=settings.mirror_offsets_topic,
        patience_seconds=None if follow else settings.mirror_patience_seconds,
    )
    lanes = [Lane(setup, partition, stop) for partition in source.ranges]
    with ThreadPoolExecutor(min(len(lanes), settings.max_workers)) as threads:
        list(threads.map(Lane.fence, lanes))
    # Only now: an offset read before the fence could be overtaken by the transaction of a lane before this one.
    known = read_mirror_offsets(settings.destination, settings.mirror_offsets_topic, route, len(lanes))
    for lane in lanes:
        low, end = source.ranges[lane.partition]
        beginning, last = MirrorOffset(low, 0, source.topic_id, destination_id), known.get(lane.partition)
        begin = _where_to_start(last or beginning, beginning, end, skip_lost, lane)
        lane.start(begin, last, None if follow else end)
        logger.debug("a lane starts partition=%d at=%d low=%d end=%d", lane.partition, begin.next_offset, low, end)
    return lanes


def _look_at_source(settings: MirrorSettings) -> SourceTopic:
    topic, patience = settings.source_topic, settings.mirror_patience_seconds
    doing = f"reading topic {topic} at {settings.source_brokers} as {settings.source_username}"
    refused = RefusedLogin()
    consumer = Consumer({**settings.source, **CONSUMER, "error_cb": refused})
    try:
        partitions = describe_topic(consumer, topic, refused, doing, patience).partitions
        ranges = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), patience) for p in sorted(partitions)}
        cluster_id = consumer.cluster_id(patience)
    except KafkaException as error:
        raise explain(refused.error or error, doing) from error
    finally:
        consumer.close()
    admin = AdminClient(dict(settings.source))
    return SourceTopic(cluster_id, topic_id(admin, topic), max_message_bytes(admin, topic), ranges)


def _prepare_destination(settings: MirrorSettings, source: SourceTopic) -> str:
    """Create what is missing: the topic with the source's partitions, and that of offsets; returns the topic's id."""
    brokers = settings.destination["bootstrap.servers"]
    refused = RefusedLogin()
    admin = AdminClient({**settings.destination}, error_cb=refused)
    insync = {"min.insync.replicas": str(settings.kafka_min_insync)}
    limit = {} if source.max_message_bytes is None else {"max.message.bytes": str(source.max_message_bytes)}
    wanted = [
        (settings.destination_topic, len(source.ranges), {**insync, **limit}),
        (settings.mirror_offsets_topic, 1, {**insync, **MIRROR_OFFSETS_CONFIG}),
    ]
    for topic, partitions, config in wanted:
        doing = f"writing topic {topic} at {brokers} as {settings.kafka_mirror_username}"
        found = find_topic(admin, topic, refused, doing, settings.mirror_patience_seconds)
        if found is None:
            create_topic(admin, topic, partitions, settings.kafka_replication, config, doing)
        elif len(found.partitions) < partitions:
            raise TerminalError(
                f"{topic} at {brokers} has {len(found.partitions)} partitions, the source {partitions}: "
                "add partitions to it, since each record keeps its partition"
            )
    return topic_id(admin, settings.destination_topic)


def _where_to_start(
    known: MirrorOffset, beginning: MirrorOffset, end: int, skip_lost: bool, lane: Lane
) -> MirrorOffset:
    """`known`, unless a topic was made anew or the source lost what comes next."""
    low = beginning.next_offset
    for then, now in ((known.source_id, beginning.source_id), (known.destination_id, beginning.destination_id)):
        if then and now and then != now:
            logger.warning("a topic was made anew and is mirrored from the beginning partition=%d", lane.partition)
            return beginning
    if low <= known.next_offset <= end:
        return replace(known, source_id=beginning.source_id, destination_id=beginning.destination_id)
    if not skip_lost:
        raise OffsetsLostError(lane.topic, lane.partition, known.next_offset, low, end)
    logger.warning("lost offsets are skipped partition=%d from=%d to=%d", lane.partition, known.next_offset, low)
    return replace(beginning, records=known.records)
