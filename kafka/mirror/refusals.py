"""The mirror's dead letters: records that the destination refuses, and those that the client cannot write."""

from confluent_kafka import Message

from kafka.dead_letter_reasons import Reason
from kafka.dead_letters.letter import MIRROR, PENDING, DeadLetter, Headers
from kafka.position import BusPosition
from kafka.record_headers import read_headers


def refused(record: Message, detail: str, topic_id: str) -> DeadLetter:
    """The dead letter of a record that the destination refuses."""
    headers = read_headers(record)
    pairs = list(headers.items() if isinstance(headers, dict) else headers or [])
    return _letter(record, Reason.REFUSED_BY_DESTINATION, detail, pairs, topic_id)


def not_decodable(record: Message, headers: Headers | None, topic_id: str) -> DeadLetter:
    """The dead letter of a record with a header name that is not UTF-8.

    Python's client can neither read nor write such a name. `headers` are those that `RawHeaders` read, with
    surrogates for the bytes that are not UTF-8; None where it could not.
    """
    detail = "the headers are not kept: they could not be read" if headers is None else "the client cannot write it"
    return _letter(record, Reason.HEADER_NAME, f"a header's name is not UTF-8; {detail}", headers or [], topic_id)


def _letter(record: Message, reason: Reason, detail: str, headers: Headers, topic_id: str) -> DeadLetter:
    return DeadLetter(
        stage=MIRROR,
        position=BusPosition(record.topic() or "", record.partition() or 0, record.offset() or 0),
        reason=reason,
        detail=detail,
        status=PENDING,
        timestamp_ms=record.timestamp()[1],
        key=record.key(),
        value=record.value(),
        headers=headers,
        topic_id=topic_id,
    )
