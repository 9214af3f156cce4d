"""Whether the topic is still the one that was found at the start: asked again and again, never waited for long.

A topic is its id, not its name: one that was deleted and made anew begins again at offset 0, and its records would
be taken for those that are stored under the same positions.
"""

import logging
import time
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING

from confluent_kafka.admin import AdminClient

from config.errors import TerminalError, UnavailableError
from config.kafka_client import ClientConfig
from kafka.absence import MISSING_SECONDS, Absence
from kafka.client import MissingTopicError
from kafka.consumer.outage import Outage
from kafka.lost_offsets import NEW_GENERATION, TopicMadeAnewError
from kafka.topics import ask_topic_id, told_topic_id, topic_id

if TYPE_CHECKING:
    from confluent_kafka.admin._topic import TopicDescription

logger = logging.getLogger(__name__)

ASK_SECONDS = 5.0
ANSWER_SECONDS = 2.0


class TopicWatch:
    """Asks for the id of `topic`; used by one thread. `patience_seconds` None waits for ever for a bus that is away."""

    def __init__(self, config: ClientConfig, topic: str, patience_seconds: float | None) -> None:
        self.topic_id = ""
        self.same = True
        self._config = config
        self._admin = AdminClient(dict(self._config))
        self._topic = topic
        self._bus = Outage(f"waiting for the bus to say what topic {topic} is", patience_seconds)
        self._answer: Future[TopicDescription] | None = None
        self._next_question = 0.0
        self._absence = Absence()

    def begin(self) -> str:
        """The id of the topic as it is now, empty where brokers have none; raises as `topic_id`."""
        self.topic_id = topic_id(self._admin, self._topic)
        self._next_question = time.monotonic() + ASK_SECONDS
        return self.topic_id

    def ask_soon(self) -> None:
        """Something speaks for another topic: ask at the next look."""
        self._next_question = 0.0

    @property
    def missing(self) -> bool:
        """Whether the topic was not there when last asked for."""
        return self._absence.lasts

    def look(self) -> None:
        """Take the answer if there is one, ask again if it is time. Never waits.

        Raises TopicMadeAnewError, TerminalError when the topic stays deleted, UnavailableError when patience ends.
        """
        if self._answer is not None and self._answer.done():
            self._hear(self._answer)
        if self._answer is None and time.monotonic() >= self._next_question and self._bus.may_try:
            self._answer = ask_topic_id(self._admin, self._topic, ANSWER_SECONDS)

    def confirm(self) -> None:
        """Ask now and wait for a moment: the topic is known to be the same when this returns.

        Raises as `look`, and UnavailableError when no answer comes in time or the topic is missing.
        """
        self._answer = self._answer or ask_topic_id(self._admin, self._topic, ANSWER_SECONDS)
        wait([self._answer], 2 * ANSWER_SECONDS)
        if not self._answer.done():
            raise UnavailableError(f"the bus does not say what topic {self._topic} is")
        if not self._hear(self._answer):
            raise UnavailableError(f"it is not known what topic {self._topic} is")

    def _hear(self, answer: "Future[TopicDescription]") -> bool:
        """Whether the answer tells that the topic is the same."""
        self._answer = None
        self._next_question = time.monotonic() + ASK_SECONDS
        try:
            found = told_topic_id(answer, self._topic)
        except UnavailableError as error:
            # A client for this alone never learns that another broker is the controller by now (see `asking`).
            self._admin = AdminClient(dict(self._config))
            self._absence.over()
            self._bus.failed(error)
            return False
        except MissingTopicError:
            self._bus.over()
            self._is_missing()
            return False
        self._bus.over()
        self._absence.over()
        if found and self.topic_id and found != self.topic_id:
            self.same = False
            raise TopicMadeAnewError(self._topic, self.topic_id, found)
        return True

    def _is_missing(self) -> None:
        if not self._absence.lasts:
            logger.warning("the topic is gone; waiting for it seconds=%.0f topic=%s", MISSING_SECONDS, self._topic)
        if self._absence.noted():
            raise TerminalError(
                f"topic {self._topic} was deleted and has not come back within {MISSING_SECONDS:.0f} s; make it anew "
                f"and start a new generation with {NEW_GENERATION}, or set another DESTINATION_TOPIC"
            )
