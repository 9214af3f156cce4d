"""The consumer's writer of dead letters: idempotent, and made anew when its producer is past use."""

import time
from threading import Lock

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config.errors import MillraceError, TerminalError, UnavailableError
from config.kafka_client import ClientConfig
from kafka.client import PRODUCER, explain
from kafka.dead_letters.letter import DeadLetter

SILENCE_SECONDS = 30.0
"""How long no letter may arrive while some are to be written; a batch may take longer than that in all."""

_PRODUCER: ClientConfig = {
    **PRODUCER,
    "enable.idempotence": True,
    "acks": "all",
    "message.timeout.ms": 60_000,
}
_PAST_USE = {
    KafkaError._FATAL,
    KafkaError._FENCED,
    KafkaError._PURGE_QUEUE,
    KafkaError._PURGE_INFLIGHT,
    KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
    KafkaError.DUPLICATE_SEQUENCE_NUMBER,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.INVALID_PRODUCER_ID_MAPPING,
    KafkaError.UNKNOWN_PRODUCER_ID,
    KafkaError.PRODUCER_FENCED,
}
"""What an idempotent producer reports when it can write no more, or when another thread has given it up."""

Failure = tuple[DeadLetter, KafkaError]


class DeadLetterWriter:
    """Writes dead letters; safe to use from several threads, which share one producer."""

    def __init__(self, config: ClientConfig, topic: str) -> None:
        self._config = {**config, **_PRODUCER}
        self._topic = topic
        self._doing = f"writing topic {topic} at {config['bootstrap.servers']}"
        self._making = Lock()
        self._producer: Producer | None = None

    def write(self, letters: list[DeadLetter]) -> None:
        """Returns when all letters are on the bus; raises what `explain` makes of the first that is not.

        After an UnavailableError all of them may be written again, by a new producer where this one is past use. What
        was on its way then may be on the bus twice, which does no harm: a letter is counted by its key.
        """
        producer = self._current()
        arrived: list[Failure | None] = []
        try:
            for letter in letters:
                self._produce(producer, letter, arrived)
            while len(arrived) < len(letters):
                self._await_news(producer, arrived)
        except UnavailableError:
            self._give_up(producer)
            raise
        failures = [failure for failure in arrived if failure is not None]
        if any(is_past_use(error) for _, error in failures):
            self._give_up(producer)
        if failures:
            raise self._problem(failures)

    def _current(self) -> Producer:
        with self._making:
            if self._producer is None:
                self._producer = Producer(self._config)
            return self._producer

    def _give_up(self, producer: Producer) -> None:
        """Have the next write make a new producer; the letters of other threads in this one fail and come again."""
        with self._making:
            if self._producer is producer:
                self._producer = None
        producer.purge()

    def _produce(self, producer: Producer, letter: DeadLetter, arrived: list[Failure | None]) -> None:
        def delivered(error: KafkaError | None, _: Message) -> None:
            arrived.append(None if error is None else (letter, error))

        headers = letter.record_headers()
        while True:
            try:
                return producer.produce(
                    self._topic, letter.value, letter.record_key, on_delivery=delivered, headers=headers
                )
            except BufferError:
                self._await_news(producer, arrived)
            except KafkaException as error:
                return arrived.append((letter, error.args[0]))

    def _await_news(self, producer: Producer, arrived: list[Failure | None]) -> None:
        """Return once a letter has arrived, this thread's or another's; raises UnavailableError after the silence."""
        seen, deadline = (len(arrived), len(producer)), time.monotonic() + SILENCE_SECONDS
        while (len(arrived), len(producer)) == seen:
            if time.monotonic() > deadline:
                raise UnavailableError(f"{self._doing}: no answer within {SILENCE_SECONDS:.0f} s")
            producer.poll(0.1)

    def _problem(self, failures: list[Failure]) -> MillraceError:
        too_large = [letter for letter, error in failures if error.code() == KafkaError.MSG_SIZE_TOO_LARGE]
        if too_large:
            # A request is refused as a whole: its largest letter is the one that does not fit.
            return too_large_error(max(too_large, key=lambda letter: letter.size), self._topic, self._doing)
        error = next((error for _, error in failures if not is_past_use(error)), None)
        if error is None:
            error = failures[0][1]
            return UnavailableError(f"{self._doing} failed: the producer is made anew ({error.str()})")
        return explain(error, self._doing)


def too_large_error(letter: DeadLetter, topic: str, doing: str) -> TerminalError:
    """The one line for a letter beyond the limit of the topic of dead letters."""
    return TerminalError(
        f"{doing} failed: the dead letter of {letter.origin}, refused by the {letter.stage} ({letter.reason}), has "
        f"{letter.size:,} bytes and its reason beside them, more than max.message.bytes of topic {topic}; raise that"
    )


def is_past_use(error: KafkaError) -> bool:
    """Whether the idempotent producer that reports it can write no more."""
    return error.fatal() or error.code() in _PAST_USE
