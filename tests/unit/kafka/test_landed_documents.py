"""An event is read back as it was sent, whatever its keys mean to a driver."""

import json
from typing import Any

import bson
import pytest

from kafka.event_json import decode_event
from kafka.sinks.landed_documents import UNDECODED, LandedEvent, as_sent, batch_as_sent, events_as_sent

SENT = [
    '{"$ref":"x","$id":12,"collection":"view_product_detail"}',
    '{"$id":12,"$ref":"x","$db":"d"}',
    '{"$ref":7,"$id":null}',
    '{"$ref":"x"}',
    '{"a":[{"$ref":"x","$id":1},[{"b":{"$ref":"y","$id":{"$ref":"z","$id":1}}}]]}',
    '{"text":"$ref"}',
    '{"$oid":"5ec8015d71a3b936be7dc56d"}',
    '{"$date":1,"$numberLong":"1","$binary":"","$uuid":"","$regex":"(","$code":"","$timestamp":{"t":1,"i":1}}',
    '{"$set":{"a":1},"$where":"1","":{"":1},"a.b":1,".":2,"_id":{"_id":3}}',
    '{"n":9223372036854775807,"f":1.0,"e":1e308,"t":true,"z":null,"u":"\\u0000\\u00e9"}',
]


def stored(text: str) -> tuple[dict[str, Any], bytes]:
    document = {"_id": "t:00000:0", "event": decode_event(text.encode()), "kafka": {"key": b"\xff", "headers": None}}
    return document, bson.encode(document)


@pytest.mark.parametrize("text", SENT)
def test_an_event_is_read_back_as_sent(text: str) -> None:
    document, raw = stored(text)
    (read,) = bson.decode_all(raw, UNDECODED)
    assert as_sent(read) == document
    assert list(as_sent(read)["event"]) == list(json.loads(text))


def test_a_reference_among_others_changes_none_of_them() -> None:
    documents, raws = zip(*map(stored, SENT), strict=True)
    assert batch_as_sent(b"".join(raws)) == list(documents)
    assert batch_as_sent(b"".join(raw for raw in raws if b"$ref\0" not in raw)) == [
        document for document, raw in zip(documents, raws, strict=True) if b"$ref\0" not in raw
    ]


def test_a_store_without_documents_gives_none() -> None:
    assert batch_as_sent(b"") == []


BUS_TIME_MS = 1_753_369_484_123
RECORD = {"timestamp": BUS_TIME_MS, "key": b"k", "headers": None}


def landed(number: int, event: object, **others: Any) -> dict[str, Any]:
    return {"_id": f"t:00000:{number:019d}", "event": event, **others}


@pytest.mark.parametrize(
    "odd",
    [
        landed(7, {"a": 1}, kafka=RECORD, landed_at=1),
        landed(7, {"a": 1}, kafka={**RECORD, "timestamp": -1}),
        landed(7, {"a": 1}, kafka={"key": b"k", "timestamp": BUS_TIME_MS}),
        landed(7, {"a": 1}, landed_at=1, kafka=RECORD),
        landed(7, {"a": 1}, kafka=None),
        landed(7, {"a": 1}),
        landed(7, [1], kafka=RECORD),
        {"_id": "t:00000:7", "kafka": RECORD},
        {"_id": "t:00000:7"},
        {"_id": "é", "event": {"a": 1}, "kafka": RECORD},
        landed(7, {"a": 1, "event": {"kafka": {"timestamp": 1}}}, kafka=RECORD),
        landed(7, {}, kafka=RECORD),
        landed(7, {"$ref": "x", "$id": 1}, kafka=RECORD),
    ],
)
def test_an_event_is_the_same_whether_all_of_its_document_is_decoded_or_not(odd: dict[str, Any]) -> None:
    documents = [landed(1, {"n": 1}, kafka=RECORD, landed_at=1), odd, landed(2, {"n": 2}, kafka=RECORD)]
    expected = [
        LandedEvent(each["_id"], each.get("event"), (each.get("kafka") or {}).get("timestamp")) for each in documents
    ]
    assert events_as_sent(b"".join(map(bson.encode, documents))) == expected


def test_no_documents_are_no_events() -> None:
    assert events_as_sent(b"") == []
