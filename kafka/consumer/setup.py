"""What a run of the consumer is given, and what it gives back."""

from dataclasses import dataclass

from config.kafka_client import ClientConfig
from kafka.consumer.memory import CLIENT_LIMITS
from kafka.watchdog import begun_anew

CONNECT_SECONDS = 30.0

CONSUMER: ClientConfig = {
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    # An offset that retention has passed means loss: it must stop the consumer, not reset it.
    "auto.offset.reset": "error",
    # A killed consumer's partitions are free again after this time: the least that brokers allow.
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 2000,
    "fetch.queue.backoff.ms": 20,
    "fetch.wait.max.ms": 100,
    # Partitions added to the topic, and a topic that is gone, are noticed within this time; 5 minutes by default.
    "topic.metadata.refresh.interval.ms": 5000,
    **CLIENT_LIMITS,
}


@dataclass(frozen=True)
class ConsumerSetup:
    """What a run consumes, and how patiently. `patience_seconds` None retries for ever, once started."""

    config: ClientConfig
    topic: str
    group: str
    dead_letter_topic: str
    workers: int
    follow: bool
    skip_lost: bool
    patience_seconds: float | None

    @property
    def reader(self) -> ClientConfig:
        """The properties of the consumer, apart from its group."""
        return {**self.config, **CONSUMER}

    @property
    def connect_seconds(self) -> float:
        """How long the bus may take to answer a question at the start."""
        return CONNECT_SECONDS if self.patience_seconds is None else min(self.patience_seconds, CONNECT_SECONDS)

    @property
    def start_patience_seconds(self) -> float | None:
        """How long the bus may be away at the start; None is for ever."""
        return self.patience_seconds if begun_anew() else self.connect_seconds

    @property
    def doing(self) -> str:
        """What the consumer does and where, for messages."""
        return f"reading topic {self.topic} at {self.config['bootstrap.servers']} in group {self.group}"


@dataclass
class Summary:
    """What a run did, in records; one that a rebalance had it read twice counts twice."""

    stored: int = 0
    already: int = 0
    dead: int = 0

    @property
    def records(self) -> int:
        """All records read and settled."""
        return self.stored + self.already + self.dead
