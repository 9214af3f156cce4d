"""The transactional producer of one lane: its transactions, and a new producer where the old one is of no more use.

A producer is of no more use once it is fenced, and it is fenced not only by another process: a coordinator that waits
for `transaction.timeout.ms` ends the transaction and raises the producer's epoch. Who is to go on is not decided here.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event

from confluent_kafka import KafkaError, KafkaException, Producer

from config.errors import UnavailableError
from config.kafka_client import ClientConfig
from kafka.client import PRODUCER, RefusedLogin
from kafka.waiting import Waiting

logger = logging.getLogger(__name__)
# What librdkafka itself logs of a fenced producer, on standard error and in two lines, is said in one here.
_silence = logging.getLogger(f"{__name__}.client")
_silence.setLevel(logging.CRITICAL + 1)

LANE_PRODUCER: ClientConfig = {
    **PRODUCER,
    "transaction.timeout.ms": 60_000,
    # A commit sends at once what lingers; 200 ms instead of 20 makes fuller requests, for a seventh less CPU.
    "linger.ms": 200,
    # The commit reports what was not delivered: no report for each record.
    "delivery.report.only.error": True,
}
SECONDS_PER_TRY = 2.0
SECONDS_BETWEEN_TRIES = 0.05
"""Some refusals come at once, and each leaves some memory behind in the client."""
SECONDS_TO_STOP = 10.0


class TransactionWriter:
    """Produces in transactions; used by one thread at a time."""

    def __init__(
        self, config: ClientConfig, transactional_id: str, doing: str, patience_seconds: float | None, stop: Event
    ) -> None:
        self.in_transaction = False
        self.refused = RefusedLogin(config)
        self._config = {**config, "transactional.id": transactional_id, "error_cb": self.refused, "logger": _silence}
        self._doing = doing
        self._patience_seconds = patience_seconds
        self._stop = stop
        self._waiting = Waiting(logger, f"{doing} waits")
        self._producer = Producer(self._config)
        self._is_new = True

    def open(self) -> None:
        """End what a producer of the same id left open, and have its writes refused from now on."""
        if not self._is_new:
            self.close()
            self.refused.error = None
            self._producer = Producer(self._config)
        self._is_new = False
        self._persist(self._producer.init_transactions)

    def begin(self) -> None:
        """Begin a transaction unless one is open."""
        if not self.in_transaction:
            self._producer.begin_transaction()
            self.in_transaction = True

    @property
    def produce(self) -> Callable[..., None]:
        """The client's own `produce`, which raises BufferError while its queue is full: see `produce_patiently`."""
        return self._producer.produce

    def produce_patiently(self, *arguments: object) -> None:
        """As `produce`, with a place in the queue waited for; what never has one is refused as too large."""
        while True:
            is_empty = len(self._producer) == 0
            with suppress(BufferError):
                return self._producer.produce(*arguments)  # type: ignore[arg-type]
            if is_empty:
                told = "larger than queue.buffering.max.kbytes"
                raise KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE, told))
            self._make_room()

    def _make_room(self) -> None:
        """Wait until half of the records not yet sent have been: the queue has a limit of bytes, too."""
        started, unsent = time.monotonic(), len(self._producer)
        while len(self._producer) > unsent // 2:
            self._producer.poll(0.005)
            if self.given_up(started):
                raise UnavailableError(f"{self._doing}: the destination takes no more records")
            if time.monotonic() - started > SECONDS_PER_TRY:
                self._waiting.because("the destination takes no more records")
        self._waiting.over()

    def commit(self) -> None:
        """Returns when the transaction is committed."""
        self._persist(self._producer.commit_transaction)
        self.in_transaction = False

    def abort(self) -> bool:
        """Roll back; False when the producer is of no more use and `open` must follow."""
        if not self.in_transaction:
            return True
        try:
            self._persist(self._producer.abort_transaction)
        except KafkaException as error:
            logger.debug("a transaction cannot be rolled back error=%s", error)
            return False
        finally:
            self.in_transaction = False
        return True

    def cause(self, error: KafkaException) -> KafkaException:
        """What made the transaction fail: once it has, the client answers everything but a commit with `_STATE`."""
        if not self.in_transaction or error.args[0].code() != KafkaError._STATE:
            return error
        try:
            self._producer.commit_transaction(SECONDS_PER_TRY)
        except KafkaException as cause:
            return cause
        raise AssertionError("a transaction that had failed was committed")

    def close(self) -> None:
        """Drop what is not sent; an open transaction is ended by the next `open` or by its timeout."""
        self._producer.purge()
        self.in_transaction = False

    def given_up(self, since: float) -> bool:
        """Whether what began at `since` is no longer waited for."""
        waited = time.monotonic() - since
        if self._stop.is_set():
            return waited > SECONDS_TO_STOP
        return self._patience_seconds is not None and waited > self._patience_seconds

    def _persist(self, call: Callable[[float], None]) -> None:
        """Repeat a step of the transaction protocol for as long as it only needs more time."""
        started = time.monotonic()
        while True:
            try:
                call(SECONDS_PER_TRY)
            except KafkaException as error:
                if not needs_time(error.args[0]) or self.refused.error or self.given_up(started):
                    raise
                time.sleep(SECONDS_BETWEEN_TRIES)
                if time.monotonic() - started > SECONDS_PER_TRY:
                    self._waiting.because(error.args[0].str())
            else:
                return self._waiting.over()


def needs_time(error: KafkaError) -> bool:
    """Whether the same call can succeed.

    Not while another one is unfinished, which the client calls retriable: where a commit met a fatal error, or was not
    waited for, the producer never does anything else (librdkafka 2.16).
    """
    return error.retriable() and error.code() != KafkaError._CONFLICT
