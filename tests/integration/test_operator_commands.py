"""What an operator runs beside the stages: counting, looking, emptying, and landing into another collection."""

import base64
import json
import os
import pty
import subprocess
import time
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from config.settings import PROJECT_ROOT
from spark.raw_store import RawStore
from spark.settings import EtlSettings
from tests.events import view, views
from tests.pipeline import Pipeline

pytestmark = pytest.mark.servers


def answer(pipeline: Pipeline, module: str, typed: str) -> subprocess.CompletedProcess[str]:
    """Run a command that asks, on a terminal where `typed` is its answer."""
    controller, terminal = pty.openpty()
    os.write(controller, f"{typed}\n".encode())
    try:
        return subprocess.run(
            pipeline.command(module),
            cwd=PROJECT_ROOT,
            env=pipeline.environment,
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        os.close(terminal)
        os.close(controller)


def figures(pipeline: Pipeline, module: str, *arguments: str) -> dict[str, Any]:
    """What a command prints as JSON."""
    found: dict[str, Any] = json.loads(pipeline.run(module, *arguments, "--json"))
    return found


def landed_for_the_etl(pipeline: Pipeline, **environment: str) -> int:
    """How many offsets the ETL would take for landed."""
    with patch.dict(os.environ, {**pipeline.environment, **environment}):
        return sum(RawStore.of(EtlSettings.load()).landed().next_offsets.values())


def test_each_collection_gets_every_event_and_emptying_one_leaves_the_other(pipeline: Pipeline) -> None:
    pipeline.produce_events(views(60))
    pipeline.run("kafka.mirror")
    other = {"MONGO_COLLECTION": f"other_{pipeline.name}"}
    pipeline.run("kafka.landing")
    assert landed_for_the_etl(pipeline, **other) == 0
    pipeline.run("kafka.landing", **other)
    with pipeline.raw() as collection:
        second = collection.database[other["MONGO_COLLECTION"]]
        assert (collection.count_documents({}), second.count_documents({})) == (60, 60)
        marked = landed_for_the_etl(pipeline, **other)
        assert marked == landed_for_the_etl(pipeline) >= 60

        refused = pipeline.attempt("utilities.delete_mongo_data", **other)
        assert refused.returncode == 1
        assert "--yes" in refused.stderr
        assert second.count_documents({}) == 60

        assert "deleted 60 documents" in pipeline.run("utilities.delete_mongo_data", "--yes", **other)
        assert (collection.count_documents({}), second.count_documents({})) == (60, 0)
        assert landed_for_the_etl(pipeline, **other) == 0
        assert landed_for_the_etl(pipeline) == marked

        pipeline.run("kafka.landing", **other)
        assert second.count_documents({}) == 60
        assert landed_for_the_etl(pipeline, **other) == marked


def test_the_operators_counts_are_those_of_the_generator(pipeline: Pipeline) -> None:
    generate = ("utilities.generate_events", "--events", "400", "--seed", "5", "--broken", "0.05")
    pipeline.run(*generate)
    at_source = figures(pipeline, "utilities.count_kafka_total", "--source")
    assert (at_source["topic"], at_source["records"]) == (pipeline.topic, 400)
    pipeline.run(*generate)
    assert figures(pipeline, "utilities.count_kafka_total", "--source") == at_source

    pipeline.run("kafka.mirror")
    mirrored = figures(pipeline, "utilities.count_kafka_total")
    assert mirrored["partitions"] == at_source["partitions"]
    assert pipeline.run("utilities.count_kafka_total").split()[-1] == "400"

    pipeline.run("kafka.landing")
    letters = figures(pipeline, "utilities.count_kafka_total", "--topic", f"{pipeline.topic}-dead-letters")
    landed = figures(pipeline, "utilities.python_check_mongo")
    assert letters["records"] > 0
    assert landed["documents"] + letters["records"] == 400
    assert sum(landed["partitions"].values()) == sum(landed["kinds"].values()) == landed["documents"]
    assert landed["kinds"]["view_product_detail"] > 0
    shown = pipeline.run("utilities.python_check_mongo")
    assert f"{landed['documents']} documents" in shown
    assert '"_id": "' in shown


def test_emptying_the_raw_store_asks_first_and_only_yes_deletes(pipeline: Pipeline) -> None:
    pipeline.produce_events(views(20))
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.landing")
    refused = answer(pipeline, "utilities.delete_mongo_data", "y")
    assert refused.returncode == 1, refused.stderr
    assert refused.stdout.startswith("delete 20 documents")
    assert refused.stdout.endswith("nothing was deleted\n")
    with pipeline.raw() as collection:
        assert collection.count_documents({}) == 20
        deleted = answer(pipeline, "utilities.delete_mongo_data", "yes")
        assert deleted.returncode == 0, deleted.stderr
        assert collection.count_documents({}) == 0


def truncate(pipeline: Pipeline, ends: dict[int, int]) -> None:
    """Delete the records of the bus below each partition's offset, as retention does."""
    admin = AdminClient(pipeline.local_client("admin"))
    places = [TopicPartition(pipeline.topic, partition, end) for partition, end in ends.items()]
    for future in admin.delete_records(places).values():
        future.result()


def recreate_topic(pipeline: Pipeline) -> None:
    admin = AdminClient(pipeline.local_client("admin"))
    admin.delete_topics([pipeline.topic], operation_timeout=30)[pipeline.topic].result()
    deadline = time.monotonic() + 30
    while True:
        try:
            admin.create_topics([NewTopic(pipeline.topic, 3, 3)])[pipeline.topic].result()
            return
        except KafkaException:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_what_the_bus_no_longer_holds_is_deleted_only_by_its_exact_number(pipeline: Pipeline) -> None:
    pipeline.produce_events(views(30))
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.landing")
    truncate(pipeline, {0: 4, 2: 3})
    with pipeline.raw() as collection:
        for attempt in (["--yes"], ["--yes-lose", "6"], ["--yes-lose", "8"], ["--yes", "--yes-lose", "30"]):
            refused = pipeline.attempt("utilities.delete_mongo_data", *attempt)
            assert refused.returncode == 1
            assert refused.stderr.count("\n") == 1
            assert "7 documents" in refused.stderr and "--yes-lose 7" in refused.stderr
            assert f"{pipeline.topic}:0 has 4 " in refused.stderr
            assert collection.count_documents({}) == 30
        pipeline.run("utilities.delete_mongo_data", "--yes-lose", "7")
        assert collection.count_documents({}) == 0
        pipeline.run("kafka.landing")
        assert collection.count_documents({}) == 23
        # Nothing is lost this time, so nothing may be named.
        unnecessary = pipeline.attempt("utilities.delete_mongo_data", "--yes-lose", "7")
        assert unnecessary.returncode == 1 and "give --yes instead" in unnecessary.stderr
        assert collection.count_documents({}) == 23


@pytest.mark.parametrize("made_anew", [True, False])
def test_everything_is_lost_with_a_topic_that_is_gone_or_was_made_anew(pipeline: Pipeline, made_anew: bool) -> None:
    pipeline.produce_events(views(12))
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.landing")
    if made_anew:
        recreate_topic(pipeline)
    else:
        admin = AdminClient(pipeline.local_client("admin"))
        admin.delete_topics([pipeline.topic], operation_timeout=30)[pipeline.topic].result()
    with pipeline.raw() as collection:
        # A document emptied for a forgotten visitor means nothing any more: its record cannot come back.
        collection.update_one({}, {"$set": {"event": {}, "erased_at": datetime.now(UTC)}})
        refused = pipeline.attempt("utilities.delete_mongo_data", "--yes")
        assert refused.returncode == 1 and "--yes-lose 11" in refused.stderr
        assert collection.count_documents({}) == 12
        pipeline.run("utilities.delete_mongo_data", "--yes-lose", "11")
        assert collection.count_documents({}) == 0
    assert landed_for_the_etl(pipeline) == 0
    if made_anew:
        refused = pipeline.attempt("kafka.mirror")
        assert refused.returncode == 1 and "new-generation" in refused.stderr


PERSONAL = {"ip": "203.0.113.77", "email_address": "jane@example.com", "user_id_db": "471147114711"}


def test_looking_into_the_raw_store_shows_nothing_personal_unless_asked(pipeline: Pipeline) -> None:
    device = "device-0815-0815"
    pipeline.produce_events([view(1, device_id=device, **PERSONAL)])
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.landing")
    shown = pipeline.run("utilities.python_check_mongo")
    assert '"_id": "' in shown and '"user_id_db": "***"' in shown
    assert not [value for value in PERSONAL.values() if value in shown]
    # The key is the device's id; in the event it is a field like any other.
    key = base64.b64encode(device.encode()).decode()
    assert key not in shown and "16 bytes" in shown
    everything = pipeline.run("utilities.python_check_mongo", "--personal")
    assert all(value in everything for value in [*PERSONAL.values(), key])


def test_the_report_answers_each_of_its_questions_over_a_warehouse_without_events(pipeline: Pipeline) -> None:
    printed = pipeline.run("utilities.report")
    for path in sorted((PROJECT_ROOT / "sql" / "report").glob("*.sql")):
        title = path.read_text().splitlines()[0].removeprefix("-- ").split(":")[0]
        assert title in printed
