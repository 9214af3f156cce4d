"""The declared feeds on real servers: generated, landed, indexed and reconciled, many in one process."""

import json
import re
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from pymongo import MongoClient
from pymongo.database import Database

from kafka.feeds.feed import Feed
from tests.events import view
from tests.feeds import declared_apart, prepare, search
from tests.pipeline import Pipeline, eventually, wait_for_line

pytestmark = pytest.mark.servers


@pytest.fixture
def feeds(pipeline: Pipeline, tmp_path: Path) -> dict[str, Feed]:
    pipeline.produce_events([view(number) for number in range(3)])
    pipeline.run("kafka.mirror")
    return dict(prepare(pipeline, declared_apart(tmp_path / "feeds", pipeline.name)))


def raw(pipeline: Pipeline) -> Database[dict[str, Any]]:
    password = pipeline.servers.secrets.reveal("mongo_operator_password")
    port = pipeline.servers.settings.mongo_port
    client = MongoClient[dict[str, Any]]("127.0.0.1", port, username="operator", password=password)
    return client["kafka_data_db"]


def produce(pipeline: Pipeline, topic: str, values: list[bytes]) -> None:
    producer = Producer(pipeline.local_client("generator"))
    for value in values:
        producer.produce(topic, value, b"key")
    assert producer.flush(60) == 0


def refused_to_write(pipeline: Pipeline, principal: str, topic: str) -> bool:
    errors: list[object] = []

    def told(error: object, _: object) -> None:
        errors.append(error)

    producer = Producer(pipeline.local_client(principal))
    producer.produce(topic, b"{}", on_delivery=told)
    producer.flush(30)
    (error,) = errors
    return error is not None


def sent_events(directory: Path, pipeline: Pipeline, *arguments: str) -> Counter[str]:
    """Generate into a file and send it: how many events each feed got."""
    file = directory / "events.jsonl"
    pipeline.run("utilities.generate_feeds", "--start", "2026-01-05", *arguments, "--file", str(file))
    pipeline.run("utilities.generate_feeds", "--from", str(file))
    return Counter(json.loads(line)["feed"] for line in file.read_text().splitlines())


def test_every_feed_is_generated_landed_indexed_and_reconciled_by_one_process(
    pipeline: Pipeline, feeds: dict[str, Feed], tmp_path: Path
) -> None:
    sent = sent_events(tmp_path, pipeline, "--rate", "2", "--seconds", "1200", "--broken", "0.02")
    assert sent.keys() == feeds.keys()
    produce(pipeline, feeds["click-events"].topic, [b"no json", b'"no object"'])
    pipeline.run("kafka.landing", "--feeds", "all")
    pipeline.run("kafka.indexer", "--feeds", "all")
    figures = pipeline.reconcile()
    for name, feed in feeds.items():
        of_feed = [counts for counts in figures["feeds"].values() if counts["feed"] == name]
        assert sum(counts["landed"] for counts in of_feed) == sent[name]
        assert sum(counts["indexed"] for counts in of_feed) == sent[name]
        dead = 2 if name == "click-events" else 0
        assert sum(counts["dead_landing"] for counts in of_feed) == dead
        assert sum(counts["dead_indexer"] for counts in of_feed) == dead
        assert raw(pipeline)[feed.collection].count_documents({}) == sent[name]
        with search(pipeline, feed.index) as client:
            broken = client.count(index=feed.index, query={"term": {"valid": False}})["count"]
            events = [hit["_source"]["event"] for hit in client.search(index=feed.index, size=10_000)["hits"]["hits"]]
        assert broken == sum(bool(feed.validate(event)) for event in events)
    assert {feed["feed"] for feed in figures["feeds"].values()} == feeds.keys()
    assert figures["totals"]["landed"] == figures["totals"]["indexed"] == 3


def test_landing_again_adds_nothing_and_a_missing_document_is_told(
    pipeline: Pipeline, feeds: dict[str, Feed], tmp_path: Path
) -> None:
    feed = feeds["sensor-readings"]
    sent = sent_events(tmp_path, pipeline, "--feeds", feed.name, "--events", "50")
    pipeline.run("kafka.landing", "--feeds", feed.name)
    pipeline.run("kafka.indexer", "--feeds", feed.name)
    collection = raw(pipeline)[feed.collection]
    collection.database[f"{feed.collection}_landing_watermarks"].delete_many({})
    pipeline.run("kafka.landing", "--feeds", feed.name)
    assert collection.count_documents({}) == sent[feed.name]
    pipeline.reconcile()
    collection.delete_one({})
    result = pipeline.attempt("utilities.reconcile")
    assert result.returncode == 1
    assert f"DIFFERS  {feed.name} landed" in result.stdout


def test_a_feed_that_fails_stops_no_other_and_is_told_by_the_exit_status(
    pipeline: Pipeline, feeds: dict[str, Feed], tmp_path: Path
) -> None:
    clicks, sensors = feeds["click-events"], feeds["sensor-readings"]
    sent = sent_events(tmp_path, pipeline, "--feeds", "click-events,sensor-readings", "--events", "60")
    pipeline.run("kafka.landing", "--feeds", "click-events")
    # Of another topic of the same name: landing would take its records for those that are there.
    marks = raw(pipeline)[f"{clicks.collection}_landing_watermarks"]
    marks.update_many({}, {"$set": {"topic_id": "another"}})
    result = pipeline.attempt("kafka.landing", "--feeds", "click-events,sensor-readings")
    assert result.returncode == 1
    assert "the landing failed for 1 of 2 feeds: click-events: " in result.stderr
    assert raw(pipeline)[sensors.collection].count_documents({}) == sent["sensor-readings"]


