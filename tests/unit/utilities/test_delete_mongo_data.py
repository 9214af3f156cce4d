"""What the operator is told before the raw store is emptied."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import pytest
from confluent_kafka import Message

from config.errors import TerminalError, UnavailableError
from kafka.dead_letters.index import DeadLetterIndex, LetterHead
from kafka.dead_letters.letter import ERASED, PENDING, DeadLetter, Headers
from kafka.position import BusPosition
from kafka.record_time import ORIGINAL_TIMESTAMP_HEADER
from kafka.sinks.landing_holds import has_begun, new_hold
from kafka.sinks.mongo import MongoSink
from kafka.sinks.sink import BusLog
from tests.forgotten import forgotten
from utilities import delete_mongo_data
from utilities.delete_mongo_data import erased_on_the_bus, record_lost, returning_letters
from utilities.stores.emptying import Emptying, hold_landing, let_landing_begin


def partition(low: int | None, is_read: bool = True) -> Emptying:
    return Emptying("views", 2, low, 50, 0, 0, 0, 0, None, is_read)


def index(stage: str, status: str) -> DeadLetterIndex:
    letter = DeadLetter(stage, BusPosition("views", 2, 41), "not_json", "", status, 7, None, None, [])
    return DeadLetterIndex([LetterHead.of(letter, (0, 0))])


@pytest.mark.parametrize(
    ("stage", "status", "place", "told"),
    [
        ("landing", ERASED, partition(0), True),
        ("landing", ERASED, partition(41), True),
        ("landing", ERASED, partition(42), False),
        ("landing", ERASED, partition(None), False),
        ("landing", ERASED, partition(0, is_read=False), False),
        ("landing", PENDING, partition(0), False),
        ("indexer", ERASED, partition(0), False),
    ],
)
def test_records_of_erased_dead_letters_are_looked_for_where_the_landing_reads_them_again(
    stage: str, status: str, place: Emptying, told: bool
) -> None:
    found = erased_on_the_bus(index(stage, status), [place])
    assert found == ([BusPosition("views", 2, 41)] if told else [])


def test_dead_letters_that_come_back_because_nothing_tells_whose_they_are_are_counted() -> None:
    def record(key: bytes | None, value: bytes, time: int = 7, **told: bytes) -> Message:
        headers: Headers = [(ORIGINAL_TIMESTAMP_HEADER, value) for value in told.values()]
        return Message(
            topic="views", partition=2, offset=41, key=key, value=value, timestamp=(1, time), headers=headers or None
        )

    listed = forgotten({"4711": 7})
    known = [record(b"4711", b"broken"), record(None, b'{"user_id_db":"4711","price":NaN}')]
    known.append(record(b"4711", b"broken", time=8, original=b"6"))
    assert returning_letters(known, listed) == ""
    unknown = [record(None, b"broken 4711"), record(b"4711", b"broken", time=8)]
    assert "2 dead letters of forgotten visitors" in returning_letters([*known, *unknown], listed)


class Hold:
    """Stands in for the collection that holds the landing off."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = {row["_id"]: dict(row) for row in rows}

    def find(self) -> list[dict[str, Any]]:
        return list(self.rows.values())

    def insert_one(self, row: dict[str, Any]) -> None:
        assert row["_id"] not in self.rows
        self.rows[row["_id"]] = row

    def update_one(self, wanted: dict[str, Any], change: dict[str, Any]) -> Any:
        found = [row for row in self.rows.values() if row["_id"] == wanted["_id"]]
        for row in found:
            row.update(change["$set"])
        return SimpleNamespace(matched_count=len(found))

    def delete_many(self, wanted: dict[str, Any]) -> None:
        self.rows = {name: row for name, row in self.rows.items() if name not in wanted["_id"]["$in"]}


BROKEN_OFF = [
    {"_id": "4711", "since": datetime(2026, 11, 27, 8, tzinfo=UTC)},
    {"_id": "delete-raw", "by": "4712", "since": datetime(2026, 11, 27, 7, tzinfo=UTC)},
]
"""Of former versions; they do not say whether they had begun to delete."""
NOT_BEGUN = new_hold("4713", datetime(2026, 11, 27, 9, tzinfo=UTC))


