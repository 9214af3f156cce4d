"""What becomes of each record of a batch on its way into MongoDB."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from bson import encode
from bson.errors import BSONError
from confluent_kafka import Message
from pymongo import MongoClient, WriteConcern
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    InvalidOperation,
    OperationFailure,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from kafka.dead_letter_reasons import Reason
from kafka.dead_letters.letter import Headers
from kafka.record_time import ORIGINAL_TIMESTAMP_HEADER
from kafka.sinks.mongo import MongoSink, _refused_by_bson, explain
from kafka.sinks.sink import BusLog, LostMarksError, StoreMark, Written
from tests.forgotten import forgotten

Document = dict[str, Any]


class Collection:
    """Stands in for a collection: encodes as the driver does, and answers with prepared errors."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.documents: list[Document] = []
        self.marks: list[Document] = []
        self.holds: list[Document] = []
        self.write_concerns: list[WriteConcern] = []

    def get_collection(self, _: str, write_concern: WriteConcern | None = None) -> "Collection":
        self.write_concerns += [write_concern] if write_concern else []
        return self

    def insert_many(self, documents: list[Document], ordered: bool) -> Any:
        assert not ordered
        for document in documents:
            encode(document)
        if self.errors:
            raise self.errors.pop(0)
        self.documents += documents
        return type("Result", (), {"inserted_ids": [document["_id"] for document in documents]})

    def find(self, wanted: Document | None = None, fields: Document | None = None) -> list[Document]:
        if wanted and fields:
            return [document for document in self.documents if document["_id"] in wanted["_id"]["$in"]]
        return self.marks if wanted else self.holds

    def update_one(self, *_: Document, upsert: bool = False) -> None:
        if self.errors:
            raise self.errors.pop(0)


def sink_of(collection: Collection) -> MongoSink:
    client = cast(MongoClient[Document], {"db": collection})
    return MongoSink(client, "db", "events", "host:27017", forgotten({"4711": 7}))


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


def test_of_a_forgotten_visitors_event_its_position_is_landed() -> None:
    collection = Collection()
    written = sink_of(collection).write(messages(b'{"user_id_db":"4711","ip":"203.0.113.0"}', b'{"user_id_db":"47"}'))
    emptied, kept = collection.documents
    assert emptied.pop("erased_at") == emptied.pop("landed_at")
    assert emptied == {
        "_id": "t:00002:0000000000000000040",
        "event": {},
        "kafka": {"timestamp": 7, "key": None, "headers": None},
    }
    assert kept["event"] == {"user_id_db": "47"} and "erased_at" not in kept
    assert written.stored == 2


@pytest.mark.parametrize(("told", "held"), [([b"7"], True), ([b"9", b"6"], True), ([b"8"], False), ([b"soon"], False)])
def test_a_copy_with_the_present_time_is_judged_by_the_time_of_its_record(told: list[bytes], held: bool) -> None:
    headers: Headers = [(ORIGINAL_TIMESTAMP_HEADER, each) for each in told]
    value = b'{"user_id_db":"4711","ip":"203.0.113.0"}'
    copy = Message(topic="t", partition=2, offset=40, value=value, headers=headers, timestamp=(1, 10_000))
    collection = Collection()
    sink_of(collection).write([copy])
    (landed,) = collection.documents
    assert ("erased_at" in landed, landed["kafka"]["timestamp"]) == (held, 10_000)


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


def test_an_acknowledged_event_and_its_watermark_outlive_a_crash_of_the_server() -> None:
    collection = Collection()
    sink_of(collection)
    asked = [concern.document for concern in collection.write_concerns]
    assert [(concern.get("w"), concern.get("j")) for concern in asked] == [("majority", True)] * 2


@pytest.mark.parametrize(
    ("code", "words"),
    [(10334, "BSONObj size"), (2, "object to insert too large. size in bytes: 17"), (17280, "")],
)
def test_a_document_beyond_the_limit_of_bson_is_too_large(code: int, words: str) -> None:
    written = sink_of(Collection(refused({"index": 0, "code": code, "errmsg": words}))).write(messages(b"{}"))
    assert reasons(written) == [Reason.TOO_LARGE]


