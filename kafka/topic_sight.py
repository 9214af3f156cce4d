"""Which incarnation of a topic is there, and with how many partitions: asked by several threads, answered once.

Ids never come back. So an id that is confirmed after records were read or written proves which topic they are of.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from config.errors import MillraceError, UnavailableError
from config.kafka_client import ClientConfig
from kafka.client import RefusedLogin, answer_of, explain
from kafka.topics import NO_TOPIC_IDS, ZERO_ID, ask_topic_id

logger = logging.getLogger(__name__)

SECONDS_TO_ANSWER = 10.0
SECONDS_TO_BELIEVE = 2.0
"""How long a client that has learned long ago who the controller is may look for it."""


@dataclass(frozen=True)
class TopicSight:
    """A topic as it was seen: its id, empty where brokers tell none, and its number of partitions."""

    topic_id: str
    partitions: int


class TopicSightings:
    """Asks for one topic; `ask` raises what `explain` makes of an error, and is replaced in tests."""

    def __init__(self, topic: str, seen: TopicSight, ask: Callable[[], TopicSight]) -> None:
        self.topic = topic
        self.seen = seen
        """As it was seen last; no request is made for it."""
        self._ask = ask
        self._asked_at = time.monotonic()
        self._failure: tuple[float, MillraceError] | None = None
        self._lock = Lock()

    def confirm(self, since: float) -> TopicSight:
        """The topic as asked for after `since` (time.monotonic()): by this call, or by another thread's meanwhile.

        A question that fails answers all who have waited for it: one after the other they would ask for a minute.
        """
        arrived_at = time.monotonic()
        with self._lock:
            if self._asked_at > since:
                return self.seen
            if self._failure is not None and self._failure[0] > arrived_at:
                raise self._failure[1]
            asked_at = time.monotonic()
            try:
                self.seen = self._ask()
            except MillraceError as error:
                self._failure = time.monotonic(), error
                raise
            self._asked_at, self._failure = asked_at, None
            return self.seen


def asking(config: ClientConfig, topic: str, doing: str) -> Callable[[], TopicSight]:
    """What asks the cluster of `config` for `topic`, one thread at a time; `doing` is for its errors.

    The question goes to the controller, and a client for it alone learns only at its start which broker that is. While
    that one is away, librdkafka 2.16 looks for it in a loop that takes a core: a new client finds another at once.
    """
    refused = RefusedLogin(config)

    def connect() -> AdminClient:
        return AdminClient(dict(config), error_cb=refused)

    admin = connect()

    def ask() -> TopicSight:
        nonlocal admin
        with suppress(UnavailableError):
            return _sight(admin, topic, SECONDS_TO_BELIEVE, refused, doing)
        admin = connect()
        return _sight(admin, topic, SECONDS_TO_ANSWER, refused, doing)

    return ask


def _sight(admin: AdminClient, topic: str, seconds: float, refused: RefusedLogin, doing: str) -> TopicSight:
    try:
        found = answer_of(ask_topic_id(admin, topic, seconds), seconds)
        refused.works()
    except KafkaException as error:
        if error.args[0].code() not in NO_TOPIC_IDS:
            admin.poll(0)  # what became of the login is told by a callback
            raise explain(refused.error or error, doing) from error
    else:
        identity = str(found.topic_id)
        return TopicSight("" if identity == ZERO_ID else identity, len(found.partitions))
    # Behind the handler: see `Lane._roll_back`.
    return _sight_without_id(admin, topic, doing)


def _sight_without_id(admin: AdminClient, topic: str, doing: str) -> TopicSight:
    try:
        found = admin.list_topics(topic, timeout=SECONDS_TO_ANSWER).topics[topic]
    except KafkaException as error:
        raise explain(error, doing) from error
    if found.error is not None:
        raise explain(found.error, doing)
    return TopicSight("", len(found.partitions))
