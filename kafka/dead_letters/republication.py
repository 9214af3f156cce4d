"""Publishing records again and marking their letters as replayed, both in one transaction or neither.

A transaction that the destination refuses for one record's sake is rolled back and halved until that record is alone;
it is set aside, and all others are published.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config.errors import UnavailableError
from kafka.dead_letter_reasons import KAFKA_RECORD_FAULTS
from kafka.dead_letters.index import DeadLetterIndex
from kafka.dead_letters.letter import REPLAYED, DeadLetter, Headers, is_writable, replay_headers
from kafka.record_time import ORIGINAL_TIMESTAMP_HEADER, original_times
from kafka.topics import TopicIdentity

logger = logging.getLogger("kafka.replay_dead_letters")

RECORDS_PER_TRANSACTION = 500
BYTES_PER_TRANSACTION = 16 * 1024 * 1024
"""Of the records; each of their letters is written again besides. A larger record has a transaction of its own."""
SECONDS_PER_STEP = 30.0

_REFUSED = KAFKA_RECORD_FAULTS | {KafkaError._INVALID_DIFFERENT_RECORD, KafkaError._UNKNOWN_PARTITION}
"""Errors about a record, about another of its request (KIP-467), or about its partition, which the topic has not."""
_PURGED = {KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT}
"""A rollback has the client purge its queues, and some of it comes late: to what the next transaction has queued
(confluentinc/confluent-kafka-python#1125). That one is rolled back and written again."""
TRIES_AFTER_PURGE = 5


@dataclass(frozen=True)
class Refusal:
    """A letter that stays pending, and why."""

    letter: DeadLetter
    error: KafkaError


def in_transactions(letters: Iterable[DeadLetter]) -> Iterator[list[DeadLetter]]:
    """Groups of at most 500 records and 16 MiB, or of one larger record."""
    some: list[DeadLetter] = []
    size = 0
    for letter in letters:
        if some and (len(some) == RECORDS_PER_TRANSACTION or size + letter.size > BYTES_PER_TRANSACTION):
            yield some
            some, size = [], 0
        some.append(letter)
        size += letter.size
    if some:
        yield some


@dataclass(frozen=True)
class Republication:
    """Where the records of letters are published, and which letters are marked."""

    producer: Producer
    into: TopicIdentity
    dead_letter_topic: str
    index: DeadLetterIndex
    with_present_time: bool

    def publish(self, letters: Sequence[DeadLetter]) -> list[Refusal]:
        """Publish one transaction of records; returns those that are refused for themselves.

        Raises KafkaException or UnavailableError for any other failure; then nothing of the transaction is published.
        """
        refused = self._attempt(letters)
        if refused is None:
            return []
        if len(letters) == 1:
            return [Refusal(letters[0], refused)]
        half = len(letters) // 2
        return self.publish(letters[:half]) + self.publish(letters[half:])

    def _attempt(self, letters: Sequence[DeadLetter]) -> KafkaError | None:
        """Commit, or roll back and say for which record's sake."""
        for _ in range(TRIES_AFTER_PURGE):
            failed = self._attempt_once(letters)
            if failed is None or failed.code() not in _PURGED:
                return failed
        raise KafkaException(failed)

    def _attempt_once(self, letters: Sequence[DeadLetter]) -> KafkaError | None:
        """As `_attempt`, but the client's purge is returned as well."""
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failures.append(error)

        self.producer.begin_transaction()
        try:
            for letter in letters:
                self._write(letter, delivered)
            self.producer.flush(SECONDS_PER_STEP)
            if not failures:
                self.producer.commit_transaction(SECONDS_PER_STEP)
                return None
        except KafkaException as error:
            self.producer.flush(SECONDS_PER_STEP)
            failures.append(error.args[0])
        told = sorted(failures, key=_telling)
        if told[0].code() not in _REFUSED | _PURGED:
            raise KafkaException(told[0])
        self.producer.abort_transaction(SECONDS_PER_STEP)
        return told[0]

    def _write(self, letter: DeadLetter, delivered: object) -> None:
        timestamp = 0 if self.with_present_time else letter.timestamp_ms or 1
        headers = copy_headers(letter, self.into, self.with_present_time)
        place = (self.into.topic, letter.value, letter.key, letter.position.partition)
        self._produce(*place, on_delivery=delivered, timestamp=timestamp, headers=headers)
        for head in self.index.at(letter.origin):
            mark = replace(letter, stage=head.stage, reason=head.reason, detail=head.detail, status=REPLAYED)
            self._produce(
                self.dead_letter_topic,
                mark.value,
                mark.record_key,
                on_delivery=delivered,
                headers=mark.record_headers(),
            )

    def _produce(self, *record: object, **options: object) -> None:
        deadline = time.monotonic() + SECONDS_PER_STEP
        while True:
            try:
                return self.producer.produce(*record, **options)  # type: ignore[arg-type]
            except BufferError:
                if time.monotonic() > deadline:
                    raise UnavailableError(f"replaying into {self.into.topic}: the destination takes no more") from None
                self.producer.poll(0.1)


def _telling(error: KafkaError) -> int:
    """A record's own refusal tells most, then that of its neighbour, then what failed besides, then the purge."""
    code = error.code()
    if code in _REFUSED:
        return int(code == KafkaError._INVALID_DIFFERENT_RECORD)
    return 3 if code in _PURGED else 2


def copy_headers(letter: DeadLetter, into: TopicIdentity, with_present_time: bool) -> Headers:
    """The headers of a record published again: its own, `replay_headers`, and its own time where it gets another.

    The client takes names as text only: bytes that are none are written as escapes, `caf\\xe9`.
    """
    headers: Headers = [(name if is_writable(name) else _escaped(name), value) for name, value in letter.headers]
    headers += replay_headers(letter.origin, into)
    if with_present_time and not original_times(headers):
        headers.append((ORIGINAL_TIMESTAMP_HEADER, str(letter.timestamp_ms).encode()))
    return headers


def escaped_names(letter: DeadLetter) -> list[str]:
    """The header names of a record that its copy has with escapes."""
    return [_escaped(name) for name, _ in letter.headers if not is_writable(name)]


def _escaped(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")
