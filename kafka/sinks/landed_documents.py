"""Landed documents read back as they were sent.

The driver makes an object of its own, a DBRef, of any document that has the keys `$ref` and `$id`: an event that holds
them would no longer be a mapping. Of the types that JSON has it is the only such one.
"""

from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Any, NamedTuple

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

UNDECODED = CodecOptions(document_class=RawBSONDocument)
"""Options for a collection whose documents are given to `as_sent`."""
_NAME_OF_A_REFERENCE = b"$ref\0"
# How a document begins that landing wrote (kafka/sinks/mongo.py), by https://bsonspec.org: elements of a type's byte,
# a name and a value. `_id` is a string, `event` and `kafka` are documents, its `timestamp` is a 64-bit integer.
_KEY, _EVENT, _TIMESTAMP = b"\x02_id\0", b"\x03event\0", b"\x12timestamp\0"
_RECORD = b"\x03kafka\0"
_LENGTH, _INTEGER = Struct("<i").unpack_from, Struct("<q").unpack_from


class LandedEvent(NamedTuple):
    """What a landed document tells: its `_id`, the event as sent, and the record's time on the bus as it is stored."""

    key: str
    event: Any
    timestamp: Any


def as_sent(document: RawBSONDocument) -> dict[str, Any]:
    """The document as plain dicts and lists."""
    plain: dict[str, Any] = _unfolded(document) if _NAME_OF_A_REFERENCE in document.raw else bson.decode(document.raw)
    return plain


def batch_as_sent(batch: bytes) -> list[dict[str, Any]]:
    """The documents of a raw batch, decoded at once where none may hold a reference."""
    if _NAME_OF_A_REFERENCE not in batch:
        return bson.decode_all(batch)
    return [as_sent(document) for document in bson.decode_all(batch, UNDECODED)]


def events_as_sent(batch: bytes) -> list[LandedEvent]:
    """The events of a raw batch of landed documents.

    Decoding is most of what reading costs: 10 us a document, 6 us its event alone. So where each document begins as
    landing writes it, the record's key and headers are not decoded.
    """
    heads = [_head(batch, start, end) for start, end in documents(batch)]
    known = [head for head in heads if head is not None]
    if len(known) < len(heads):
        return [_of(document) for document in batch_as_sent(batch)]
    events = batch_as_sent(b"".join(batch[start:end] for _, _, start, end in known))
    return [LandedEvent(key, event, milliseconds) for (key, milliseconds, *_), event in zip(known, events, strict=True)]


def _of(document: Mapping[str, Any]) -> LandedEvent:
    record = document.get("kafka")
    return LandedEvent(
        document["_id"], document.get("event"), record.get("timestamp") if isinstance(record, Mapping) else None
    )


def documents(batch: bytes) -> Iterator[tuple[int, int]]:
    """Where each document starts and ends."""
    start = 0
    while start < len(batch):
        end = start + _LENGTH(batch, start)[0]
        yield start, end
        start = end


def _head(batch: bytes, start: int, end: int) -> tuple[str, int, int, int] | None:
    """Key, milliseconds, and where the event starts and ends; None where the document does not begin so."""
    if not batch.startswith(_KEY, start + 4):
        return None
    key = start + 4 + len(_KEY) + 4
    element = key + _LENGTH(batch, key - 4)[0]
    event = element + len(_EVENT)
    if not batch.startswith(_EVENT, element):
        return None
    record = event + _LENGTH(batch, event)[0]
    timestamp = record + len(_RECORD) + 4
    if not (batch.startswith(_RECORD, record, end) and batch.startswith(_TIMESTAMP, timestamp, end)):
        return None
    milliseconds = _INTEGER(batch, timestamp + len(_TIMESTAMP))[0]
    return batch[key : element - 1].decode(), milliseconds, event, record


def _unfolded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _unfolded(inner) for name, inner in value.items()}
    return [_unfolded(inner) for inner in value] if isinstance(value, list) else value
