"""Declared feeds for tests with servers: places that no other test uses, prepared as `./millrace up` does it."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from elasticsearch import AuthorizationException, Elasticsearch

from kafka.feeds.declaration import load_feeds
from kafka.feeds.feed import Feed
from kafka.feeds.settings import DECLARATIONS
from tests.pipeline import Pipeline
from utilities.bootstrap.elasticsearch import prepare_elasticsearch
from utilities.bootstrap.kafka import prepare_local_kafka

ROLES_SECONDS = 60.0
_PLACES = ("topic", "deadLetterTopic", "collection", "index")


def declared_apart(directory: Path, name: str) -> Path:
    """The declarations of the checkout under other places, which begin with `name`; the folder."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in DECLARATIONS.glob("*.yaml"):
        told: dict[str, Any] = yaml.safe_load(file.read_text())
        if told["id"] != "product_views":
            for note in told["customProperties"]:
                if note["property"] in _PLACES:
                    separator = "_" if note["property"] == "collection" else "-"
                    note["value"] = f"{name}{separator}{note['value']}"
        (directory / file.name).write_text(yaml.safe_dump(told))
    return directory


def prepare(pipeline: Pipeline, directory: Path) -> Mapping[str, Feed]:
    """Make the places of the declared feeds, for a pipeline that knows of `directory` from now on."""
    pipeline.environment["FEEDS_DIRECTORY"] = str(directory)
    with patch.dict(os.environ, pipeline.environment):
        prepare_local_kafka(pipeline.servers.secrets)
        (search,) = [server for server in pipeline.servers.servers if server.name == "elasticsearch"]
        search.refresh()
        prepare_elasticsearch(pipeline.servers.secrets)
        feeds = {name: feed for name, feed in load_feeds().items() if not feed.is_main}
    _wait_for_roles(pipeline, feeds)
    return feeds


def search(pipeline: Pipeline, index: str, user: str = "reader") -> Elasticsearch:
    """A client to whom everything in the feed's months is visible."""
    password = pipeline.servers.secrets.reveal(f"elasticsearch_{user}_password")
    address = f"http://127.0.0.1:{pipeline.servers.settings.elasticsearch_port}"
    client = Elasticsearch(address, basic_auth=(user, password), request_timeout=60)
    client.indices.refresh(index=index, ignore_unavailable=True)
    return client


def _wait_for_roles(pipeline: Pipeline, feeds: Mapping[str, Feed]) -> None:
    """The local server looks at its file of roles every five seconds."""
    deadline = time.monotonic() + ROLES_SECONDS
    for feed in feeds.values():
        while True:
            try:
                with search(pipeline, feed.index) as client:
                    client.count(index=feed.index, ignore_unavailable=True)
                break
            except AuthorizationException:
                assert time.monotonic() < deadline
                time.sleep(0.5)
