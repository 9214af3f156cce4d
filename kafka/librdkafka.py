"""The C functions of the librdkafka that confluent_kafka itself runs on, for what its Python classes lack."""

import ctypes
from collections.abc import Mapping, Sequence
from ctypes import c_int, c_int32, c_int64, c_size_t, c_void_p
from typing import Any

import confluent_kafka

Signatures = Mapping[str, tuple[Any, Sequence[Any]]]
"""Result and arguments of each function that is called, by its name."""


class RdKafkaMessage(ctypes.Structure):
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


def load_library(signatures: Signatures) -> ctypes.CDLL:
    """The library with these functions declared; raises OSError or AttributeError where they cannot be reached."""
    # A symbol is looked up in the dependencies of the extension module, too.
    library = ctypes.CDLL(confluent_kafka.cimpl.__file__)
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, list(arguments)
    return library