class Deletion:
    """The steps of a run beside the store: what is held at each, and the one at which it is refused or broken off."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, hold: Hold, ends_at: str = "") -> None:
        self.done: list[str] = []
        self.held: list[bool] = []
        self._hold, self._ends_at = hold, ends_at
        self.store = cast(Any, SimpleNamespace(hold=hold, landing_group="landing"))
        ledger = SimpleNamespace(transaction=lambda _: self._step("ledger"))
        monkeypatch.setattr(delete_mongo_data, "_ledger", lambda: nullcontext(ledger))
        for name in ("_leave_group", "_set_beginning", "empty"):
            monkeypatch.setattr(delete_mongo_data, name, lambda *told, name=name: self._step(name, *told))

    def _step(self, name: str, *told: Any) -> int:
        self.done.append(name)
        self.held.append(bool(self._hold.rows))
        if name == self._ends_at:
            raise UnavailableError(name)
        if name in ("_set_beginning", "empty"):
            assert self._counted() in told
        return 60

    def _counted(self) -> list[Emptying]:
        """More once nothing can land any more than whoever was asked has seen."""
        return [partition(0)] * (2 if "_leave_group" in self.done else 1)

    def counted(self) -> list[Emptying]:
        self._step("counted")
        return self._counted()

    def run(self) -> None:
        found, deleted = delete_mongo_data._delete({}, self.store, self.counted)
        assert (found, deleted) == (self._counted(), 60)


STEPS = ["_leave_group", "counted", "_set_beginning", "ledger", "ledger", "empty"]


def test_what_is_deleted_is_counted_once_no_landing_runs_and_none_can_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    hold = Hold(*BROKEN_OFF)
    run = Deletion(monkeypatch, hold)
    run.run()
    assert (run.done, all(run.held)) == (STEPS, True)
    # All is deleted: the landing need not wait for what was broken off before.
    assert hold.rows == {}


def test_a_run_whose_hold_was_given_up_meanwhile_deletes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    hold = Hold()
    run = Deletion(monkeypatch, hold)
    monkeypatch.setattr(delete_mongo_data, "_set_beginning", lambda *_: hold.rows.clear())
    with pytest.raises(TerminalError, match="has let the landing begin: nothing was deleted"):
        run.run()
    assert "empty" not in run.done


def test_what_had_not_begun_to_delete_is_given_up_and_what_had_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    store = cast(Any, SimpleNamespace(hold=Hold(NOT_BEGUN), name="db.events"))
    with patch.object(delete_mongo_data, "_ledger", nullcontext):
        assert delete_mongo_data._give_up(store) == 0
        assert (store.hold.rows, capsys.readouterr().out) == ({}, "nothing keeps a landing from db.events\n")
        store.hold = Hold(NOT_BEGUN, BROKEN_OFF[0])
        with pytest.raises(TerminalError, match=r"may be gone since 2026-11-27T08:00:00Z.*run ./millrace delete-raw"):
            delete_mongo_data._give_up(store)
        assert list(store.hold.rows) == ["4711"]


@pytest.mark.parametrize("ends_at", STEPS)
@pytest.mark.parametrize("before", [[], BROKEN_OFF])
def test_a_run_that_is_refused_takes_no_hold_away_of_what_may_be_deleting_and_one_broken_off_leaves_its_own(
    ends_at: str, before: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = Hold(*before, NOT_BEGUN)
    run = Deletion(monkeypatch, hold, ends_at)
    with pytest.raises(UnavailableError, match=ends_at):
        run.run()
    assert all(run.held)
    # The server may still be deleting for one that was broken off.
    own = 1 if ends_at == "empty" else 0
    assert len(hold.rows) == len(before) + own
    assert all(has_begun(row) for row in hold.find())
    assert all(row in hold.find() for row in before)


def test_a_landing_that_waits_is_told_to_be_stopped_before_the_raw_store_is_emptied_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold = Hold(BROKEN_OFF[0])
    database = SimpleNamespace(get_collection=lambda name, **_: hold)
    sink = MongoSink(cast(Any, {"db": database}), "db", "events", "host:27017", forgotten())
    with pytest.raises(UnavailableError, match="where it was broken off, stop the landing and run it again"):
        sink.marks(BusLog("views", ""))
    # As a member of the group it keeps whoever does not stop it from deleting, and waits on.
    with pytest.raises(UnavailableError, match="_leave_group"):
        Deletion(monkeypatch, hold, "_leave_group").run()
    with pytest.raises(UnavailableError, match="since 2026-11-27T08:00:00Z"):
        sink.marks(BusLog("views", ""))
    hold.rows = {"4713": NOT_BEGUN}
    with pytest.raises(UnavailableError, match=r"since 2026-11-27T09.*./millrace delete-raw --give-up lets"):
        sink.marks(BusLog("views", ""))


def test_of_two_that_delete_the_first_to_end_does_not_let_the_landing_begin() -> None:
    store = cast(Any, SimpleNamespace(hold=Hold()))
    first, second = hold_landing(store), hold_landing(store)
    let_landing_begin(store, [first])
    assert list(store.hold.rows) == [second]
    let_landing_begin(store, [second])
    assert store.hold.rows == {}


def test_documents_of_a_former_topic_are_said_to_be_lost() -> None:
    assert "views:2 has 0 of a former topic, which the landing does not read" in partition(0, is_read=False).why


def test_all_of_a_former_or_missing_topic_is_lost_and_else_what_the_bus_no_longer_keeps() -> None:
    ledger: list[tuple[object, ...]] = []

    class Warehouse:
        """Stands in for the ledger, whose ETL has read 100 offsets of views:2 and has noted that 10 are gone."""

        def execute(self, statement: str, values: dict[str, object] | None = None) -> Any:
            if values is None:
                return SimpleNamespace(fetchall=lambda: [("views", 2, 100, 10)])
            ledger.append((values["since"], values["until"], values["rows"]))
            return None

    store = cast(Any, SimpleNamespace(others=list, count=lambda topic, partition, until, since: until - since))
    for low, is_read in ((40, True), (400, True), (None, True), (0, False), (0, True), (10, True)):
        record_lost(cast(Any, Warehouse()), store, [replace(partition(low, is_read), lost=7)])
    record_lost(cast(Any, Warehouse()), store, [partition(40)])  # of which nothing is lost
    assert ledger == [(10, 40, 30), (10, 100, 90), (10, 100, 90), (10, 100, 90)]
