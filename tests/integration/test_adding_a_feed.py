"""docs/adding-a-feed.md, done as it stands there: a new feed lands, is searched, and is found by reconcile."""

import shutil
from pathlib import Path

import pytest

from kafka.feeds.settings import DECLARATIONS
from tests import adding_a_feed
from tests.events import view
from tests.feeds import prepare, search
from tests.pipeline import Pipeline

pytestmark = pytest.mark.servers


def test_what_the_page_says_adds_a_feed(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.produce_events([view(1)])
    pipeline.run("kafka.mirror")
    directory = tmp_path / "feeds"
    shutil.copytree(DECLARATIONS, directory)
    name = adding_a_feed.declaration(directory).stem
    events = tmp_path / "store-visits.jsonl"
    events.write_text(adding_a_feed.files()[events.name])
    done = []
    for command, arguments in adding_a_feed.commands():
        if command == "up":  # the servers of the tests are up: what it prepares is missing
            feeds = prepare(pipeline, directory)
        elif command != "reconcile":
            there = [str(events) if argument == events.name else argument for argument in arguments]
            pipeline.run(adding_a_feed.module_of(command), *there)
        done.append(command)
    assert done == ["up", "generate-feeds", "land", "index", "reconcile"]
    of_feed = [counts for counts in pipeline.reconcile()["feeds"].values() if counts["feed"] == name]
    sent = len(events.read_text().splitlines())
    for count in ("bus", "landed", "indexed"):
        assert sum(counts[count] for counts in of_feed) == sent == 3
    with search(pipeline, feeds[name].index) as client:
        hits = client.search(index=feeds[name].index, query={"term": {"valid": False}})["hits"]["hits"]
    assert [hit["_source"]["broken_rules"] for hit in hits] == [["door:valid_values"]]
    assert [hit["_source"]["event_id"] for hit in hits] == ["c3"]
