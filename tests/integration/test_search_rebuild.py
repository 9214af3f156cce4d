"""An index made anew from MongoDB behind its alias: killed in the middle, while events are indexed and searched."""

import json
import os
import signal
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from kafka.feeds.feed import Feed
from kafka.sinks.event_document import erased_document
from tests.events import view
from tests.feeds import declared_apart, prepare, search
from tests.pipeline import Pipeline, eventually, wait_for_line

pytestmark = pytest.mark.servers

NAME = "purchase-events"


@pytest.fixture
def purchases(pipeline: Pipeline, tmp_path: Path) -> Feed:
    return prepare(pipeline, declared_apart(tmp_path / "feeds", pipeline.name))[NAME]


def send(pipeline: Pipeline, first: int, events: int) -> None:
    """Purchases of two months, numbered from `first`."""
    file = Path(pipeline.environment["FEEDS_DIRECTORY"]) / f"{first}.jsonl"
    bought = {"user_id": "1001", "product_name": "a ring", "category": "home", "price": 9.5, "quantity": 2}
    with file.open("w") as lines:
        for number in range(first, first + events):
            told = {"purchase_id": f"p{number}", "timestamp": f"2026-0{1 + number % 2}-20T12:00:00Z"}
            lines.write(json.dumps({"feed": NAME, "event": {**bought, **told}}) + "\n")
    pipeline.run("utilities.generate_feeds", "--from", str(file))


def documents(pipeline: Pipeline, feed: Feed) -> dict[str, Any]:
    """Every document behind the alias, without when it was indexed; none is there twice."""
    with search(pipeline, feed.index) as client:
        hits = client.search(index=feed.index, size=10_000)["hits"]["hits"]
    assert len({hit["_id"] for hit in hits}) == len(hits)
    return {hit["_id"]: hit["_source"] | {"indexed_at": 0} for hit in hits}


def indices(pipeline: Pipeline, feed: Feed) -> set[str]:
    with search(pipeline, feed.index) as client:
        return set(client.indices.get(index=feed.index))


def reconciled(pipeline: Pipeline) -> int:
    return sum(counts["indexed"] for counts in pipeline.reconcile()["feeds"].values() if counts["feed"] == NAME)


def test_an_index_is_rebuilt_behind_its_alias_while_it_is_written_to_and_killed_on_the_way(
    pipeline: Pipeline, purchases: Feed
) -> None:
    pipeline.produce_events([view(1)])
    pipeline.run("kafka.mirror")
    send(pipeline, 0, 9_000)
    for stage in ("kafka.landing", "kafka.indexer"):
        pipeline.run(stage, "--feeds", NAME)
    before, former = documents(pipeline, purchases), indices(pipeline, purchases)
    assert (len(before), len(former)) == (9_000, 2)
    lost, erased, unlanded = sorted(before)[100], sorted(before)[200], sorted(before)[300]
    with search(pipeline, purchases.index, "elastic") as client:
        # A document that is missing, one that was forgotten, and an event that MongoDB has not.
        found = {
            each: client.search(index=purchases.index, query={"ids": {"values": [each]}}) for each in (lost, erased)
        }
        place = {each: reply["hits"]["hits"][0]["_index"] for each, reply in found.items()}
        client.delete(index=place[lost], id=lost, refresh=True)
        client.index(index=place[erased], id=erased, document=erased_document(before[erased]["kafka"], 1))
    with pipeline.raw() as main:
        main.database[purchases.collection].delete_one({"_id": unlanded})
        marks = main.database[f"{purchases.collection}_search_rebuild"]
        rebuild = pipeline.start("utilities.reindex", "--rebuild", NAME)
        while marks.count_documents({"next_offset": {"$gt": 0}}) == 0:
            assert rebuild.poll() is None
            sleep(0.02)
        os.killpg(rebuild.pid, signal.SIGKILL)
        assert rebuild.wait(30) != 0
        assert marks.count_documents({}) > 0
    assert indices(pipeline, purchases) == former  # searches see nothing of it
    follower = pipeline.start("kafka.indexer", "--follow", "--feeds", NAME)
    wait_for_line(follower, "partitions are assigned")
    with search(pipeline, purchases.index, "operator") as client:
        # What a kill leaves that comes later: the indexer waits until the rebuild has gone on.
        client.indices.add_block(index=sorted(former)[0], block="write")
    send(pipeline, 9_000, 300)
    said = pipeline.run("utilities.reindex", "--rebuild", NAME)
    assert "without 0 refused" in said
    send(pipeline, 9_300, 200)
    eventually(lambda: len(documents(pipeline, purchases)) == 9_500)
    follower.send_signal(signal.SIGTERM)
    assert follower.wait(60) == 0
    after = documents(pipeline, purchases)
    assert {each: after[each] for each in before if each != erased} == {
        each: document for each, document in before.items() if each != erased
    }
    assert "event" not in after[erased]
    assert not indices(pipeline, purchases) & former
    with pipeline.raw() as main:
        assert f"{purchases.collection}_search_rebuild" not in main.database.list_collection_names()
        main.database[purchases.collection].insert_one({"_id": unlanded, "event": {}})
    pipeline.run("kafka.landing", "--feeds", NAME)
    assert reconciled(pipeline) == 9_500
    counts_that_differ_swap_nothing(pipeline, purchases)
    # Again, of months that are rebuilt ones.
    rebuilt = indices(pipeline, purchases)
    pipeline.run("utilities.reindex", "--rebuild", NAME)
    assert not indices(pipeline, purchases) & rebuilt
    assert documents(pipeline, purchases).keys() == after.keys()


def counts_that_differ_swap_nothing(pipeline: Pipeline, feed: Feed) -> None:
    """As where documents that were copied are gone again: it is said, writes go on, and the rebuild can be dropped."""
    stood = indices(pipeline, feed)
    topic, partition, _ = min(documents(pipeline, feed)).rsplit(":", 2)
    copied = {"topic": topic, "partition": int(partition), "next_offset": 100, "made": 100, "kept": 0, "refused": 0}
    with pipeline.raw() as main:
        marks = main.database[f"{feed.collection}_search_rebuild"]
        marks.insert_many([{"_id": "generation", "number": 2}, {"_id": f"{topic}:{partition}", **copied}])
    result = pipeline.attempt("utilities.reindex", "--rebuild", NAME)
    assert result.returncode == 1
    assert f"was not swapped, for the counts differ: {topic}:{int(partition)} has 9,500 in MongoDB" in result.stderr
    assert indices(pipeline, feed) == stood
    with search(pipeline, feed.index, "operator") as client:
        settings = client.indices.get_settings(index=feed.index, flat_settings=True)
        assert not any("index.blocks.write" in each["settings"] for each in settings.values())
    assert "dropped" in pipeline.run("utilities.reindex", "--rebuild", NAME, "--abandon")
    assert indices(pipeline, feed) == stood
