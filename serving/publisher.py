"""Writing to the bus and waiting, without a thread for each request, until all in-sync replicas have every record.

The producer is idempotent with `acks=all`: an outcome with a position is a record that a crash of any one broker
leaves where it is. One without may be on the bus or not; its sender sends it again, and the id of the event says so.

Delivery reports are fetched by the event loop itself. In a thread of its own the client takes Python's lock anew for
each report, and waits up to 5 ms for it while the loop is busy: of 50 events, half a second.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config.kafka_client import ClientConfig
from kafka.client import PRODUCER
from kafka.dead_letters.letter import Headers
from kafka.dead_letters.writer import is_past_use
from kafka.position import BusPosition

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 10.0
POLL_SECONDS = 0.001
ANY_PARTITION = -1
_TOO_LARGE = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE}
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


def is_too_large(outcome: Outcome) -> bool:
    """Whether the record is refused for good: its topic takes none of this size."""
    return isinstance(outcome, KafkaError) and outcome.code() in _TOO_LARGE


class BusProducer(Protocol):
    """What is used of a confluent_kafka.Producer."""

    def produce(self, topic: str, **record: object) -> None: ...

    def poll(self, timeout: float) -> int: ...

    def purge(self) -> None: ...

    def __len__(self) -> int: ...


class _Batch:
    """The records of one request; done when each has its outcome."""

    def __init__(self, size: int) -> None:
        self._left = size
        self.outcomes: list[Outcome] = [_NO_ANSWER] * size
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settle(self, index: int, outcome: Outcome) -> None:
        self.outcomes[index] = outcome
        self._left -= 1
        if self._left == 0 and not self.done.done():  # its request may have been cancelled
            self.done.set_result(None)

    def report(self, index: int, topic: str, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.settle(index, BusPosition(topic, message.partition() or 0, message.offset() or 0))
        else:
            self.settle(index, error)


class Publisher:
    """One producer for all requests; made anew when it is past use. To be used in one event loop."""

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
        self._producer: BusProducer | None = None
        self._polling: dict[BusProducer, asyncio.Task[None]] = {}

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
                    on_delivery=partial(batch.report, index, record.topic),
                )
            except BufferError:
                batch.settle(index, KafkaError(KafkaError._QUEUE_FULL))
            except KafkaException as error:
                batch.settle(index, error.args[0])
        self._see_to(producer)
        await batch.done
        if any(isinstance(outcome, KafkaError) and is_past_use(outcome) for outcome in batch.outcomes):
            self._give_up(producer)
        return batch.outcomes

    async def close(self) -> None:
        """Wait until every record has its outcome; nothing may be published any more."""
        if self._polling:
            await asyncio.wait(self._polling.values(), timeout=CLOSE_SECONDS)

    def _current(self) -> BusProducer:
        if self._producer is None:
            self._producer = self._make(self._config)
        return self._producer

    def _see_to(self, producer: BusProducer) -> None:
        if producer not in self._polling:
            self._polling[producer] = asyncio.create_task(self._poll(producer))

    async def _poll(self, producer: BusProducer) -> None:
        """Fetch delivery reports until none is outstanding, also of a producer that is given up."""
        try:
            while len(producer):
                await asyncio.sleep(0 if producer.poll(0) else POLL_SECONDS)
        finally:
            del self._polling[producer]

    def _give_up(self, producer: BusProducer) -> None:
        """Have the next request make a new producer; what others have in this one fails, and comes again."""
        if self._producer is producer:
            self._producer = None
            logger.warning("the producer is past use, and is made anew")
            producer.purge()
