"""Emptying the raw store beside whoever fills or reads it: what lands meanwhile is not lost, a run is not disturbed."""

import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from confluent_kafka import Message, TopicPartition
from confluent_kafka.admin import AdminClient

from config.errors import UnavailableError, UnderWayError
from config.operator_logins import OperatorKafkaSettings, WarehouseSettings
from config.settings import PROJECT_ROOT, MongoSettings
from kafka.sinks.landing_names import landing_hold, landing_watermarks
from kafka.sinks.mongo import MongoSink, connect
from kafka.sinks.sink import BusLog, LostMarksError, StoreMark
from spark.ledger import Ledger
from tests.events import FIRST_SECOND, view, views
from tests.forgotten import forgotten
from tests.pipeline import Pipeline, eventually, wait_for_line
from utilities.delete_mongo_data import record_lost
from utilities.retention.raw_events import note_kept_from
from utilities.stores import emptying
from utilities.stores.raw_store import RawStore
from utilities.stores.warehouse import operator_login

pytestmark = pytest.mark.servers

DELETE_RAW = "utilities.delete_mongo_data"
COUNTED_AS_REMOVED = """
INSERT INTO etl.removed (what, bus_topic, bus_partition, until_offset, rows) VALUES ('raw events', %s, 0, 4, 4)
"""


@contextmanager
def asked(pipeline: Pipeline) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A `delete-raw` that has counted and asks, and where to type the answer."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        pipeline.command(DELETE_RAW),
        cwd=PROJECT_ROOT,
        env={**pipeline.environment, "PYTHONUNBUFFERED": "1"},
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    pipeline.processes.append(process)
    try:
        assert process.stdout is not None
        question = process.stdout.read(1)
        while "Type yes" not in question:
            assert process.poll() is None, process.communicate()
            question += process.stdout.read(1)
        yield controller, process
    finally:
        os.close(terminal)
        os.close(controller)


def ledger_of(pipeline: Pipeline, command: str = "etl") -> Ledger:
    with patch.dict(os.environ, pipeline.environment):
        return Ledger(operator_login(WarehouseSettings.load(), command))


@contextmanager
def landing_sink(pipeline: Pipeline) -> Iterator[MongoSink]:
    settings = MongoSettings.load()
    client = connect(settings, "landing", pipeline.servers.secrets.reveal("mongo_landing_password"), 1)
    collection = pipeline.environment["MONGO_COLLECTION"]
    with closing(MongoSink(client, settings.mongo_db, collection, "the raw store", forgotten())) as sink:
        yield sink


def land(pipeline: Pipeline, events: int, partition: int) -> None:
    pipeline.produce_events(views(events), partition)
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.landing")


def test_what_lands_while_it_is_asked_lands_again_and_nothing_is_held_off_by_a_question(pipeline: Pipeline) -> None:
    land(pipeline, 30, partition=0)
    with asked(pipeline) as (terminal, process):
        # The first records of a partition: there was neither a document nor a mark of it when they were counted.
        land(pipeline, 40, partition=1)
        with ledger_of(pipeline):
            pass
        os.write(terminal, b"yes\n")
        told, problem = process.communicate(timeout=60)
    assert process.returncode == 0, problem
    assert "deleted 70 documents" in told
    with pipeline.raw() as raw:
        assert raw.count_documents({}) == 0
        pipeline.run("kafka.landing")
        assert raw.count_documents({}) == 70


def test_the_raw_store_is_not_emptied_beside_a_run_of_the_etl(pipeline: Pipeline) -> None:
    land(pipeline, 30, partition=0)
    with ledger_of(pipeline):
        refused = pipeline.attempt(DELETE_RAW, "--yes")
    assert (refused.returncode, refused.stderr.count("\n")) == (UnderWayError.exit_status, 1)
    assert "another run of the ETL is under way" in refused.stderr
    with pipeline.raw() as raw:
        assert raw.count_documents({}) == 30


def test_who_holds_the_lock_of_the_runs_is_named(pipeline: Pipeline) -> None:
    land(pipeline, 30, partition=0)
    held = ledger_of(pipeline, "delete-raw")
    with held, pytest.raises(UnderWayError, match=r"^\./millrace delete-raw is under way"), ledger_of(pipeline):
        pass


