"""How far the consumers of each feed are behind the bus: sampled every few seconds, so that a page costs nothing.

The bus tells records. Seconds follow from the samples: since when the first record that a group has not done was on
the bus. Older than the samples it is told as their whole time.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from config.kafka_client import ClientConfig
from kafka.client import answer_of
from kafka.waiting import Waiting

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0
KEPT_SAMPLES = 240
RATE_SECONDS = 30.0
WITHOUT_A_GROUP = (KafkaError.GROUP_ID_NOT_FOUND, KafkaError.GROUP_AUTHORIZATION_FAILED)
"""Nobody has joined it yet, or this login may not see whether anybody has."""
Offsets = dict[int, int]


@dataclass(frozen=True)
class Sample:
    """At a time: the end of each topic, and what each group has done of it, by partition."""

    at: float
    ends: Mapping[str, Offsets]
    done: Mapping[tuple[str, str], Offsets]


@dataclass(frozen=True)
class Lag:
    """Of one group or watermark in one topic; None for what is not known."""

    records: int | None
    seconds: float | None
    rate: float | None


@dataclass
class BusLag:
    """`groups` names the consumer groups of each topic. `ask` is that of `BusSampler`, or a test's."""

    groups: Mapping[str, Sequence[str]]
    ask: Callable[[Mapping[str, Sequence[str]], float], Sample]
    pause: Callable[[], float]
    clock: Callable[[], float] = time.time
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=KEPT_SAMPLES))

    def __post_init__(self) -> None:
        self._stop = Event()
        self._waiting = Waiting(logger, "the query API waits for the bus")
        self._thread = Thread(target=self._run, name="bus-lag", daemon=True)

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def close(self) -> None:
        """Sample no more."""
        self._stop.set()

    @property
    def is_reached(self) -> bool:
        """Whether the bus answered of late."""
        return bool(self.samples) and self.clock() - self.samples[-1].at < 3 * self.pause() + ANSWER_SECONDS

    def refresh(self) -> None:
        """Take a sample; where the bus does not answer what was known stays, until it is too old to be told."""
        try:
            self.samples.append(self.ask(self.groups, self.clock()))
            self._waiting.over()
        except KafkaException as error:
            self._waiting.because(error)

    def of_group(self, topic: str, group: str) -> Lag:
        """Of a consumer group."""
        return lag_of(self._told, topic, lambda sample: sample.done.get((topic, group)))

    def of_positions(self, topic: str, done: Offsets) -> Lag:
        """Of what a store says it has, now; without a rate."""
        return lag_of(self._told, topic, lambda _: done, has_rate=False)

    def end_rate(self, topic: str) -> float | None:
        """Records a second that come onto the topic."""
        return _rate(self._told, lambda sample: sample.ends.get(topic))

    @property
    def _told(self) -> Sequence[Sample]:
        """None of a bus that is away: its consumers may have stopped, or its topics have grown."""
        return list(self.samples) if self.is_reached else []

    def _run(self) -> None:
        while not self._stop.is_set():
            self.refresh()
            self._stop.wait(self.pause())


def lag_of(
    samples: Sequence[Sample], topic: str, done_in: Callable[[Sample], Offsets | None], has_rate: bool = True
) -> Lag:
    """How far what is done is behind the newest end."""
    if not samples or topic not in samples[-1].ends:
        return Lag(None, None, None)
    newest = samples[-1]
    ends, done = newest.ends[topic], done_in(newest)
    if not done:
        return Lag(None, None, None)
    records = sum(max(0, end - done.get(partition, 0)) for partition, end in ends.items())
    behind = [partition for partition, end in ends.items() if end > done.get(partition, 0)]
    seconds = max((newest.at - _on_bus_at(samples, topic, each, done.get(each, 0)) for each in behind), default=0.0)
    return Lag(records, round(seconds, 1), _rate(samples, done_in) if has_rate else None)


def _on_bus_at(samples: Sequence[Sample], topic: str, partition: int, offset: int) -> float:
    """When the record at the offset was seen on the bus first."""
    for sample in samples:
        if sample.ends.get(topic, {}).get(partition, 0) > offset:
            return sample.at
    return samples[-1].at


def _rate(samples: Sequence[Sample], told: Callable[[Sample], Offsets | None]) -> float | None:
    if len(samples) < 2:
        return None
    newest = samples[-1]
    before = next((each for each in samples if newest.at - each.at <= RATE_SECONDS), samples[-2])
    before = before if before is not newest else samples[-2]
    now, then = told(newest), told(before)
    if now is None or then is None or newest.at <= before.at:
        return None
    moved = sum(max(0, offset - then.get(partition, offset)) for partition, offset in now.items())
    return round(moved / (newest.at - before.at), 2)


class BusSampler:
    """Asks the bus, with a login that may describe topics and groups."""

    def __init__(self, config: ClientConfig) -> None:
        self._config = config
        self._admin: AdminClient | None = None

    def __call__(self, groups: Mapping[str, Sequence[str]], now: float) -> Sample:
        """One sample; raises KafkaException where the bus does not answer. A topic that is missing is left out.

        After that the next one has a client of its own: of one that has waited for a group's coordinator in vain, no
        later question is answered, and what comes late can end the process (librdkafka's issue 4605).
        """
        if self._admin is None:
            self._admin = AdminClient(dict(self._config))
        try:
            return self._sample(groups, now)
        except KafkaException:
            self._admin = None
            raise

    def _sample(self, groups: Mapping[str, Sequence[str]], now: float) -> Sample:
        assert self._admin is not None
        known = self._admin.list_topics(timeout=ANSWER_SECONDS).topics
        topics = {name: sorted(known[name].partitions) for name in groups if name in known}
        places = [TopicPartition(name, partition) for name, partitions in topics.items() for partition in partitions]
        ends = self._ends(places)
        done = {
            (topic, group): offsets
            for topic, partitions in topics.items()
            for group in groups[topic]
            if (offsets := self._done(topic, group, partitions))
        }
        return Sample(now, {topic: ends.get(topic, {}) for topic in topics}, done)

    def _ends(self, places: Iterable[TopicPartition]) -> dict[str, Offsets]:
        assert self._admin is not None
        asked: dict[TopicPartition, Any] = dict.fromkeys(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        found: dict[str, Offsets] = {}
        for place, answer in self._admin.list_offsets(asked, request_timeout=ANSWER_SECONDS).items():
            found.setdefault(place.topic, {})[place.partition] = answer_of(answer, ANSWER_SECONDS).offset
        return found

    def _done(self, topic: str, group: str, partitions: Iterable[int]) -> Offsets:
        assert self._admin is not None
        asked = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, each) for each in partitions])]
        try:
            (answer,) = self._admin.list_consumer_group_offsets(asked, request_timeout=ANSWER_SECONDS).values()
            told = answer_of(answer, ANSWER_SECONDS).topic_partitions
        except KafkaException as error:
            if error.args[0].code() not in WITHOUT_A_GROUP:
                raise
            return {}
        return {each.partition: each.offset for each in told if each.offset >= 0}
