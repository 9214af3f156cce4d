"""What has arrived at the destination: when the first record does, when all have, and whether they are the same."""

import time
from collections.abc import Callable, Iterator
from threading import Thread

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from benchmarks.feed import PARTITIONS, Digest, Feed, FeedRecord
from config.errors import TerminalError, UnavailableError
from config.kafka_client import ClientConfig

ASK_SECONDS = 0.02
REQUEST_SECONDS = 10.0
RECORDS_PER_READ = 5_000
# A read waits for its number of records; the ends of partitions, which end the reading, do not count.
READ_SECONDS = 0.05
# A transaction's mark stands behind its records, and with several tasks one of each.
RECORDS_AT_THE_END = 10
READER: ClientConfig = {
    "group.id": "millrace-benchmark",
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    "fetch.queue.backoff.ms": 20,
    "fetch.wait.max.ms": 50,
}


class Destination:
    """The topic that a side copies to, as a reader of committed records sees it."""

    def __init__(self, client: ClientConfig, topic: str) -> None:
        self._client = client
        self._topic = topic
        self._consumer = Consumer({**client, **READER})

    def ends(self) -> list[int]:
        """The offset after the last readable record of each partition."""
        places = [TopicPartition(self._topic, partition) for partition in range(PARTITIONS)]
        return [self._consumer.get_watermark_offsets(place, REQUEST_SECONDS)[1] for place in places]

    def wait(self, feed: Feed, starts: list[int], check: Callable[[], None], limit_seconds: float) -> float:
        """Wait until the whole feed stands behind `starts`; returns the monotonic time at which it was seen.

        `check` raises when waiting is of no use. Raises UnavailableError after `limit_seconds`.
        """
        deadline = time.monotonic() + limit_seconds
        while True:
            ends, asked = self.ends(), time.monotonic()
            arrived = [end - start for start, end in zip(starts, ends, strict=True)]
            # Transactions' marks take offsets too, so enough offsets need not be enough records.
            if all(map(int.__ge__, arrived, feed.counts())) and self._holds_last(feed, ends):
                return asked
            check()
            if asked > deadline:
                raise UnavailableError(f"{self._topic} has {arrived} of {feed.counts()} after {limit_seconds:.0f} s")
            time.sleep(ASK_SECONDS)

    def compare(self, feed: Feed, starts: list[int]) -> None:
        """Raise TerminalError unless what stands behind `starts` is the feed: bytes, keys, times, headers, order."""
        digest = Digest()
        for message in self._read(starts, self.ends()):
            record = FeedRecord(message.partition() or 0, message.key(), message.value(), message.timestamp()[1])
            headers = message.headers()
            digest.add(record, None if headers is None else list(headers))  # type: ignore[arg-type]
        if digest.result() != feed.digest:
            raise TerminalError(f"{self._topic} is no copy: {digest.result()} where the source has {feed.digest}")

    def close(self) -> None:
        """Leave the cluster."""
        self._consumer.close()

    def _holds_last(self, feed: Feed, ends: list[int]) -> bool:
        last = {
            message.partition(): message.value()
            for message in self._read([max(end - RECORDS_AT_THE_END, 0) for end in ends], ends)
        }
        return last == feed.last_values

    def _read(self, starts: list[int], ends: list[int]) -> Iterator[Message]:
        places = [TopicPartition(self._topic, p, start) for p, start in enumerate(starts) if start < ends[p]]
        self._consumer.assign(places)
        unfinished = {place.partition for place in places}
        while unfinished:
            for message in self._consumer.consume(RECORDS_PER_READ, READ_SECONDS):
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:
                    unfinished.discard(message.partition() or 0)
                else:
                    raise KafkaException(error)
        self._consumer.unassign()


class FirstRecord:
    """Waits in a thread of its own for the first readable record behind the ends as of now."""

    def __init__(self, client: ClientConfig, topic: str) -> None:
        self.seen: float | None = None
        """Monotonic time; None until a record arrived."""
        # Nothing is fetched ahead: the side that is measured needs the machine.
        settings: ClientConfig = {"queued.min.messages": 1, "queued.max.messages.kbytes": 64}
        self._consumer = Consumer({**client, **READER, **settings, "enable.partition.eof": False})
        places = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        for place in places:
            place.offset = self._consumer.get_watermark_offsets(place, REQUEST_SECONDS)[1]
        self._consumer.assign(places)
        self._ended = False
        self._thread = Thread(target=self._wait, name="first-record", daemon=True)
        self._thread.start()

    def end(self) -> float:
        """Stop waiting; returns the time of the first record. Raises TerminalError where none came."""
        self._ended = True
        self._thread.join()
        if self.seen is None:
            raise TerminalError("no record arrived")
        return self.seen

    def _wait(self) -> None:
        while not self._ended and self.seen is None:
            message = self._consumer.poll(0.2)
            if message is not None and message.error() is None:
                self.seen = time.monotonic()
        self._consumer.close()
