"""Committing the group's offsets without waiting: the answer comes in a later round of the poll loop.

The client's synchronous commit waits for as long as a broker takes the request and does not answer, and the client
serves one thread at a time (confluent_kafka 2.16): neither a patience nor a stop would be heeded meanwhile.
"""

import logging
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

logger = logging.getLogger(__name__)

COMMIT_SECONDS = 10.0
"""For the answer to a commit; one that comes later still counts."""


class OffsetCommit:
    """The commit that a consumer has under way, at most one that anybody waits for.

    Used by the thread of the poll loop only, in which the client calls `answered` (its `on_commit`) as well.
    """

    def __init__(self) -> None:
        self._asked: dict[int, int] = {}
        self._asked_at = 0.0
        self._told: dict[int, int] = {}
        self._error: KafkaError | None = None

    def begin(self, consumer: Consumer, offsets: list[TopicPartition]) -> None:
        """Ask for `offsets` to be committed; raises KafkaException where the client refuses at once."""
        consumer.commit(offsets=offsets, asynchronous=True)
        self._asked, self._asked_at = _numbers(offsets), time.monotonic()

    def answered(self, error: KafkaError | None, offsets: list[TopicPartition]) -> None:
        """The client's word on a commit: `error` of all of it, or one at a partition."""
        error = error or next((place.error for place in offsets if place.error is not None), None)
        if self._asked == _numbers(offsets):
            self._told, self._asked, self._error = {} if error else self._asked, {}, error
        elif error is not None:
            logger.warning("offsets of partitions let go of are not committed reason=%s", error.str())

    def take_answer(self) -> dict[int, int]:
        """What was committed since the last call, by partition.

        Raises KafkaException where it was refused, or the answer takes too long.
        """
        if self._error is not None:
            error, self._error = self._error, None
            raise KafkaException(error)
        if self.is_under_way and time.monotonic() - self._asked_at > COMMIT_SECONDS:
            late = f"no answer to a commit of offsets within {COMMIT_SECONDS:.0f} s"
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, late))
        told, self._told = self._told, {}
        return told

    @property
    def is_under_way(self) -> bool:
        """Whether an answer is waited for."""
        return bool(self._asked)

    def forget(self) -> None:
        """Nobody waits for the answer any more; a refusal is a warning when it comes."""
        self._asked, self._told, self._error = {}, {}, None


def _numbers(offsets: list[TopicPartition]) -> dict[int, int]:
    return {place.partition: place.offset for place in offsets}
