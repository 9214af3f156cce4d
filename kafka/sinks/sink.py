"""The port between the consumer and a store: what a sink must do, and how it says what became of a batch."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from confluent_kafka import Message

from config.errors import UnavailableError
from kafka.dead_letter_reasons import EventError


@dataclass(frozen=True)
class BusLog:
    """The topic that is consumed; `topic_id` changes when it is made anew, and is empty where a broker has none."""

    topic: str
    topic_id: str


@dataclass(frozen=True)
class StoreMark:
    """How far a partition is in a store: every record below `next_offset` is stored or dead.

    `leader_epoch` is that of the last record written (None where unknown): with it a broker tells a log that was
    truncated and has grown over the mark since (KIP-320). `skipped` is how many offsets of the partition were ever
    passed over because the bus had lost them and a person said `--skip-lost`.
    """

    next_offset: int
    topic_id: str = ""
    leader_epoch: int | None = None
    skipped: int = 0


@dataclass
class Written:
    """What became of a batch: records stored now, records that were stored before, and bad ones with the reason."""

    stored: int = 0
    already: int = 0
    dead: list[tuple[Message, EventError]] = field(default_factory=list)


class LostMarksError(UnavailableError):
    """The store's marks are not those that this consumer went on from: it has to ask again where to begin."""


class Sink(ABC):
    """Stores events by bus position, so that writing a batch again changes nothing.

    The consumer calls `write` from several threads, never twice at once for one assigned partition; the others are
    called by one thread. Each method raises UnavailableError when the server is away or overloaded (it is called
    again, later) and AccessError or TerminalError when only a person can help (the consumer stops without committing).
    """

    stage: str

    @abstractmethod
    def setup(self, log: BusLog) -> None:
        """Check the store, before the first record is read."""

    @abstractmethod
    def marks(self, log: BusLog) -> dict[int, StoreMark]:
        """By partition of `log.topic`, how far the store itself knows it to be written; asked at every assignment.

        A partition that is not named is read from its beginning, whatever the consumer group says.
        """

    @abstractmethod
    def write(self, batch: list[Message]) -> Written:
        """Store records of one partition, in order of offset; all are stored or dead when this returns."""

    @abstractmethod
    def reached(self, log: BusLog, reached: dict[int, StoreMark]) -> None:
        """Keep these marks; called before the offsets are committed.

        A stored `next_offset` never falls, except where `skipped` is greater than the stored one: the topic was
        truncated, and the new mark replaces the old. A stored topic id is never replaced by an empty one. Raises
        LostMarksError where what was stored may be gone, with the marks or before they were told.
        """

    @abstractmethod
    def close(self) -> None:
        """Release connections."""
