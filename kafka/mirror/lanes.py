"""What the mirror does before a partition's first record: look at both clusters, create topics, fence, find offsets."""

import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient
from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed
from tenacity.retry import retry_base

from config.errors import UnavailableError
from config.kafka_client import ClientConfig
from kafka.absence import Absence
from kafka.client import MissingTopicError, RefusedLogin, describe_topic, explain, find_topic
from kafka.log_reader import log_ranges, read_ranges
from kafka.lost_offsets import SourceOffsetsLostError, TopicMadeAnewError
from kafka.mirror.lane import Lane, log_made_anew, log_skip
from kafka.mirror.offsets import MirrorOffset, Route, read_mirror_offsets
from kafka.mirror.settings import MirrorSettings
from kafka.mirror.setup import DestinationDeletedError, LaneSetup, UnknownRouteError
from kafka.mirror.source import CONSUMER
from kafka.mirror.topics import add_partitions, mirrored_topic_config, raise_letter_limit, widen_topic
from kafka.mirror.writer import LANE_PRODUCER
from kafka.partition_range import partition_ranges
from kafka.posted import is_posted
from kafka.readable_end import readable_ends
from kafka.topic_sight import TopicSight, TopicSightings, asking
from kafka.topics import (
    COMPACTED_CONFIG,
    DEAD_LETTER_PARTITIONS,
    DEAD_LETTERS_CONFIG,
    TopicIdentity,
    create_topic,
    destination_config,
    max_message_bytes,
)

if TYPE_CHECKING:
    from confluent_kafka.admin._metadata import TopicMetadata

logger = logging.getLogger(__name__)
T = TypeVar("T")

FETCHED_KILOBYTES = 24 * 1024
UNSENT_RECORDS = 30_000
"""Shared by the lanes of a run, down to a least share: memory hardly grows with the number of partitions."""
LEAST_FETCHED_KILOBYTES = 1024
LEAST_UNSENT_RECORDS = 1_000
SECONDS_TO_SPREAD = 10.0
"""Until every broker knows a topic that was made."""
NOT_SEEN = TopicSight("", 0)
NOW = float("inf")
"""For a sight that no earlier one stands for."""


@dataclass(frozen=True)
class SourceTopic:
    """The source topic as it is looked at; `ranges` are first and end offset by partition."""

    cluster_id: str
    topic_id: str
    max_message_bytes: int | None
    ranges: dict[int, tuple[int, int]]

    def is_behind(self, known: dict[int, MirrorOffset]) -> bool:
        """Whether this cannot be all there is, by what was mirrored: of a topic that has grown, or another one."""
        return any(
            offset.next_offset > self.ranges[partition][1] or offset.source_id not in ("", self.topic_id)
            for partition, offset in known.items()
            if partition in self.ranges
        )


