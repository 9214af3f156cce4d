"""Where records go: a JSON-lines file, or the source Kafka, from which an interrupted run continues exactly.

Each Kafka record carries the header `millrace-run: <fingerprint>:<position>`. A record's partition follows from its
key, and the producer is idempotent without gaps, so within a partition the positions of a run ascend: the highest one
found there tells that all before it are there too, and a second run sends only what comes after.
"""

import gzip
import logging
import sys
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from config.kafka_client import ClientConfig
from config.settings import SourceKafkaSettings
from kafka.client import RefusedLogin, explain, find_topic
from kafka.progress import ProgressReport
from kafka.topics import KEPT_FOR_EVER, LARGEST_RECORD_BYTES, create_topic
from utilities.event_generator.delivered import RUN_HEADER, last_positions
from utilities.event_generator.stream import Record

_librdkafka = logging.getLogger("millrace.librdkafka")
_librdkafka.setLevel(logging.CRITICAL + 1)

METADATA_SECONDS = 10.0
PATIENCE_SECONDS = 60.0
RECORDS_BETWEEN_POLLS = 1_000
GZIP_LEVEL = 3  # half the time of the default 6 for a file 10 % larger
# Events of the past would otherwise expire at once: a record's timestamp is the time of its event.
TOPIC_CONFIG = {"cleanup.policy": "delete", **KEPT_FOR_EVER}
PRODUCER: ClientConfig = {
    "enable.idempotence": True,
    "enable.gapless.guarantee": True,
    # A record may wait for ever but is never left out; PATIENCE_SECONDS without any delivery end the run.
    "message.timeout.ms": 0,
    "compression.type": "lz4",
    "linger.ms": 50,
    "delivery.report.only.error": True,
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 128 * 1024,
    "message.max.bytes": LARGEST_RECORD_BYTES,
}


class SourceGeneratorSettings(SourceKafkaSettings):
    """The login that may create, write and read the source topic."""

    source_generator_username: str = "generator"
    source_generator_password: SecretStr

    def client(self) -> ClientConfig:
        """Connection properties for the source cluster."""
        return self.source_client_as(self.source_generator_username, self.source_generator_password)


def write_file(records: Iterable[Record], path: Path) -> int:
    """Write one line a record (empty for a null value), gzip if the name ends in `.gz`; `-` is standard output.

    The file appears under its name when it is whole. Returns the number of lines; raises TerminalError where the
    place cannot be written.
    """
    if str(path) == "-":
        return _write_lines(records, sys.stdout.buffer)
    # A device or a named pipe is written to as it is: renaming would put a file in its place.
    is_special = path.exists() and not path.is_file()
    partial = path if is_special else path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as plain, _compressed(plain, path) as stream:
            written = _write_lines(records, stream)
        if not is_special:
            partial.rename(path)
    except OSError as error:
        raise TerminalError(f"cannot write {path}: {error.strerror}; choose another place with --file") from error
    return written


