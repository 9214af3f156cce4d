"""Dead letters: records that are bad in themselves, kept with reason and origin in a topic of their own.

Key `stage:position`; value the original bytes (null stays null); headers as in `DeadLetter`, and each original
header under its name with `ORIGINAL_HEADER` before it. Written before the consumer's offsets are committed, so a
killed consumer may write one twice: count distinct keys, of which the newest record counts.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config.errors import UnavailableError
from config.kafka_client import ClientConfig
from kafka.client import explain
from kafka.dead_letter_reasons import EventError
from kafka.log_reader import read_to_end
from kafka.position import BusPosition, bus_position

if TYPE_CHECKING:
    from confluent_kafka._types import HeadersType

Headers = list[tuple[str, str | bytes | None]]

ORIGINAL_HEADER = "original-header-"
REPLAY_HEADER = "millrace-replay-of"
"""Header of a record published again: the bus position that it had as a dead letter."""
PENDING, REPLAYED = "pending", "replayed"
FLUSH_SECONDS = 30.0

_PRODUCER: ClientConfig = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "lz4",
    "message.timeout.ms": 60_000,
    "message.max.bytes": 100_000_000,
    "queue.buffering.max.kbytes": 64 * 1024,
}


@dataclass(frozen=True)
class DeadLetter:
    """One bad record: where it stood, why it is dead, and all that is needed to publish it again."""

    stage: str
    position: BusPosition
    reason: str
    detail: str
    status: str
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def bus_position(self) -> str:
        """The position as text."""
        return bus_position(*self.position)

    @property
    def record_key(self) -> bytes:
        """The key in the topic of dead letters: one for each stage and position."""
        return f"{self.stage}:{self.bus_position}".encode()

    def record_headers(self) -> Headers:
        """The headers in the topic of dead letters."""
        described = {
            "stage": self.stage,
            "topic": self.position.topic,
            "partition": str(self.position.partition),
            "offset": str(self.position.offset),
            "reason": self.reason,
            "detail": self.detail[:1000],
            "status": self.status,
            "original-timestamp": str(self.timestamp_ms),
        }
        headers: Headers = [(name, text.encode("utf-8", "replace")) for name, text in described.items()]
        if self.key is not None:
            headers.append(("original-key", self.key))
        return headers + [(ORIGINAL_HEADER + name, value) for name, value in self.headers]


def dead_letter_of(message: Message, stage: str, error: EventError) -> DeadLetter:
    """The dead letter that `stage` writes for a record it cannot store."""
    return DeadLetter(
        stage=stage,
        position=BusPosition(message.topic() or "", message.partition() or 0, message.offset() or 0),
        reason=error.reason,
        detail=error.detail,
        status=PENDING,
        timestamp_ms=message.timestamp()[1],
        key=message.key(),
        value=message.value(),
        headers=_pairs(message.headers()),
    )


def read_dead_letters(config: ClientConfig, topic: str) -> Iterator[DeadLetter]:
    """Every record of the topic, oldest first within a partition; a key may come again, and the last one counts."""
    for message in read_to_end(config, topic):
        headers = _pairs(message.headers())
        text = {name: value.decode("utf-8", "replace") for name, value in headers if isinstance(value, bytes)}
        original = [
            (name.removeprefix(ORIGINAL_HEADER), value) for name, value in headers if name.startswith(ORIGINAL_HEADER)
        ]
        yield DeadLetter(
            stage=text["stage"],
            position=BusPosition(text["topic"], int(text["partition"]), int(text["offset"])),
            reason=text["reason"],
            detail=text["detail"],
            status=text["status"],
            timestamp_ms=int(text["original-timestamp"]),
            key=next((value for name, value in headers if name == "original-key" and isinstance(value, bytes)), None),
            value=message.value(),
            headers=original,
        )


class DeadLetterWriter:
    """Writes dead letters idempotently; safe to use from several threads."""

    def __init__(self, config: ClientConfig, topic: str) -> None:
        self._producer = Producer({**config, **_PRODUCER})
        self._topic = topic
        self._doing = f"writing topic {topic} at {config['bootstrap.servers']}"

    def write(self, letters: list[DeadLetter]) -> None:
        """Returns when all letters are on the bus; raises what `explain` makes of the first that is not."""
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failures.append(error)

        try:
            for letter in letters:
                self._produce(letter, delivered)
        except KafkaException as error:
            raise explain(error, self._doing) from error
        if self._producer.flush(FLUSH_SECONDS) > 0 and not failures:
            raise UnavailableError(f"{self._doing}: no answer within {FLUSH_SECONDS:.0f} s")
        if failures:
            raise explain(failures[0], self._doing)

    def _produce(self, letter: DeadLetter, delivered: Callable[[KafkaError | None, Message], None]) -> None:
        deadline = time.monotonic() + FLUSH_SECONDS
        while True:
            try:
                return self._producer.produce(
                    self._topic,
                    letter.value,
                    letter.record_key,
                    on_delivery=delivered,
                    headers=letter.record_headers(),
                )
            except BufferError:
                self._producer.poll(0.1)
                if time.monotonic() > deadline:
                    raise UnavailableError(f"{self._doing}: no answer within {FLUSH_SECONDS:.0f} s") from None


def _pairs(headers: "HeadersType | None") -> Headers:
    pairs = headers.items() if isinstance(headers, dict) else headers or []
    return list(pairs)