class Lanes:
    """Opens the lanes of one run: those of its start, and with `follow` those of partitions that are added later."""

    def __init__(self, settings: MirrorSettings, follow: bool, skip_lost: bool, stop: Event) -> None:
        self._settings, self._follow, self._skip_lost, self._stop = settings, follow, skip_lost, stop
        self._reading = (
            f"reading topic {settings.source_topic} at {settings.source_brokers} as {settings.source_username}"
        )
        self._absence = Absence()
        brokers = settings.destination["bootstrap.servers"]
        self._writing = "writing topic {} at " + f"{brokers} as {settings.kafka_mirror_username}"

    def open(self) -> list[Lane]:
        """Lanes of all partitions, ready to copy; raises one clear error where a cluster, topic or ACL is amiss."""
        settings = self._settings
        ask = asking(settings.source, settings.source_topic, self._reading)
        self._source = TopicSightings(settings.source_topic, NOT_SEEN, ask)
        source = self._look_at_source()
        self._route = Route(source.cluster_id, settings.source_topic, settings.destination_topic)
        self._refused = RefusedLogin(settings.destination)
        self._admin = AdminClient({**settings.destination}, error_cb=self._refused)
        self._prepare_destination(source)
        doing = self._writing.format(settings.destination_topic)
        ask = asking(settings.destination, settings.destination_topic, doing)
        seen = first_sight(ask)
        self._destination, self._destination_id = TopicSightings(settings.destination_topic, seen, ask), seen.topic_id
        self._setup = self._setup_for(len(source.ranges))
        return self._open(source, source.ranges)

    def open_added(self, mirrored: Collection[int]) -> list[Lane]:
        """Lanes of the source's partitions that are not among `mirrored`, added to the destination where it lacks them.

        Looks at both topics. Raises TopicMadeAnewError where the destination is not the one that the run began with,
        DestinationDeletedError where it stays away; until then a topic that is away is a MissingTopicError.
        """
        self._compare_destination()
        seen = self._source.confirm(NOW)
        added = [partition for partition in range(seen.partitions) if partition not in mirrored]
        if not added:
            return []
        topic = self._settings.destination_topic
        doing = self._writing.format(topic)
        add_partitions(self._admin, topic, self._destination.seen.partitions, seen.partitions, doing)
        return self._open(self._look_at_source(), added)

    def _look_at_source(self) -> SourceTopic:
        settings, stop = self._settings, None if self._follow else self._stop
        return look_at_source(settings.source, self._source, settings.mirror_patience_seconds, self._reading, stop)

    def _compare_destination(self) -> None:
        known = self._destination_id
        try:
            found = self._destination.confirm(NOW).topic_id
        except MissingTopicError as error:
            if self._absence.noted():
                raise DestinationDeletedError(self._settings.destination_topic) from error
            raise
        except UnavailableError:
            self._absence.over()
            raise
        self._absence.over()
        if known and found and known != found:
            raise TopicMadeAnewError(self._settings.destination_topic, known, found)

    def _setup_for(self, partitions: int) -> LaneSetup:
        settings = self._settings
        fetched = max(FETCHED_KILOBYTES // partitions, LEAST_FETCHED_KILOBYTES)
        unsent = max(UNSENT_RECORDS // partitions, LEAST_UNSENT_RECORDS)
        return LaneSetup(
            route=self._route,
            source=settings.source.extended({**CONSUMER, "queued.max.messages.kbytes": fetched}),
            destination=settings.destination.extended({**LANE_PRODUCER, "queue.buffering.max.messages": unsent}),
            offsets_topic=settings.mirror_offsets_topic,
            patience_seconds=None if self._follow else settings.mirror_patience_seconds,
            dead_letter_topic=settings.dead_letter_topic,
            skip_lost=self._skip_lost,
            source_watch=self._source,
            destination_watch=self._destination,
            raise_letter_limit=partial(raise_letter_limit, self._admin, settings.dead_letter_topic),
        )

    def _open(self, source: SourceTopic, partitions: Collection[int]) -> list[Lane]:
        lanes = [Lane(self._setup, partition, self._stop) for partition in partitions if partition in source.ranges]
        started: list[Lane] = []
        try:
            with ThreadPoolExecutor(min(max(len(lanes), 1), self._settings.max_workers)) as threads:
                list(threads.map(Lane.fence, lanes))
                # Only now: an offset read before could be overtaken by the transaction of a lane before this one.
                known = self._known(max(partitions, default=-1) + 1)
                if source.is_behind(known):  # what that lane mirrored meanwhile lies beyond the ends of the first look
                    source = self._look_at_source()
                self._require_empty(source.ranges.keys() & set(partitions) - known.keys())
                started = [lane for lane in lanes if lane.partition in source.ranges]
                list(threads.map(lambda lane: self._start(lane, known.get(lane.partition), source), started))
        except BaseException:
            started = []
            raise
        finally:
            for lane in lanes:
                if lane not in started:
                    lane.close()
        return started

    def _start(self, lane: Lane, last: MirrorOffset | None, source: SourceTopic) -> None:
        low, end = source.ranges[lane.partition]
        # Those of the looks, whatever other threads have seen since: a lane compares before it commits.
        source_id, destination_id = source.topic_id, self._destination_id
        if last is None:
            begin = MirrorOffset(low, 0, source_id, destination_id)
        else:
            if last.destination_id and destination_id and last.destination_id != destination_id:
                raise TopicMadeAnewError(self._settings.destination_topic, last.destination_id, destination_id)
            begin = where_to_start(last, source_id, low, end, self._skip_lost, lane)
            begin = replace(begin, destination_id=destination_id or last.destination_id)
        lane.start(begin, last, None if self._follow else end)
        logger.debug("a lane starts partition=%d at=%d low=%d end=%d", lane.partition, begin.next_offset, low, end)

    def _known(self, partitions: int) -> dict[int, MirrorOffset]:
        settings = self._settings
        topic = settings.mirror_offsets_topic
        return first_sight(lambda: read_mirror_offsets(settings.destination, topic, self._route, partitions))

    def _require_empty(self, unknown: Collection[int]) -> None:
        """A lane tells its offset before its first record: without one, what is there came another way, or it is lost.

        Raises UnknownRouteError where one of these partitions of the destination has a record that was not posted.
        """
        if not unknown:
            return
        settings = self._settings
        topic = settings.destination_topic
        ranges = first_sight(lambda: log_ranges(settings.destination, topic))
        there = {partition: ranges[partition] for partition in unknown if len(set(ranges.get(partition, ()))) > 1}
        ours = TopicIdentity("", topic, self._destination_id)
        filled = [
            partition
            for partition, each in there.items()
            if not all(
                is_posted(record, ours) for record in read_ranges(settings.destination, topic, {partition: each})
            )
        ]
        if filled:
            raise UnknownRouteError(self._route, settings.mirror_offsets_topic, sorted(filled))

    def _prepare_destination(self, source: SourceTopic) -> None:
        """Create what is missing, and have the topic accept what the source accepts, in as many partitions."""
        settings, partitions = self._settings, len(source.ranges)
        insync = {"min.insync.replicas": str(settings.kafka_min_insync)}
        self._ensure(settings.mirror_offsets_topic, 1, {**insync, **COMPACTED_CONFIG})
        self._ensure(settings.dead_letter_topic, DEAD_LETTER_PARTITIONS, {**insync, **DEAD_LETTERS_CONFIG})
        topic = settings.destination_topic
        wanted = {**destination_config(settings), **mirrored_topic_config(source.max_message_bytes)}
        doing = self._writing.format(topic)
        found = self._find(topic)
        if found is None and self._known(partitions):
            missing = retry_if_result(lambda found: found is None)
            found = until_spread(missing, lambda: self._find(topic))
            if found is None:
                raise DestinationDeletedError(topic)
        if found is None:
            create_topic(self._admin, topic, partitions, settings.kafka_replication, wanted, doing)
        else:
            widen_topic(self._admin, topic, wanted)
            add_partitions(self._admin, topic, len(found.partitions), partitions, doing)

    def _ensure(self, topic: str, partitions: int, config: dict[str, str]) -> None:
        if self._find(topic) is None:
            doing, replication = self._writing.format(topic), self._settings.kafka_replication
            create_topic(self._admin, topic, partitions, replication, config, doing)

    def _find(self, topic: str) -> "TopicMetadata | None":
        doing, patience = self._writing.format(topic), self._settings.mirror_patience_seconds
        return find_topic(self._admin, topic, self._refused, doing, patience)


def first_sight(ask: Callable[[], T]) -> T:
    """What `ask` tells of a topic that is there, MissingTopicError being no answer until SECONDS_TO_SPREAD are over."""
    return until_spread(retry_if_exception_type(MissingTopicError), ask)


def until_spread(is_missing: retry_base, ask: Callable[[], T]) -> T:
    """The first answer that says that a topic is there, or the last one.

    A topic that was made a moment ago is not known to every broker yet, nor is any to a broker that has just started.
    """
    until = stop_after_delay(SECONDS_TO_SPREAD)
    told: T = Retrying(
        retry=is_missing,
        wait=wait_fixed(0.1),
        stop=until,
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),  # which raises what was raised
    )(ask)
    return told


def where_to_start(
    known: MirrorOffset, source_id: str, low: int, end: int, skip_lost: bool, lane: Lane
) -> MirrorOffset:
    """`known`, unless the source was made anew or lost what comes next."""
    if known.source_id and source_id and known.source_id != source_id:
        log_made_anew(lane.topic, lane.partition, known, source_id)
        return known.made_anew(source_id, low)
    known = replace(known, source_id=source_id or known.source_id)
    if low <= known.next_offset <= end:
        return known
    if not skip_lost:
        raise SourceOffsetsLostError(lane.topic, lane.partition, known.next_offset, low, end)
    after = known.after_loss(low, end)
    log_skip(lane.partition, known, after)
    return after


def look_at_source(
    config: ClientConfig, sightings: TopicSightings, patience: float, doing: str, stop: Event | None = None
) -> SourceTopic:
    """The topic that `sightings` has seen last, with its ranges; for a run that ends there, `stop` is what ends it too.

    They are asked for between two sights of the same topic: those of one that is made anew meanwhile would have the
    first records of the new one passed over. Raises what `explain` makes of an error, after `patience` seconds for a
    server that is away.
    """
    topic, refused = sightings.topic, RefusedLogin(config)
    reader: ClientConfig = {**config, **CONSUMER}
    consumer = Consumer({**reader, "error_cb": refused})
    try:
        while True:
            partitions = describe_topic(consumer, topic, refused, doing, patience).partitions
            before = sightings.confirm(NOW).topic_id
            ranges = partition_ranges(consumer, reader, topic, sorted(partitions), patience)
            if stop is not None:  # the source may be written to in transactions
                ends = readable_ends(consumer, reader, topic, ranges, patience, stop)
                ranges = {partition: (low, ends[partition]) for partition, (low, _) in ranges.items()}
            if sightings.confirm(NOW).topic_id == before:
                break
        cluster_id = consumer.cluster_id(patience)
    except KafkaException as error:
        raise explain(refused.error or error, doing) from error
    finally:
        consumer.close()
    return SourceTopic(cluster_id, before, max_message_bytes(AdminClient(dict(config)), topic), ranges)