@contextmanager
def _compressed(plain: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    if path.suffix != ".gz":
        yield plain
        return
    # Without a name and a time in its header, equal content makes an equal file.
    with gzip.GzipFile("", "wb", GZIP_LEVEL, plain, mtime=0) as stream:
        yield cast(BinaryIO, stream)


def _write_lines(records: Iterable[Record], stream: BinaryIO) -> int:
    written = 0
    for record in records:
        stream.write((record.value or b"") + b"\n")
        written += 1
    return written


def partition_of(key: bytes | None, position: int, partitions: int) -> int:
    """The partition of a record: that of its visitor, as librdkafka's own partitioner finds it, else in turn."""
    return (position if key is None else zlib.crc32(key)) % partitions


def paced(records: Iterable[Record], per_second: float | None) -> Iterator[Record]:
    """The same records, at most `per_second` of them each second."""
    if per_second is None:
        yield from records
        return
    started = time.monotonic()
    for number, record in enumerate(records):
        if (ahead := number / per_second - (time.monotonic() - started)) > 0:
            time.sleep(ahead)
        yield record


def at_their_time(records: Iterable[Record]) -> Iterator[Record]:
    """The same records, each once the clock has reached its arrival."""
    for record in records:
        if (ahead := record.timestamp_ms / 1000 - time.time()) > 0:
            time.sleep(ahead)
        yield record


class SourceTopic:
    """The topic that a run is sent to; made with `partitions` if it is absent.

    Raises, from every method, what `kafka.client.explain` makes of a refused login, a missing ACL or silence.
    """

    def __init__(self, settings: SourceGeneratorSettings, topic: str, partitions: int) -> None:
        self._config = settings.client()
        self._topic = topic
        self._doing = f"writing to {topic} at {settings.source_brokers}"
        self._partitions = self._find_or_create(partitions)

    def send(self, records: Iterable[Record], total: int, fingerprint: str) -> int:
        """Send what of the run is not in the topic yet, and wait until it is there; returns the records sent."""
        # With another number of partitions a visitor is elsewhere, and the positions found would mean nothing.
        run = f"{fingerprint}-{self._partitions}"
        present = last_positions(self._config, self._topic, self._partitions, run)
        sender = Sender(self._config, self._topic, self._doing)
        sent, now_ms = 0, int(time.time() * 1000)
        with ProgressReport("delivery", total) as progress:
            for position, (timestamp_ms, key, value) in enumerate(records):
                partition = partition_of(key, position, self._partitions)
                if position > present.get(partition, -1):
                    # A broker refuses timestamps of the future.
                    sender.send(value, key, partition, min(timestamp_ms, now_ms), f"{run}:{position}")
                    sent += 1
                if position % RECORDS_BETWEEN_POLLS == 0:
                    sender.check()
                    progress.update(position, total - position)
            sender.finish()
            progress.update(total, 0)
        return sent

    def _find_or_create(self, partitions: int) -> int:
        refused = RefusedLogin(self._config)
        admin = AdminClient({**self._config}, error_cb=refused)
        deadline = time.monotonic() + METADATA_SECONDS
        while (found := find_topic(admin, self._topic, refused, self._doing, METADATA_SECONDS)) is None:
            if time.monotonic() > deadline:
                raise UnavailableError(f"{self._doing} failed: the topic was created and is still not seen; try again")
            # Creating it again while the brokers' metadata lag behind does no harm.
            create_topic(admin, self._topic, partitions, -1, TOPIC_CONFIG, self._doing)
        return len(found.partitions)


class Sender:
    """An idempotent producer that stops at the first error, so that no record is missing before a later one."""

    def __init__(self, config: ClientConfig, topic: str, doing: str) -> None:
        self._topic = topic
        self._doing = doing
        self._refused = RefusedLogin(config)
        self._failed: KafkaError | None = None
        callbacks = {"error_cb": self._refused, "on_delivery": self._on_delivery}
        # Without a logger of its own the library prints a fatal error beside the one line that explains it.
        self._producer = Producer({**config, **PRODUCER, **callbacks}, logger=_librdkafka)

    def send(self, value: bytes | None, key: bytes | None, partition: int, timestamp_ms: int, run: str) -> None:
        """Queue one record; waits while the queue is full."""
        while True:
            try:
                return self._producer.produce(
                    self._topic, value, key, partition, timestamp=timestamp_ms, headers=[(RUN_HEADER, run)]
                )
            except BufferError:
                self._wait_for_progress()
            except KafkaException as error:
                raise self._explain(error) from error

    def finish(self) -> None:
        """Wait until everything queued is delivered."""
        while len(self._producer) > 0:
            self._wait_for_progress()
        self.check()

    def check(self) -> None:
        """Raise the first error that the broker reported."""
        self._take_reports(0)
        if error := self._failed or self._refused.error:
            raise self._explain(error)

    def _wait_for_progress(self) -> None:
        queued, deadline = len(self._producer), time.monotonic() + PATIENCE_SECONDS
        while len(self._producer) >= queued:
            self._take_reports(0.1)
            self.check()
            if time.monotonic() > deadline:
                problem = f"no record was taken for {PATIENCE_SECONDS:.0f} s; run the same again to continue"
                raise UnavailableError(f"{self._doing} failed: {problem}")

    def _take_reports(self, seconds: float) -> None:
        try:
            self._producer.poll(seconds)
        except KafkaException as error:
            raise self._explain(error) from error

    def _explain(self, error: KafkaError | KafkaException) -> MillraceError:
        reason = error.args[0] if isinstance(error, KafkaException) else error
        if reason.code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED:
            # An idempotent producer needs no right on the cluster if it may write to any topic (KIP-679).
            return AccessError(f"{self._doing} failed: the principal may not write; grant it WRITE on {self._topic}")
        return explain(error, self._doing)

    def _on_delivery(self, error: KafkaError | None, _: Message) -> None:
        if error is not None and self._failed is None:
            self._failed = error
