"""What becomes of each record of a batch on its way into MongoDB."""

from typing import Any, cast

import pytest
from bson import encode
from confluent_kafka import Message
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, BulkWriteError, OperationFailure, ServerSelectionTimeoutError

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from kafka.dead_letter_reasons import Reason
from kafka.mongo_sink import MongoSink, explain
from kafka.sink import BusLog, Written

Document = dict[str, Any]


class Collection:
    """Stands in for a collection: encodes as the driver does, and answers with prepared errors."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.documents: list[Document] = []
        self.marks: list[Document] = []

    def insert_many(self, documents: list[Document], ordered: bool) -> Any:
        assert not ordered
        for document in documents:
            encode(document)
        if self.errors:
            raise self.errors.pop(0)
        self.documents += documents
        return type("Result", (), {"inserted_ids": [document["_id"] for document in documents]})

    def find(self, _: Document) -> list[Document]:
        return self.marks


def sink_of(collection: Collection) -> MongoSink:
    database = {"events": collection, "events_landing_watermarks": collection}
    return MongoSink(cast(MongoClient[Document], {"db": database}), "db", "events", "host:27017")


def messages(*values: bytes | None) -> list[Message]:
    return [
        Message(
            topic="t", partition=2, offset=40 + i, value=value, key=b"k", headers=[("h", b"\xff")], timestamp=(1, 7)
        )
        for i, value in enumerate(values)
    ]


def reasons(written: Written) -> list[Reason]:
    return [error.reason for _, error in written.dead]


def refused(*write_errors: Document, inserted: int = 0, concern: list[Document] | None = None) -> BulkWriteError:
    details = {"writeErrors": list(write_errors), "nInserted": inserted, "writeConcernErrors": concern or []}
    return BulkWriteError(details)


def test_a_document_is_the_event_as_sent_under_its_bus_position() -> None:
    collection = Collection()
    written = sink_of(collection).write(messages(b'{"a":{"b":[1]}}'))
    (document,) = collection.documents
    assert document.pop("landed_at").tzinfo is not None
    assert document == {
        "_id": "t:00002:0000000000000000040",
        "event": {"a": {"b": [1]}},
        "kafka": {"timestamp": 7, "key": b"k", "headers": [{"name": "h", "value": b"\xff"}]},
    }
    assert (written.stored, written.already, written.dead) == (1, 0, [])


def test_a_bad_record_does_not_hold_up_the_others() -> None:
    written = sink_of(Collection()).write(messages(b"{}", b"broken", None, b"{}"))
    assert written.stored == 2
    assert reasons(written) == [Reason.NOT_JSON, Reason.NULL_VALUE]


def test_a_duplicate_id_was_landed_before() -> None:
    duplicate = {"index": 1, "code": 11000, "keyPattern": {"_id": 1}}
    written = sink_of(Collection(refused(duplicate, inserted=1))).write(messages(b"{}", b"{}"))
    assert (written.stored, written.already, written.dead) == (1, 1, [])


def test_a_duplicate_in_another_index_was_not_landed() -> None:
    duplicate = {"index": 0, "code": 11000, "keyPattern": {"event.id": 1}, "errmsg": "E11000"}
    written = sink_of(Collection(refused(duplicate))).write(messages(b"{}"))
    assert (written.already, reasons(written)) == (0, [Reason.REFUSED_BY_MONGODB])


def test_only_the_document_that_the_server_refuses_is_dead_with_its_words() -> None:
    refusal = {"index": 2, "code": 121, "errmsg": "Document failed validation"}
    written = sink_of(Collection(refused(refusal, inserted=1))).write(messages(b"bad", b"{}", b"{}", b'{"a":1}'))
    assert reasons(written) == [Reason.NOT_JSON, Reason.REFUSED_BY_MONGODB]
    message, error = written.dead[1]
    assert message.value() == b'{"a":1}'
    assert "Document failed validation" in error.detail


def test_a_document_beyond_the_limit_of_bson_is_too_large() -> None:
    written = sink_of(Collection(refused({"index": 0, "code": 10334, "errmsg": "too large"}))).write(messages(b"{}"))
    assert reasons(written) == [Reason.TOO_LARGE]


def test_a_document_that_bson_cannot_hold_leaves_the_rest_of_the_batch() -> None:
    collection = Collection()
    batch = messages(b"{}", b"{}")
    batch[1].set_headers([("bad\0name", b"")])  # a value, so it is sound
    batch[0].set_headers([("\ud800", b"")])  # a name that UTF-8 cannot encode
    written = sink_of(collection).write(batch)
    assert reasons(written) == [Reason.REFUSED_BY_MONGODB]
    assert [document["_id"][-2:] for document in collection.documents] == ["41"]


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("closed"),
        ServerSelectionTimeoutError("refused"),
        OperationFailure("not primary", 10107),
        refused({"index": 0, "code": 11600, "errmsg": "interrupted at shutdown"}),
        refused(concern=[{"code": 64, "errmsg": "waiting for replication timed out"}]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_broken_server_is_not_a_bad_event(error: Exception) -> None:
    with pytest.raises(UnavailableError, match="host:27017"):
        sink_of(Collection(error)).write(messages(b"{}"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OperationFailure("Authentication failed.", 18), AccessError),
        (OperationFailure("not authorized", 13), AccessError),
        (OperationFailure("unknown command", 59), TerminalError),
    ],
)
def test_what_waiting_does_not_mend_stops_the_stage(error: OperationFailure, kind: type[MillraceError]) -> None:
    assert isinstance(explain(error, "inserting"), kind)


def test_events_of_a_topic_made_anew_are_not_taken_for_those_landed_before() -> None:
    collection = Collection()
    collection.marks = [{"_id": "t:00000", "topic": "t", "topic_id": "old", "next_offset": 5}]
    with pytest.raises(TerminalError, match="delete_mongo_data"):
        sink_of(collection).setup(BusLog("t", "new"))
    sink_of(collection).setup(BusLog("t", "old"))