def test_a_landing_that_slept_while_the_store_was_emptied_does_not_say_that_it_has_landed(pipeline: Pipeline) -> None:
    land(pipeline, 30, partition=0)
    log = BusLog(pipeline.topic, "")
    with landing_sink(pipeline) as asleep, pipeline.raw() as raw:
        assert asleep.marks(log)[0].next_offset >= 30
        pipeline.run(DELETE_RAW, "--yes")
        for partition in (0, 1):
            with pytest.raises(UnavailableError, match="no longer those that this landing went on from"):
                asleep.reached(log, {partition: StoreMark(40)})
        assert asleep.marks(log) == {}
        asleep.reached(log, {0: StoreMark(10)})
        assert asleep.marks(log) == {0: StoreMark(10)}
        marks = raw.database[landing_watermarks(raw.name)]
        restored = {"$set": {"next_offset": 5}}
        for lost in (lambda: marks.update_one({"partition": 0}, restored), lambda: marks.delete_many({})):
            lost()
            with pytest.raises(LostMarksError, match="no longer those that this landing went on from"):
                asleep.reached(log, {0: StoreMark(20)})
        pipeline.run("kafka.landing")
        assert raw.count_documents({}) == 30


def test_a_landing_that_stored_before_a_restore_and_tells_after_it_does_not_say_that_it_has_landed(
    pipeline: Pipeline,
) -> None:
    log = BusLog(pipeline.topic, "")
    batch = [Message(topic=pipeline.topic, partition=0, offset=offset, value=b"{}") for offset in range(30, 32)]
    with landing_sink(pipeline) as landing, pipeline.raw() as raw:
        landing.marks(log)
        landing.reached(log, {0: StoreMark(30), 1: StoreMark(30)})
        assert landing.write(batch).stored == 2
        # Of a backup that was made while this landing ran and nothing came: its mark is the one that is known.
        raw.delete_many({})
        with pytest.raises(LostMarksError, match="no longer has what this landing stored"):
            landing.reached(log, {0: StoreMark(32)})
        assert landing.marks(log) == {0: StoreMark(30), 1: StoreMark(30)}
        assert landing.write(batch).stored == 2
        landing.reached(log, {0: StoreMark(32)})
        assert landing.write(batch).already == 2
        landing.reached(log, {0: StoreMark(33)})
        assert landing.marks(log) == {0: StoreMark(33), 1: StoreMark(30)}


def test_what_a_restore_took_lands_again_with_the_next_record_of_any_partition(pipeline: Pipeline) -> None:
    land(pipeline, 30, partition=0)
    land(pipeline, 30, partition=1)
    landing = pipeline.start("kafka.landing", "--follow")
    wait_for_line(landing, "partitions are assigned")
    with pipeline.raw() as raw:
        marks = raw.database[landing_watermarks(raw.name)]
        backup, documents = list(marks.find()), [row["_id"] for row in raw.find()]

        def told(events: int, partition: int) -> None:
            before = marks.find_one({"partition": partition})
            pipeline.produce_events(views(events), partition)
            pipeline.run("kafka.mirror")
            eventually(lambda: marks.find_one({"partition": partition}) != before)

        told(20, partition=1)
        raw.delete_many({"_id": {"$nin": documents}})
        for mark in backup:
            marks.replace_one({"_id": mark["_id"]}, mark)
        told(5, partition=0)
        eventually(lambda: raw.count_documents({}) == 85)


def test_what_retention_removes_after_the_store_was_emptied_does_not_land_again(pipeline: Pipeline) -> None:
    land(pipeline, 30, partition=0)
    pipeline.run(DELETE_RAW, "--yes")
    with patch.dict(os.environ, pipeline.environment), RawStore.connect() as store:
        assert store.marks() == {}
        note_kept_from(store, pipeline.topic, 0, 20)
        assert store.marks()[pipeline.topic, 0].next_offset == 20
        note_kept_from(store, pipeline.topic, 0, 10)
        assert store.marks()[pipeline.topic, 0].next_offset == 20


