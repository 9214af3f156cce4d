"""The port between the consumer and a store: what a sink must do, and how it says what became of a batch."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from confluent_kafka import Message

from kafka.dead_letter_reasons import EventError


@dataclass(frozen=True)
class BusLog:
    """The topic that is consumed; `topic_id` changes when it is made anew, and is empty where a broker has none."""

    topic: str
    topic_id: str


@dataclass
class Written:
    """What became of a batch: records stored now, records that were stored before, and bad ones with the reason."""

    stored: int = 0
    already: int = 0
    dead: list[tuple[Message, EventError]] = field(default_factory=list)


class Sink(ABC):
    """Stores events by bus position, so that writing a batch again changes nothing.

    The consumer calls `write` from several threads, never twice at once for one partition. Each method raises
    UnavailableError when the server is away or overloaded (it is called again, later) and AccessError or
    TerminalError when only a person can help (the consumer stops without committing).
    """

    stage: str

    @abstractmethod
    def setup(self, log: BusLog) -> None:
        """Check the store, before the first record is read."""

    @abstractmethod
    def write(self, batch: list[Message]) -> Written:
        """Store records of one partition, in order of offset; all are stored or dead when this returns."""

    def reached(self, log: BusLog, next_offsets: dict[int, int]) -> None:  # noqa: B027  # not every store keeps this
        """Everything below these offsets, by partition, is stored or dead; called before they are committed."""

    @abstractmethod
    def close(self) -> None:
        """Release connections."""
