"""The local topic deleted and made anew: no stage takes its positions for those of other events, and work goes on."""

import json
import time
from dataclasses import replace

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from kafka.dead_letters.letter import read_dead_letters
from kafka.log_reader import read_to_end
from tests.events import view, views
from tests.pipeline import PARTITIONS, Pipeline

pytestmark = pytest.mark.servers

EVENTS = 30


def make_anew(pipeline: Pipeline) -> None:
    """Delete the local topic and create one of its name, as an administrator might by mistake."""
    admin = AdminClient(pipeline.local_client("admin"))
    admin.delete_topics([pipeline.topic])[pipeline.topic].result(30)
    deadline = time.monotonic() + 30
    while True:
        try:
            admin.create_topics([NewTopic(pipeline.topic, PARTITIONS, 3)])[pipeline.topic].result(30)
            return
        except KafkaException:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_the_etl_loads_nothing_of_another_topic_of_the_same_name(pipeline: Pipeline) -> None:
    pipeline.produce_events(views(EVENTS))
    pipeline.run_all()
    with pipeline.raw() as raw:
        marks = raw.database[f"{raw.name}_landing_watermarks"]
        marks.update_many({}, {"$set": {"topic_id": "another"}, "$inc": {"next_offset": 5}})
    refused = pipeline.attempt("etl")
    assert refused.returncode == 1
    assert "was made anew since its events were loaded" in refused.stdout  # where spark-submit puts it all
    assert pipeline.value("SELECT count(*) FROM fact_event") == EVENTS


def test_a_new_generation_keeps_both_topics_apart_and_counts_every_event_once(pipeline: Pipeline) -> None:
    pipeline.produce_events(views(EVENTS))
    pipeline.run_all()
    assert "nothing to do" in pipeline.run("utilities.new_generation", "--yes")
    make_anew(pipeline)
    looked = pipeline.run("utilities.new_generation", "--dry-run")
    assert f"DESTINATION_TOPIC becomes {pipeline.topic}.2" in looked
    stages = {line.split()[0] for line in looked.splitlines() if line.rstrip().endswith("another topic")}
    assert stages == {"mirror", "landing", "indexer", "ETL"}
    told = pipeline.run("utilities.new_generation", "--yes")
    assert f"set DESTINATION_TOPIC={pipeline.topic}.2 where the environment sets it" in told
    following = replace(pipeline, environment={**pipeline.environment, "DESTINATION_TOPIC": f"{pipeline.topic}.2"})
    pipeline.produce_events(views(EVENTS, EVENTS))
    following.run_all()
    totals = following.reconcile()["totals"]
    assert (totals["mirrored"], totals["duplicates"], totals["loaded"]) == (2 * EVENTS, EVENTS, 2 * EVENTS)
    assert pipeline.value("SELECT count(*) FROM fact_event") == 2 * EVENTS
    with pipeline.raw() as raw:
        assert raw.count_documents({}) == 3 * EVENTS


def held(pipeline: Pipeline, text: str) -> dict[str, int]:
    """How many documents, rows and dead letters of both generations have the text; what is on the bus is left out."""
    with pipeline.raw() as raw, pipeline.search() as client:
        topics = {"terms": {"kafka.topic": [pipeline.topic, f"{pipeline.topic}.2"]}}
        hits = client.search(index="product-views", query=topics, size=1000)["hits"]["hits"]
        letters = read_dead_letters(pipeline.local_client("admin"), pipeline.environment["DEAD_LETTER_TOPIC"])
        stores = {
            "MongoDB": list(raw.find({})),
            "Elasticsearch": hits,
            "dead letters": [letter.value for letter in letters],
        }
    return {store: sum(text in str(each) for each in found) for store, found in stores.items()}


def test_a_forgotten_visitor_is_in_no_generation_of_the_topic(forgetting: Pipeline) -> None:
    pipeline, jane = forgetting, {"user_id_db": "47110816", "email_address": "jane@example.com"}
    own = [view(n, **jane) for n in range(EVENTS, EVENTS + 6)]
    pipeline.produce_events([*views(EVENTS), *own])
    pipeline.produce([(None, json.dumps({**view(EVENTS + 6, **jane), "counter": 2**70}).encode())], partition=0)
    pipeline.run_all()
    assert held(pipeline, "jane") == {"MongoDB": 6, "Elasticsearch": 6, "dead letters": 2}
    assert pipeline.attempt("utilities.forget_visitor", "--user-id", "47110816", "--yes").returncode == 1

    # The source is mirrored again: what was recorded before comes to the bus, and what was recorded since everywhere.
    told = pipeline.run("utilities.new_generation", "--truncated", "--yes")
    assert "Forgotten visitors are on the list (1)" in told and "before there was that list" not in told
    following = replace(pipeline, environment={**pipeline.environment, "DESTINATION_TOPIC": f"{pipeline.topic}.2"})
    pipeline.produce_events([view(EVENTS + 7, user_id_db="47110816", email_address="jane again")])
    following.run_all()
    assert held(pipeline, "jane@") == {"MongoDB": 0, "Elasticsearch": 0, "dead letters": 0}
    assert held(pipeline, "jane again") == {"MongoDB": 1, "Elasticsearch": 1, "dead letters": 0}
    assert pipeline.value("SELECT count(*) FROM fact_event") == EVENTS + 1
    totals = following.reconcile()["totals"]
    assert (totals["mirrored"], totals["landed"]) == (EVENTS + 8, 2 * EVENTS + 13)

    done = following.attempt("utilities.forget_visitor", "--user-id", "47110816", "--yes", "--truncate-bus")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(held(pipeline, "jane").values()) == 0
    for topic in (pipeline.topic, following.topic):
        assert not any(
            b"jane" in (message.value() or b"") for message in read_to_end(pipeline.local_client("admin"), topic)
        )
    following.reconcile()
