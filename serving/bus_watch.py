"""Whether the bus answers, and which topics the feeds have there: asked every few seconds in a thread of its own."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from threading import Event, Thread
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from config.kafka_client import ClientConfig
from kafka.client import answer_of
from kafka.topics import ZERO_ID
from kafka.waiting import Waiting
from serving.problem import Code, Problem

logger = logging.getLogger(__name__)

ASK_SECONDS = 5.0
SILENCE_SECONDS = 15.0
"""Without an answer for so long, the API says that it is not ready."""
RETRY_SECONDS = 5.0


class KnownTopic(NamedTuple):
    """A topic of the bus; `topic_id` is empty where a broker has none."""

    topic_id: str
    partitions: int


class BusWatch:
    """What the bus said last."""

    def __init__(
        self, ask: Callable[[], Mapping[str, KnownTopic]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._clock = ask, clock
        self._topics: Mapping[str, KnownTopic] = {}
        self._answered_at: float | None = None
        self._waiting = Waiting(logger, "the API waits for the bus")
        self._stop = Event()
        self._thread = Thread(target=self._run, name="bus-watch", daemon=True)

    def start(self) -> None:
        """Begin to ask; does not wait for the first answer."""
        self._thread.start()

    def close(self) -> None:
        """Ask no more."""
        self._stop.set()

    @property
    def is_reached(self) -> bool:
        """Whether the bus has answered of late."""
        return self._answered_at is not None and self._clock() - self._answered_at <= SILENCE_SECONDS

    def topic(self, name: str) -> KnownTopic:
        """The topic of this name; raises Problem where the bus has not told of it.

        A bus that is silent for a moment makes none unknown: whether it takes a record, it says itself.
        """
        known = self._topics.get(name)
        if known is None:
            why = "the bus has no such topic" if self.is_reached else "the bus was not reached yet"
            raise Problem(Code.BUS_UNAVAILABLE, f"topic {name}: {why}; nothing was taken", (), RETRY_SECONDS)
        return known

    def missing(self, names: Iterable[str]) -> list[str]:
        """Which of these topics the bus has not told of."""
        return [name for name in names if name not in self._topics]

    def refresh(self) -> None:
        """Ask once; what was known stays where the bus does not answer."""
        try:
            self._topics = self._ask()
            self._answered_at = self._clock()
            self._waiting.over()
        except KafkaException as error:
            self._waiting.because(error.args[0])

    def _run(self) -> None:
        while not self._stop.is_set():
            self.refresh()
            self._stop.wait(ASK_SECONDS)


class BusTopics:
    """Asks the bus for topics by the API's own login; those that it may not see, or that are missing, are left out."""

    def __init__(self, config: ClientConfig, names: Iterable[str]) -> None:
        self._admin = AdminClient(dict(config))
        self._names = sorted(set(names))

    def __call__(self) -> dict[str, KnownTopic]:
        """The topics that are there; raises KafkaException where the bus does not answer."""
        asked = self._admin.describe_topics(TopicCollection(self._names), request_timeout=ASK_SECONDS)
        found = {}
        for name, answer in asked.items():
            try:
                described = answer_of(answer, ASK_SECONDS)
            except KafkaException as error:
                if error.args[0].code() not in (
                    KafkaError.UNKNOWN_TOPIC_OR_PART,
                    KafkaError.TOPIC_AUTHORIZATION_FAILED,
                ):
                    raise
                continue
            topic_id = str(described.topic_id)
            found[name] = KnownTopic("" if topic_id == ZERO_ID else topic_id, len(described.partitions))
        return found
