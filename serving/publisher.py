"""Writing to the bus and waiting, without a thread for each request, until all in-sync replicas have every record.

The producer is idempotent with `acks=all`: an outcome with a position is a record that a crash of any one broker
leaves where it is. One without may be on the bus or not; its sender sends it again, and the id of the event says so.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from threading import Lock, Thread
from typing import Any, NamedTuple, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config.kafka_client import ClientConfig
from kafka.client import PRODUCER
from kafka.dead_letters.letter import Headers
from kafka.dead_letters.writer import is_past_use
from kafka.position import BusPosition

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 10.0
ANY_PARTITION = -1
_NO_ANSWER = KafkaError(KafkaError._MSG_TIMED_OUT, "no delivery report")


class Outgoing(NamedTuple):
    """A record to write."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int = ANY_PARTITION


Outcome = BusPosition | KafkaError
"""Where a record stands on the bus, or why it may not."""


class BusProducer(Protocol):
    """What is used of a confluent_kafka.Producer."""

    def produce(self, topic: str, **record: object) -> None: ...

    def poll(self, timeout: float) -> int: ...

    def purge(self) -> None: ...

    def __len__(self) -> int: ...


class _Batch:
    """The records of one request; done when each has its outcome, which delivery reports bring in another thread."""

    def __init__(self, size: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = Lock()
        self._left = size
        self.outcomes: list[Outcome] = [_NO_ANSWER] * size
        self.done: asyncio.Future[None] = self._loop.create_future()

    def settle(self, index: int, outcome: Outcome) -> None:
        self.outcomes[index] = outcome
        with self._lock:
            self._left -= 1
            is_last = self._left == 0
        if is_last:
            self._loop.call_soon_threadsafe(self._finish)

    def report_of(self, index: int) -> Callable[[KafkaError | None, Message], None]:
        def report(error: KafkaError | None, message: Message) -> None:
            place = BusPosition(message.topic() or "", message.partition() or 0, message.offset() or 0)
            self.settle(index, place if error is None else error)

        return report

    def _finish(self) -> None:
        if not self.done.done():  # its request may have been cancelled
            self.done.set_result(None)


class Publisher:
    """One producer for all requests; made anew when it is past use."""

    def __init__(
        self, config: ClientConfig, ack_seconds: float, make: Callable[[ClientConfig], BusProducer] | None = None
    ) -> None:
        self._config: ClientConfig = {
            **config,
            **PRODUCER,
            "enable.idempotence": True,
            "acks": "all",
            "message.timeout.ms": int(ack_seconds * 1000),
            # A topic that is not there is told soon; it is not about to be made by anybody.
            "topic.metadata.propagation.max.ms": 5000,
            # A request's events go together; more would be added to the time that every sender waits.
            "linger.ms": 2,
        }
        self._make: Callable[[ClientConfig], Any] = make or Producer
        self._lock = Lock()
        self._producer: BusProducer | None = None
        self._is_closing = False
        self._threads: list[Thread] = []

    async def publish(self, records: Sequence[Outgoing]) -> list[Outcome]:
        """The outcome of each record, once all are known: within `ack_seconds`, as the producer keeps that time."""
        if not records:
            return []
        batch = _Batch(len(records))
        producer = self._current()
        for index, record in enumerate(records):
            try:
                producer.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    partition=record.partition,
                    headers=record.headers,
                    on_delivery=batch.report_of(index),
                )
            except BufferError:
                batch.settle(index, KafkaError(KafkaError._QUEUE_FULL))
            except KafkaException as error:
                batch.settle(index, error.args[0])
        await batch.done
        if any(isinstance(outcome, KafkaError) and is_past_use(outcome) for outcome in batch.outcomes):
            self._give_up(producer)
        return batch.outcomes

    def close(self) -> None:
        """Wait until every record has its outcome; nothing may be published any more."""
        self._is_closing = True
        for thread in self._threads:
            thread.join(CLOSE_SECONDS)

    def _current(self) -> BusProducer:
        with self._lock:
            if self._producer is not None:
                return self._producer
            made: BusProducer = self._make(self._config)
            self._producer = made
            thread = Thread(target=self._serve, args=(made,), name="delivery", daemon=True)
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
            thread.start()
            return made

    def _serve(self, producer: BusProducer) -> None:
        """Bring delivery reports to their requests, until the last one of a producer that is given up."""
        while (producer is self._producer and not self._is_closing) or len(producer):
            producer.poll(0.1)

    def _give_up(self, producer: BusProducer) -> None:
        """Have the next request make a new producer; what others have in this one fails, and comes again."""
        with self._lock:
            if self._producer is not producer:
                return
            self._producer = None
        logger.warning("the producer is past use, and is made anew")
        producer.purge()
