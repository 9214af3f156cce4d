"""Events of now at an even pace: the event generator's, with the time at which they are sent in the place of theirs."""

import re
import time
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from confluent_kafka import KafkaError, Message, Producer

from benchmarks.feed import FLUSH_SECONDS, PARTITIONS, SEED
from config.errors import TerminalError
from config.kafka_client import ClientConfig
from utilities.event_generator.delivery import partition_of
from utilities.event_generator.stream import Plan, generate

EVENT_TIME = re.compile(rb'(?<="time_stamp":)\d+')
SHORTEST_SLEEP_SECONDS = 0.005
"""What is due meanwhile is sent together: at a thousand a second a sleep for each event would be most of the work."""


class LiveEvent(NamedTuple):
    """An event without its time, which stands between `head` and `tail`."""

    partition: int
    key: bytes | None
    head: bytes
    tail: bytes

    def at(self, now: float) -> bytes:
        """The event as it happens now."""
        return b"%b%d%b" % (self.head, int(now), self.tail)


def live_events(number: int) -> Iterator[LiveEvent]:
    """Up to `number` events of all kinds, one in 500 sent twice; none is late, and none is broken."""
    plan = Plan(number, SEED, date(2026, 1, 1), days=30, duplicates=0.002, late=0.0, broken=0.0)
    for position, (_, key, value) in enumerate(generate(plan)):
        found = EVENT_TIME.search(value or b"")
        if value and found:
            yield LiveEvent(partition_of(key, position, PARTITIONS), key, value[: found.start()], value[found.end() :])


class PacedSender:
    """A shop's producer: each record has the time at which it was handed over, and waits for few others."""

    def __init__(self, client: ClientConfig, topic: str) -> None:
        self._topic = topic
        self._failed: KafkaError | None = None
        own = {"enable.idempotence": True, "compression.type": "lz4", "linger.ms": 5}
        self._producer = Producer({**client, **own, "on_delivery": self._on_delivery})

    def send(self, events: Iterable[LiveEvent], per_second: float) -> list[float]:
        """Send each when it is due, and wait until all are there; returns their times on the bus, in seconds."""
        began, times = time.monotonic(), []
        for number, event in enumerate(events):
            if (ahead := began + number / per_second - time.monotonic()) > 0:
                self._producer.poll(0)
                time.sleep(max(ahead, SHORTEST_SLEEP_SECONDS))
            times.append(self.send_now(event))
        self.finish()
        return times

    def send_now(self, event: LiveEvent) -> float:
        """Send one, and do not wait for it; returns its time on the bus."""
        now_ms = int(time.time() * 1000)
        while True:
            try:
                value = event.at(now_ms / 1000)
                self._producer.produce(self._topic, value, event.key, event.partition, timestamp=now_ms)
                return now_ms / 1000
            except BufferError:
                self._producer.poll(0.05)

    def finish(self) -> None:
        """Wait until all are there; raises TerminalError where one is not."""
        left = self._producer.flush(FLUSH_SECONDS)
        if self._failed or left:
            raise TerminalError(f"the broker did not take an event: {self._failed or f'{left} are still waiting'}")

    def _on_delivery(self, error: KafkaError | None, _: Message) -> None:
        self._failed = self._failed or error
