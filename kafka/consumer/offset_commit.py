"""Committing the group's offsets, waited for with a limit.

The client's own synchronous commit waits for as long as a broker takes the request and does not answer, and the poll
loop with it: neither a patience nor a stop would be heeded.
"""

from threading import Event, Thread

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

COMMIT_SECONDS = 10.0


class OffsetCommit:
    """Commits for one consumer, one request at a time; used by one thread."""

    def __init__(self, consumer: Consumer, seconds: float = COMMIT_SECONDS) -> None:
        self._consumer = consumer
        self._seconds = seconds
        self._under_way: _Request | None = None

    def __call__(self, offsets: list[TopicPartition]) -> None:
        """Returns when the offsets are committed.

        Raises KafkaException where they are refused, or the answer to them or to the request before takes too long.
        """
        if self._under_way is not None:
            self._wait_for(self._under_way)  # of former offsets: whatever became of them, these are further
        request = self._under_way = _Request(self._consumer, offsets)
        request.start()
        self._wait_for(request)
        if request.error is not None:
            raise request.error

    def _wait_for(self, request: "_Request") -> None:
        if not request.ended.wait(self._seconds):
            told = f"no answer to a commit of offsets within {self._seconds:.0f} s"
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, told))
        self._under_way = None


class _Request(Thread):
    """A synchronous commit; a daemon, since nobody waits for what is never answered."""

    def __init__(self, consumer: Consumer, offsets: list[TopicPartition]) -> None:
        super().__init__(name="commit", daemon=True)
        self.ended = Event()
        self.error: BaseException | None = None
        self._consumer, self._offsets = consumer, offsets

    def run(self) -> None:
        try:
            self._consumer.commit(offsets=self._offsets, asynchronous=False)
        except BaseException as error:
            self.error = error
        finally:
            self.ended.set()
