"""What an operator runs beside the stages: counting, looking, emptying, and landing into another collection."""

import json
import os
import pty
import subprocess
from typing import Any
from unittest.mock import patch

import pytest

from config.settings import PROJECT_ROOT
from spark.raw_store import RawStore
from spark.settings import EtlSettings
from tests.events import views
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


def test_the_report_answers_each_of_its_questions_over_a_warehouse_without_events(pipeline: Pipeline) -> None:
    printed = pipeline.run("utilities.report")
    for path in sorted((PROJECT_ROOT / "sql" / "report").glob("*.sql")):
        title = path.read_text().splitlines()[0].removeprefix("-- ").split(":")[0]
        assert title in printed
