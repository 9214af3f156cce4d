"""Headers whose names are not UTF-8, read through librdkafka's own C functions.

Kafka leaves a header's name as bytes, confluent_kafka decodes it: `Message.headers()` then raises SystemError. The
C library beneath it has the bytes. This reads one record again with a consumer of its own.
"""

import ctypes
import logging
import time
from collections.abc import Sequence
from ctypes import POINTER, c_char_p, c_int, c_int32, c_int64, c_size_t, c_void_p
from functools import cache
from typing import Any

import confluent_kafka

from config.kafka_client import ClientConfig
from kafka.dead_letters import Headers

logger = logging.getLogger(__name__)

SECONDS_TO_READ = 20.0
_CONSUMER = 1


class _Message(ctypes.Structure):
    """`rd_kafka_message_t`."""

    _fields_ = (
        ("err", c_int),
        ("topic", c_void_p),
        ("partition", c_int32),
        ("payload", c_void_p),
        ("length", c_size_t),
        ("key", c_void_p),
        ("key_length", c_size_t),
        ("offset", c_int64),
        ("private", c_void_p),
    )


_SIGNATURES: dict[str, tuple[Any, Sequence[Any]]] = {
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
    "rd_kafka_consumer_poll": (POINTER(_Message), (c_void_p, c_int)),
    "rd_kafka_message_headers": (c_int, (POINTER(_Message), POINTER(c_void_p))),
    "rd_kafka_header_get_all": (
        c_int,
        (c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_void_p), POINTER(c_size_t)),
    ),
    "rd_kafka_message_destroy": (None, (POINTER(_Message),)),
    "rd_kafka_consumer_close": (c_int, (c_void_p,)),
    "rd_kafka_destroy": (None, (c_void_p,)),
}


@cache
def _library() -> ctypes.CDLL:
    """The librdkafka of confluent_kafka; raises OSError or AttributeError where its functions cannot be reached."""
    library = ctypes.CDLL(confluent_kafka.cimpl.__file__)
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, list(arguments)
    return library


def read_raw_headers(config: ClientConfig, topic: str, partition: int, offset: int) -> Headers | None:
    """The headers of one record, bytes that are not UTF-8 as surrogates; None where they cannot be read."""
    try:
        library = _library()
        client = _new_client(library, config)
    except (OSError, AttributeError, RuntimeError) as error:
        logger.warning("the names of headers cannot be read offset=%d reason=%s", offset, error)
        return None
    try:
        _assign(library, client, topic, partition, offset)
        return _read(library, client, offset)
    finally:
        library.rd_kafka_consumer_close(client)
        library.rd_kafka_destroy(client)


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


def _assign(library: ctypes.CDLL, client: int, topic: str, partition: int, offset: int) -> None:
    places = library.rd_kafka_topic_partition_list_new(1)
    library.rd_kafka_topic_partition_list_add(places, topic.encode(), partition)
    library.rd_kafka_topic_partition_list_set_offset(places, topic.encode(), partition, offset)
    library.rd_kafka_assign(client, places)
    library.rd_kafka_topic_partition_list_destroy(places)


def _read(library: ctypes.CDLL, client: int, offset: int) -> Headers | None:
    deadline = time.monotonic() + SECONDS_TO_READ
    while time.monotonic() < deadline:
        message = library.rd_kafka_consumer_poll(client, 200)
        if not message:
            continue
        try:
            if message.contents.err == 0:
                return _headers(library, message) if message.contents.offset == offset else None
        finally:
            library.rd_kafka_message_destroy(message)
    return None


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