@pytest.mark.parametrize("code", [15, 22, 52, 55, 121, 171])
def test_a_fault_of_the_document_is_a_dead_letter(code: int) -> None:
    written = sink_of(Collection(refused({"index": 0, "code": code, "errmsg": "why"}))).write(messages(b"{}"))
    assert reasons(written) == [Reason.REFUSED_BY_MONGODB]


def test_a_document_that_bson_cannot_hold_leaves_the_rest_of_the_batch() -> None:
    collection = Collection()
    batch = messages(b"{}", b"{}")
    batch[1].set_headers([("bad\0name", b"")])  # a value, so it is sound
    batch[0].set_headers([("\ud800", b"")])  # a name that UTF-8 cannot encode
    written = sink_of(collection).write(batch)
    assert reasons(written) == [Reason.REFUSED_BY_MONGODB]
    assert [document["_id"][-2:] for document in collection.documents] == ["41"]


NO_ROOM = {"index": 1, "code": 14031, "errmsg": "Cannot take a checkpoint: No space left on device"}


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("closed"),
        ServerSelectionTimeoutError("refused"),
        OperationFailure("not primary", 10107),
        OperationFailure("internal error", 1),
        OperationFailure("of a later version", 99_999),
        WTimeoutError("waiting for replication timed out", 64),
        refused({"index": 0, "code": 11600, "errmsg": "interrupted at shutdown"}),
        refused(NO_ROOM),
        refused({"index": 0, "code": 2, "errmsg": "cannot use this now"}),
        refused({"index": 0, "code": 99_999, "errmsg": "of a later version"}),
        refused({"index": 0, "code": 121, "errmsg": "Document failed validation"}, NO_ROOM),
        refused(concern=[{"code": 64, "errmsg": "waiting for replication timed out"}]),
        refused({"index": 0, "code": 121, "errmsg": "no"}, concern=[{"code": 91, "errmsg": "shutting down"}]),
    ],
    ids=str,
)
def test_a_broken_server_is_not_a_bad_event(error: Exception) -> None:
    with pytest.raises(UnavailableError, match="host:27017"):
        sink_of(Collection(error)).write(messages(b"{}", b"{}"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OperationFailure("Authentication failed.", 18), AccessError),
        (OperationFailure("not authorized", 13), AccessError),
        (OperationFailure("unknown command", 59), TerminalError),
        (InvalidOperation("client is closed"), TerminalError),
    ],
)
def test_what_waiting_does_not_mend_stops_the_stage(error: OperationFailure, kind: type[MillraceError]) -> None:
    assert isinstance(explain(error, "inserting"), kind)


@pytest.mark.parametrize("code", [13, 18])
def test_a_login_that_was_taken_before_is_waited_for_when_it_is_refused(code: int) -> None:
    collection = Collection()
    sink = sink_of(collection)
    collection.errors = [OperationFailure("refused", code)]
    with pytest.raises(AccessError):
        sink.write(messages(b"{}"))
    sink.write(messages(b"{}"))
    collection.errors = [OperationFailure("refused", code)]
    with pytest.raises(UnavailableError, match=r"MONGO_LANDING_PASSWORD|readWrite"):
        sink.write(messages(b"{}"))


OF_ANOTHER_LOG = {"_id": "t:00000", "topic": "t", "partition": 0, "topic_id": "old", "next_offset": 5}


def test_events_of_a_topic_made_anew_are_not_taken_for_those_landed_before() -> None:
    collection = Collection()
    collection.marks = [OF_ANOTHER_LOG]
    with pytest.raises(TerminalError, match=r"topic t was made anew.*millrace new-generation"):
        sink_of(collection).setup(BusLog("t", "new"))
    sink_of(collection).setup(BusLog("t", "old"))
    sink_of(collection).setup(BusLog("t", ""))