def lose_on_the_bus(pipeline: Pipeline) -> None:
    """As the topic's retention does."""
    admin, whole = AdminClient(pipeline.local_client("admin")), TopicPartition(pipeline.topic, 0, -1)
    admin.delete_records([whole])[whole].result()


def test_what_was_given_up_does_not_keep_the_rest_from_being_loaded_again(pipeline: Pipeline) -> None:
    # The last one's clock says 2038: its event is rejected, and tells of no day.
    pipeline.produce_events([*views(9), view(9, time_stamp=2_150_000_000)], 0)
    land(pipeline, 0, partition=0)
    pipeline.run("etl")
    lose_on_the_bus(pipeline)
    pipeline.run(DELETE_RAW, "--yes-lose", "10")
    day_later = FIRST_SECOND + 86_400
    pipeline.produce_events([view(20, time_stamp=day_later), view(21, product_id=None, time_stamp=day_later)], 0)
    for stage in ("kafka.mirror", "kafka.landing", "etl"):
        pipeline.run(stage)
    with pipeline.raw() as raw:
        raw.update_one({"event.id": view(21)["id"]}, {"$set": {"event.product_id": "80021"}})
    pipeline.run("etl", "--replay-rejected")
    for again in (["--full-refresh"], ["--from-date", "2026-01-01", "--to-date", "2026-01-02"]):
        refused = pipeline.attempt("etl", *again)
        assert refused.returncode == 1
        assert "the first day that can be loaded again is 2026-01-02" in refused.stdout + refused.stderr
    pipeline.run("etl", "--from-date", "2026-01-02", "--to-date", "2026-01-02")
    assert pipeline.value("SELECT count(*) FROM fact_event") == 11
    assert pipeline.rows("SELECT rule FROM etl.rejected_event") == [("time_in_future",)]
    # One more than the last one's position: the mirror may have copied the ten in two transactions.
    ((until, *removed),) = pipeline.rows("SELECT until_offset, rows, last_date::text FROM etl.removed")
    assert until >= 10 and removed == [10, "2026-01-01"]


def test_an_old_collection_is_emptied_and_what_has_landed_elsewhere_is_not_lost(pipeline: Pipeline) -> None:
    old = pipeline.environment["MONGO_COLLECTION"]
    land(pipeline, 10, partition=0)
    pipeline.run("etl")
    pipeline.environment["MONGO_COLLECTION"] = f"{old}_new"
    pipeline.run("kafka.landing")
    lose_on_the_bus(pipeline)
    with patch.dict(os.environ, pipeline.environment), RawStore.connect() as new, pipeline.warehouse() as owner:
        partitions = emptying.emptying(new.sibling(old), OperatorKafkaSettings.load().client(), pipeline.topic)
        event = new.collection.find_one_and_delete({})
        assert event is not None
        with owner.transaction(force_rollback=True):
            record_lost(owner, new.sibling(old), partitions)
            assert owner.execute("SELECT rows FROM etl.removed").fetchall() == [(10,)], "nine of ten are not all"
        new.collection.insert_one(event)
    pipeline.run(DELETE_RAW, "--yes-lose", "10", MONGO_COLLECTION=old)
    assert pipeline.rows("SELECT FROM etl.removed") == []
    pipeline.run("etl", "--from-date", "2026-01-01", "--to-date", "2026-01-01")
    with pipeline.warehouse() as owner:
        owner.execute(COUNTED_AS_REMOVED, [pipeline.topic])
    asked_first = pipeline.attempt("utilities.retention", "--raw-older-than", "90d")
    assert asked_first.returncode == 1
    assert "below 4, which count as removed" in asked_first.stdout and "to ask on" in asked_first.stderr
    with pipeline.raw() as raw:
        assert raw.count_documents({}) == 10
    pipeline.run("utilities.retention", "--raw-older-than", "90d", "--yes")
    with pipeline.raw() as raw:
        assert raw.count_documents({}) == 6


