"""Who was forgotten, as landing and the indexer are told: a compacted topic of the local cluster.

Key: the visitor's hash under FORGOTTEN_KEY, 32 hex digits; value: the moment of forgetting, milliseconds since 1970 as
text. What was recorded until that moment stays away, whichever way it comes; what a visitor who comes back leaves later
is kept. One entry is nobody's, the hash of an empty identity: written last, it says that the list is whole and which
key it was made with. The master is etl.forgotten_visitor; utilities/erasure/forgotten_list.py writes both.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

from confluent_kafka import Message

from config.errors import AccessError, TerminalError
from config.kafka_client import ClientConfig
from kafka.client import MissingTopicError
from kafka.log_reader import log_ranges, read_ranges
from kafka.record_time import LAST_TIME_MS
from kafka.topic_sight import TopicSight, asking
from kafka.visitor import identity_hash, keyed_hash, owner_identity

logger = logging.getLogger(__name__)

LIST_SECONDS = 5.0
"""No batch is written by a list that was read longer ago."""
BOOTSTRAP = "run ./millrace up, or ./millrace bootstrap --only kafka on servers of your own"
_NO_TIME = -1
"""What Kafka says of a record without a time."""


def nobody(key: bytes) -> str:
    """The entry that is no visitor's: that of a list made with this key."""
    return keyed_hash(b"", key)


def moment_of_forgetting(now_ms: int, recorded_ms: Iterable[int]) -> int:
    """Now, or the time of the newest of the visitor's records where that is ahead of our clock; milliseconds."""
    return max([now_ms, *map(_usable, recorded_ms)])


def _usable(recorded_ms: int) -> int:
    return recorded_ms if recorded_ms <= LAST_TIME_MS else _NO_TIME


class ForgottenTopic:
    """The entries of the topic: hash -> moment; each reading goes on where the last one ended.

    The topic is known by its id: one made anew is read from its beginning.
    """

    def __init__(self, config: ClientConfig, topic: str, answer_seconds: float = 30.0) -> None:
        self.topic = topic
        self.moments: dict[str, int] = {}
        self._config = config
        self._answer_seconds = answer_seconds
        self._ask: Callable[[], TopicSight] | None = None
        self._topic_id = ""
        self._read_to: dict[int, int] = {}

    def read_on(self) -> None:
        """Take in what was written since.

        Raises as `asking`, `log_ranges` and `read_ranges`, where an answer takes too long.
        """
        self._heed_id()  # before the ranges: those of a topic that is made anew in between are read again the next time
        ranges = log_ranges(self._config, self.topic, self._answer_seconds)
        unread = {p: (self._next_offset(p, low, end), end) for p, (low, end) in ranges.items()}
        if any(first < end for first, end in unread.values()):
            for message in read_ranges(self._config, self.topic, unread, self._answer_seconds):
                self._take(message)
        self._read_to = {partition: end for partition, (_, end) in ranges.items()}

    def _heed_id(self) -> None:
        if self._ask is None:
            doing = f"reading topic {self.topic} at {self._config['bootstrap.servers']}"
            self._ask = asking(self._config, self.topic, doing)
        found = self._ask().topic_id
        if found != self._topic_id:
            self._topic_id, self._read_to = found, {}

    def _next_offset(self, partition: int, low: int, end: int) -> int:
        known = self._read_to.get(partition, low)
        return max(known, low) if known <= end else low  # shorter than it was: another topic of this name

    def _take(self, message: Message) -> None:
        try:
            visitor, moment = uuid.UUID((message.key() or b"").decode()).hex, int(message.value() or b"")
        except ValueError:
            template = "a record is no forgotten visitor topic=%s partition=%s offset=%s"
            logger.warning(template, self.topic, message.partition(), message.offset())
        else:
            self.moments[visitor] = max(moment, self.moments.get(visitor, moment))


@dataclass(frozen=True)
class Moments:
    """The list as it was read: whether a record is of before its visitor was forgotten; travels to tasks of Spark.

    `key` is that of the list, FORGOTTEN_KEY; `moments` are by hash under it; `owner` tells whose an event is.
    """

    key: bytes
    moments: Mapping[str, int]
    owner: Callable[[Mapping[str, Any]], str] = owner_identity

    @cached_property
    def last(self) -> int:
        """The latest of the moments."""
        return max(self.moments.values(), default=_NO_TIME)

    def holds(self, event: Mapping[str, Any], recorded_ms: int) -> bool:
        """Whether the event's visitor was forgotten when it had been recorded, by `recorded_ms` of the record.

        What has no time, or one that is none, is held where its visitor was ever forgotten.
        """
        recorded_ms = _usable(recorded_ms)
        return recorded_ms <= self.last and self._is_of_before(identity_hash(self.owner(event), self.key), recorded_ms)

    def holds_record(self, key: bytes | None, value: bytes | None, recorded_ms: int) -> bool:
        """As `holds`, of a record that may be no event: then its key alone may tell whose it is."""
        recorded_ms = _usable(recorded_ms)
        if recorded_ms > self.last:
            return False
        try:
            event = json.loads(value or b"")
            if isinstance(event, dict):
                return self.holds(event, recorded_ms)
        except (ValueError, RecursionError):
            pass
        return self._is_of_before(keyed_hash(key or b"", self.key), recorded_ms)

    def _is_of_before(self, visitor: str | None, recorded_ms: int) -> bool:
        moment = self.moments.get(visitor or "")
        return moment is not None and recorded_ms <= moment


class ForgottenVisitors:
    """The list, read again where it is too old; safe to use from several threads.

    `key` is that of the list, FORGOTTEN_KEY; `owner` as that of `Moments`.
    """

    def __init__(
        self, topic: ForgottenTopic, key: bytes, owner: Callable[[Mapping[str, Any]], str] = owner_identity
    ) -> None:
        self._topic = topic
        self.key = key
        self._owner = owner
        self._reading = Lock()
        self._fresh_until = 0.0
        self.moments = Moments(key, {}, owner)
        """The list as it was read last."""

    def refresh(self) -> None:
        """Read the list where it was read too long ago.

        Raises UnavailableError where the bus is away, TerminalError or AccessError where there is no whole list that
        was made with this key: who went on without it would bring forgotten visitors back.
        """
        with self._reading:
            if time.monotonic() < self._fresh_until:
                return
            asked = time.monotonic()
            try:
                self._topic.read_on()
            except (MissingTopicError, AccessError) as error:
                raise type(error)(f"the list of forgotten visitors cannot be read: {error}; {BOOTSTRAP}") from error
            moments = dict(self._topic.moments)
            if moments.pop(nobody(self.key), None) is None:
                problem = "is not whole, or was made with another FORGOTTEN_KEY" if moments else "is empty"
                raise TerminalError(
                    f"the list of forgotten visitors, topic {self._topic.topic}, {problem}; {BOOTSTRAP}"
                )
            self.moments = Moments(self.key, moments, self._owner)
            self._fresh_until = asked + LIST_SECONDS

    def holds(self, event: Mapping[str, Any], recorded_ms: int) -> bool:
        """As `Moments.holds`, by the list as it was read last."""
        return self.moments.holds(event, recorded_ms)

    def holds_record(self, key: bytes | None, value: bytes | None, recorded_ms: int) -> bool:
        """As `Moments.holds_record`, by the list as it was read last."""
        return self.moments.holds_record(key, value, recorded_ms)
