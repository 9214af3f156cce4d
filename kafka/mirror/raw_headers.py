"""Headers whose names are not UTF-8, read through librdkafka's own C functions.

Kafka leaves a header's name as bytes, confluent_kafka decodes it: `Message.headers()` then raises SystemError. The
C library beneath it has the bytes. This reads such a record again with a consumer of its own.
"""

import ctypes
import logging
import time
from ctypes import POINTER, c_char_p, c_int, c_int32, c_int64, c_size_t, c_void_p
from functools import cache
from typing import Any

from confluent_kafka import KafkaError

from config.errors import UnavailableError
from config.kafka_client import ClientConfig
from kafka.dead_letters.letter import Headers
from kafka.librdkafka import RdKafkaMessage, Signatures, load_library

logger = logging.getLogger(__name__)

SECONDS_TO_READ = 20.0
READ_OVER = 2_000
"""Records between two that are read over rather than sought past."""
_FEW: ClientConfig = {"queued.max.messages.kbytes": 1024}
_CONSUMER = 1
_OUT_OF_RANGE = KafkaError._AUTO_OFFSET_RESET
TIMES_TO_ASK = 3
"""A broker that has just become the leader may deny once what it has; after as many denials the record has expired."""

_SIGNATURES: Signatures = {
    "rd_kafka_conf_new": (c_void_p, ()),
    "rd_kafka_conf_set": (c_int, (c_void_p, c_char_p, c_char_p, c_char_p, c_size_t)),
    "rd_kafka_conf_destroy": (None, (c_void_p,)),
    "rd_kafka_new": (c_void_p, (c_int, c_void_p, c_char_p, c_size_t)),
    "rd_kafka_poll_set_consumer": (c_int, (c_void_p,)),
    "rd_kafka_topic_partition_list_new": (c_void_p, (c_int,)),
    "rd_kafka_topic_partition_list_add": (c_void_p, (c_void_p, c_char_p, c_int32)),
    "rd_kafka_topic_partition_list_set_offset": (c_int, (c_void_p, c_char_p, c_int32, c_int64)),
    "rd_kafka_topic_partition_list_destroy": (None, (c_void_p,)),
    "rd_kafka_assign": (c_int, (c_void_p, c_void_p)),
    "rd_kafka_consumer_poll": (POINTER(RdKafkaMessage), (c_void_p, c_int)),
    "rd_kafka_message_headers": (c_int, (POINTER(RdKafkaMessage), POINTER(c_void_p))),
    "rd_kafka_header_get_all": (
        c_int,
        (c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_void_p), POINTER(c_size_t)),
    ),
    "rd_kafka_message_destroy": (None, (POINTER(RdKafkaMessage),)),
    "rd_kafka_consumer_close": (c_int, (c_void_p,)),
    "rd_kafka_destroy": (None, (c_void_p,)),
}


@cache
def _library() -> ctypes.CDLL:
    """The librdkafka of confluent_kafka; raises OSError or AttributeError where its functions cannot be reached."""
    return load_library(_SIGNATURES)


class _DeniedError(Exception):
    """The broker does not have the offset, or says so."""


class RawHeaders:
    """Reads the headers of records of one partition again; used by one thread.

    The consumer is made for the first record and kept for the next ones: a login for each would outlast a transaction.
    """

    def __init__(self, config: ClientConfig, topic: str, partition: int) -> None:
        self._config = {**config, **_FEW}
        self._topic, self._partition = topic, partition
        self._client: int | None = None
        self._next: int | None = None

    def of(self, offset: int) -> Headers | None:
        """The headers of one record, bytes that are not UTF-8 as surrogates; None where they cannot be read.

        Raises UnavailableError where the server does not give the record now.
        """
        try:
            library = _library()
            if self._client is None:
                self._client = _new_client(library, self._config)
        except (OSError, AttributeError, RuntimeError) as error:
            logger.warning("the names of headers cannot be read offset=%d reason=%s", offset, error)
            return None
        if self._next is None or not self._next <= offset <= self._next + READ_OVER:
            self._seek(library, offset)
        self._next = None
        try:
            headers = self._ask(library, offset)
            self._next = None if headers is None else offset + 1
            return headers
        except TimeoutError as error:
            raise UnavailableError(
                f"reading the headers of {self._topic} partition {self._partition} offset {offset}: no answer"
            ) from error

    def _ask(self, library: ctypes.CDLL, offset: int) -> Headers | None:
        for _ in range(TIMES_TO_ASK):
            try:
                return _read(library, self._client, offset)
            except _DeniedError:
                self._seek(library, offset)
        return None

    def _seek(self, library: ctypes.CDLL, offset: int) -> None:
        _assign(library, self._client, self._topic, self._partition, offset)

    def close(self) -> None:
        """Leave the cluster; the next record makes a new consumer."""
        if self._client is not None:
            _library().rd_kafka_consumer_close(self._client)
            _library().rd_kafka_destroy(self._client)
        self._client = self._next = None


def _new_client(library: ctypes.CDLL, config: ClientConfig) -> int:
    error = ctypes.create_string_buffer(512)
    conf = library.rd_kafka_conf_new()
    for name, value in config.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if library.rd_kafka_conf_set(conf, name.encode(), text.encode(), error, len(error)) != 0:
            library.rd_kafka_conf_destroy(conf)
            raise RuntimeError(error.value.decode("utf-8", "replace"))
    client: int | None = library.rd_kafka_new(_CONSUMER, conf, error, len(error))
    if client is None:
        library.rd_kafka_conf_destroy(conf)
        raise RuntimeError(error.value.decode("utf-8", "replace"))
    library.rd_kafka_poll_set_consumer(client)
    return client


def _assign(library: ctypes.CDLL, client: int | None, topic: str, partition: int, offset: int) -> None:
    places = library.rd_kafka_topic_partition_list_new(1)
    library.rd_kafka_topic_partition_list_add(places, topic.encode(), partition)
    library.rd_kafka_topic_partition_list_set_offset(places, topic.encode(), partition, offset)
    library.rd_kafka_assign(client, places)
    library.rd_kafka_topic_partition_list_destroy(places)


def _read(library: ctypes.CDLL, client: int | None, offset: int) -> Headers | None:
    deadline = time.monotonic() + SECONDS_TO_READ
    while time.monotonic() < deadline:
        message = library.rd_kafka_consumer_poll(client, 200)
        if not message:
            continue
        try:
            # One of another offset is of a place that was left.
            if message.contents.err == _OUT_OF_RANGE and message.contents.offset == offset:
                raise _DeniedError
            if message.contents.err == 0 and message.contents.offset >= offset:
                return _headers(library, message) if message.contents.offset == offset else None
        finally:
            library.rd_kafka_message_destroy(message)
    raise TimeoutError


def _headers(library: ctypes.CDLL, message: Any) -> Headers:
    found = c_void_p()
    headers: Headers = []
    if library.rd_kafka_message_headers(message, ctypes.byref(found)) != 0:
        return []
    name, value, size = c_char_p(), c_void_p(), c_size_t()
    index = 0
    while library.rd_kafka_header_get_all(found, index, *(ctypes.byref(each) for each in (name, value, size))) == 0:
        content = None if value.value is None else ctypes.string_at(value.value, size.value)
        headers.append(((name.value or b"").decode("utf-8", "surrogateescape"), content))
        index += 1
    return headers