def test_following_feeds_are_stopped_together_by_one_signal(
    pipeline: Pipeline, feeds: dict[str, Feed], tmp_path: Path
) -> None:
    process = pipeline.start("kafka.landing", "--follow", "--feeds", "sensor-readings,user-events")
    wait_for_line(process, "partitions are assigned")
    sent = sent_events(tmp_path, pipeline, "--feeds", "sensor-readings,user-events", "--events", "80")
    collections = {name: raw(pipeline)[feeds[name].collection] for name in sent}

    def all_landed() -> bool:
        return all(collections[name].count_documents({}) == count for name, count in sent.items())

    eventually(all_landed)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_each_principal_may_do_no_more_than_it_needs_on_a_feeds_topic(
    pipeline: Pipeline, feeds: dict[str, Feed]
) -> None:
    assert refused_to_write(pipeline, "landing", feeds["click-events"].topic)
    assert refused_to_write(pipeline, "generator", pipeline.topic)
    assert not refused_to_write(pipeline, "generator", feeds["click-events"].topic)


def events_of(person: str, email: str, directory: Path) -> Path:
    """A file with a person's events in three feeds, another's, and those of a sensor with the person's id."""
    own: list[tuple[str, dict[str, Any]]] = [
        ("user-events", {"user_id": person, "name": "Ada Lovelace", "email": email, "event_type": "user_registration"}),
        ("click-events", {"click_id": "c1", "user_id": person, "page_url": "https://shop.example.com/"}),
        ("customer-events", {"customer_id": person, "event_type": "view"}),
    ]
    others: list[tuple[str, dict[str, Any]]] = [
        ("click-events", {"click_id": "c2", "user_id": "1000", "page_url": "https://shop.example.com/"}),
        ("sensor-readings", {"device_id": person, "temperature": 20, "humidity": 40}),
    ]
    file = directory / "events.jsonl"
    lines = [
        json.dumps({"feed": feed, "event": {**event, "timestamp": "2026-01-05T12:00:00Z"}})
        for feed, event in (*own, *others)
    ]
    file.write_text("\n".join(lines) + "\n")
    return file


def test_a_person_is_forgotten_in_every_feed_and_no_number_breaks(forgetting: Pipeline, tmp_path: Path) -> None:
    pipeline = forgetting
    pipeline.produce_events([view(1)])
    pipeline.run_all()
    feeds = prepare(pipeline, declared_apart(tmp_path / "feeds", pipeline.name))
    person, email = f"9{pipeline.name[1:].replace('n', '')}17", "ada.lovelace@shop.example.com"
    file = events_of(person, email, tmp_path)
    pipeline.run("utilities.generate_feeds", "--from", str(file))
    produce(pipeline, feeds["user-events"].topic, [f'{{"user_id":"{person}"'.encode()])
    for stage in ("kafka.landing", "kafka.indexer"):
        pipeline.run(stage, "--feeds", "all")
    pipeline.run("spark.command", "--feeds", "all")
    assert pipeline.value("SELECT count(*) FROM dim_user WHERE user_key > 0") == 2
    printed = pipeline.run("utilities.forget_visitor", "--user-id", person, "--yes", "--truncate-bus")
    assert re.search(r"^user-events +4 +0$", printed, re.MULTILINE), printed  # landed, indexed, dead to both stages
    assert re.search(r"^click-events +2 +0$", printed, re.MULTILINE), printed
    stored = ""
    for feed in feeds.values():
        stored += str(list(raw(pipeline)[feed.collection].find({})))
        with search(pipeline, feed.index) as client:
            stored += str(client.search(index=feed.index, ignore_unavailable=True)["hits"]["hits"])
    assert email not in stored
    assert f"'user_id': '{person}'" not in stored
    assert f"'customer_id': '{person}'" not in stored
    assert f"'device_id': '{person}'" in stored  # a sensor is nobody
    assert re.search(r"^dim_user +1 +0$", printed, re.MULTILINE), printed
    assert re.search(r"^fact_page_click +1 +0$", printed, re.MULTILINE), printed
    kept = "SELECT count(*) FROM dim_user JOIN fact_page_click USING (user_key)"
    left = [pipeline.value(kept), pipeline.value("SELECT count(*) FROM dim_user WHERE user_key > 0")]
    assert [*left, pipeline.value("SELECT count(*) FROM fact_customer_event")] == [1, 1, 0]
    pipeline.reconcile()
    # The bus brings nothing back: what is sent again was recorded after the moment, what was recorded before is gone.
    raw(pipeline).drop_collection(feeds["click-events"].collection)
    raw(pipeline).drop_collection(f"{feeds['click-events'].collection}_landing_watermarks")
    pipeline.run("kafka.landing", "--feeds", "click-events")
    assert person not in str(list(raw(pipeline)[feeds["click-events"].collection].find({})))
