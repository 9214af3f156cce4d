"""Records that cannot be mirrored for what they are, and the dead letters made of them.

A Kafka error that is not among `RECORD_FAULTS` is about a server, never about a record: it is waited for.
"""

from enum import StrEnum

from confluent_kafka import KafkaError, Message

from kafka.dead_letters import PENDING, DeadLetter, Headers
from kafka.position import BusPosition

STAGE = "mirror"

RECORD_FAULTS = frozenset(
    {
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.MSG_SIZE_TOO_LARGE,  # librdkafka's own limit has the same code
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_TIMESTAMP,
        KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT,
        KafkaError.INVALID_RECORD,
    }
)
"""Answers to a ProduceRequest that are about its records (https://kafka.apache.org/protocol#protocol_error_codes).

Not CORRUPT_MESSAGE, which is about the batch on its way: librdkafka repeats it."""


class Reason(StrEnum):
    """Why a record is a dead letter of the mirror."""

    REFUSED_BY_DESTINATION = "refused_by_destination"
    HEADER_NAME = "header_name_not_utf8"


def is_record_fault(error: KafkaError) -> bool:
    """Whether a record is to blame for `error`."""
    return error.code() in RECORD_FAULTS


def refused(record: Message, detail: str) -> DeadLetter:
    """The dead letter of a record that the destination refuses."""
    headers = record.headers()
    pairs = list(headers.items() if isinstance(headers, dict) else headers or [])
    return _letter(record, Reason.REFUSED_BY_DESTINATION, detail, pairs)


def not_decodable(record: Message, headers: Headers | None) -> DeadLetter:
    """The dead letter of a record with a header name that is not UTF-8.

    Python's client can neither read nor write such a name. `headers` are those that `RawHeaders` read, with
    surrogates for the bytes that are not UTF-8; None where it could not.
    """
    detail = "the headers are not kept: they could not be read" if headers is None else "the client cannot write it"
    return _letter(record, Reason.HEADER_NAME, f"a header's name is not UTF-8; {detail}", headers or [])


def producible_headers(letter: DeadLetter) -> Headers:
    """The letter's headers, each name as the client can write it: what is not UTF-8 is escaped (`caf\\xe9`)."""
    return [
        (name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"), value)
        for name, value in letter.record_headers()
    ]


def _letter(record: Message, reason: Reason, detail: str, headers: Headers) -> DeadLetter:
    return DeadLetter(
        stage=STAGE,
        position=BusPosition(record.topic() or "", record.partition() or 0, record.offset() or 0),
        reason=reason,
        detail=detail,
        status=PENDING,
        timestamp_ms=record.timestamp()[1],
        key=record.key(),
        value=record.value(),
        headers=headers,
    )