def test_a_mark_of_another_log_is_not_overwritten() -> None:
    collection = Collection(DuplicateKeyError("E11000", 11000))
    collection.marks = [OF_ANOTHER_LOG]
    with pytest.raises(TerminalError, match="made anew"):
        sink_of(collection).reached(BusLog("t", "new"), {0: StoreMark(7, "new")})


def test_two_that_make_the_first_mark_at_once_are_not_told_of_another_log() -> None:
    collection = Collection(DuplicateKeyError("E11000", 11000))
    with pytest.raises(UnavailableError, match="another process"):
        sink_of(collection).reached(BusLog("t", "new"), {0: StoreMark(7, "new")})


def test_what_was_stored_and_is_gone_before_it_is_told_lands_again() -> None:
    collection = Collection()
    sink = sink_of(collection)
    sink.write(messages(b"{}", b"{}", b"broken"))
    sink.reached(BusLog("t", ""), {})
    (last,) = [document for document in collection.documents if document["_id"].endswith("41")]
    # A backup of a moment ago: the mark in it is the one that this landing knows.
    collection.documents.remove(last)
    for told in ({2: StoreMark(43)}, {0: StoreMark(1)}):
        with pytest.raises(LostMarksError, match="no longer has what this landing stored"):
            sink.reached(BusLog("t", ""), told)
    assert sink.marks(BusLog("t", "")) == {}
    sink.reached(BusLog("t", ""), {0: StoreMark(1)})


def test_what_is_told_may_be_removed() -> None:
    collection = Collection()
    sink = sink_of(collection)
    for batch in ([b"{}", b"{}"], [b"broken"]):
        sink.write(messages(*batch))
    sink.reached(BusLog("t", ""), {2: StoreMark(42)})
    collection.documents.clear()
    collection.marks = [{"_id": "t:00002", "topic": "t", "partition": 2, "next_offset": 42}]
    sink.reached(BusLog("t", ""), {})


IDLE = {"_id": "t:00001", "topic": "t", "partition": 1, "next_offset": 5}


@pytest.mark.parametrize("restored", [[], [{**IDLE, "next_offset": 4}], [{**IDLE, "emptied": "4711"}]])
def test_a_record_of_any_partition_shows_that_the_mark_of_another_was_lowered(restored: list[Document]) -> None:
    collection = Collection()
    collection.marks = [IDLE]
    sink = sink_of(collection)
    sink.marks(BusLog("t", ""))
    collection.marks = [{**IDLE, "next_offset": 6}]  # another process has that partition by now
    sink.reached(BusLog("t", ""), {})
    collection.marks = restored
    with pytest.raises(LostMarksError, match="no longer those that this landing went on from"):
        sink.reached(BusLog("t", ""), {3: StoreMark(1)})


def test_a_mark_of_an_earlier_version_can_be_read() -> None:
    collection = Collection()
    collection.marks = [OF_ANOTHER_LOG, {**OF_ANOTHER_LOG, "partition": 1, "leader_epoch": 3, "skipped": 2}]
    assert sink_of(collection).marks(BusLog("t", "old")) == {0: StoreMark(5, "old"), 1: StoreMark(5, "old", 3, 2)}


def test_a_landing_does_not_begin_while_its_collection_is_emptied() -> None:
    collection = Collection()
    collection.holds = [{"_id": "delete-raw", "since": datetime(2026, 11, 27, 8, tzinfo=UTC)}]
    for ask in (sink_of(collection).marks, sink_of(collection).setup):
        with pytest.raises(UnavailableError, match=r"delete-raw empties db\.events .* since 2026-11-27T08:00:00Z"):
            ask(BusLog("t", "id"))


def test_what_the_driver_quotes_of_a_document_is_scrubbed_before_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> bytes:
        raise BSONError("cannot encode " + "x " * 137 + "4111 1111 1111 1111")

    monkeypatch.setattr("kafka.sinks.mongo.bson.encode", refuse)
    error = _refused_by_bson({})
    assert error is not None and error.reason is Reason.REFUSED_BY_MONGODB
    assert error.detail.endswith("x ***")