def test_a_process_that_was_suspended_while_the_store_was_emptied_lands_all_again(pipeline: Pipeline) -> None:
    land(pipeline, 30, partition=0)
    landing = pipeline.start("kafka.landing", "--follow")
    pipeline.produce_events(views(10), partition=1)
    pipeline.run("kafka.mirror")
    with pipeline.raw() as raw:
        eventually(lambda: raw.count_documents({}) == 40)
        landing.send_signal(signal.SIGSTOP)
        eventually(lambda: pipeline.attempt(DELETE_RAW, "--yes").returncode == 0)
        assert raw.count_documents({}) == 0
        landing.send_signal(signal.SIGCONT)
        eventually(lambda: raw.count_documents({}) == 40)


def test_a_deletion_that_was_broken_off_before_it_deleted_can_be_given_up(pipeline: Pipeline) -> None:
    land(pipeline, 30, partition=0)
    with patch.dict(os.environ, pipeline.environment), RawStore.connect() as store:
        emptying.hold_landing(store)
    waiting = pipeline.attempt("kafka.landing", RETRY_SECONDS="1")
    assert waiting.returncode == 1 and "--give-up lets the landing begin" in waiting.stderr
    refused = pipeline.attempt(DELETE_RAW, "--yes-lose", "7")
    assert refused.returncode == 1 and "no landing begins: ./millrace delete-raw is about to empty" in refused.stdout
    with ledger_of(pipeline, "delete-raw"):
        beside = pipeline.attempt(DELETE_RAW, "--give-up")
    assert beside.returncode == UnderWayError.exit_status and "./millrace delete-raw is under way" in beside.stderr
    assert "nothing keeps a landing from" in pipeline.run(DELETE_RAW, "--give-up")
    with pipeline.raw() as raw:
        pipeline.run("kafka.landing")
        assert raw.count_documents({}) == 30


def test_a_deletion_that_was_broken_off_holds_the_landing_until_another_has_ended(pipeline: Pipeline) -> None:
    land(pipeline, 30, partition=0)
    landing = pipeline.start("kafka.landing", "--follow")
    with pipeline.raw() as raw:
        pipeline.produce_events(views(10), partition=1)
        pipeline.run("kafka.mirror")
        eventually(lambda: raw.count_documents({}) == 40)
        hold = raw.database[landing_hold(raw.name)]
        hold.insert_one({"_id": "broken off", "since": datetime.now(UTC)})
        refused = pipeline.attempt(DELETE_RAW, "--yes")
        assert refused.returncode == 1 and "the landing is running: stop it" in refused.stderr
        assert ([row["_id"] for row in hold.find()], raw.count_documents({})) == (["broken off"], 40)
        landing.terminate()
        landing.wait(60)
        waiting = pipeline.attempt("kafka.landing", RETRY_SECONDS="1")
        assert waiting.returncode == 1 and "stop the landing and run it again" in waiting.stderr
        pipeline.run(DELETE_RAW, "--yes")
        assert (raw.count_documents({}), hold.count_documents({})) == (0, 0)
        pipeline.run("kafka.landing")
        assert raw.count_documents({}) == 40


def test_a_server_that_deletes_on_finds_nothing_of_what_lands_afterwards(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(pipeline, 30, partition=0)
    landed_until_now = emptying._landed_until_now
    with patch.dict(os.environ, pipeline.environment), RawStore.connect() as store:
        landed_at = datetime.now(UTC) + timedelta(seconds=1)
        later = {"_id": f"{pipeline.topic}:00000:{99:019d}", "event": {}, "landed_at": landed_at}
        # What an earlier version has landed, or another program has put there.
        store.collection.insert_one({"_id": f"{pipeline.topic}:00000:{98:019d}", "event": {}})

        def land_afterwards(store: RawStore) -> dict[str, Any]:
            found = landed_until_now(store)
            store.collection.insert_one(later)
            return found

        monkeypatch.setattr(emptying, "_landed_until_now", land_afterwards)
        partitions = emptying.emptying(store, OperatorKafkaSettings.load().client(), pipeline.topic)
        assert emptying.empty(store, partitions, "4711") == 31
        assert [row["_id"] for row in store.collection.find()] == [later["_id"]]
