"""What bootstrap gives the feeds beside the main one: topics, rights at the bus, rights in the search store."""

import re
from typing import Any

import pytest
from confluent_kafka.admin import AclOperation  # type: ignore[attr-defined]

from config.principals import KafkaPrincipals
from config.settings import PROJECT_ROOT, KafkaSettings
from kafka.feeds.declaration import load_feeds
from kafka.feeds.settings import DECLARATIONS
from kafka.topics import LARGEST_RECORD_BYTES
from utilities.bootstrap.kafka_grants import local_grants
from utilities.bootstrap.kafka_topics import our_topics
from utilities.stores.search_access import AUTO_CREATE, allow_new_indices, application_roles

FEEDS = [feed for feed in load_feeds(DECLARATIONS).values() if not feed.is_main]
READ, WRITE, DESCRIBE = AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE


def test_the_main_feeds_rights_are_as_without_feeds_and_a_feeds_are_no_more_than_needed() -> None:
    settings, names = KafkaSettings.load(), KafkaPrincipals.load()
    feed = next(each for each in FEEDS if each.name == "click-events")
    added = local_grants(settings, names, [feed]) - local_grants(settings, names)
    assert {acl.name for acl in added} == {"click-events", "click-events-dead-letters"}
    rights = {(str(acl.principal), acl.name, acl.operation) for acl in added}
    by_whom = {principal: {each[1:] for each in rights if each[0] == principal} for principal, _, _ in rights}
    assert by_whom["User:generator"] == {("click-events", WRITE), ("click-events", DESCRIBE)}
    for stage in ("User:landing", "User:indexer"):
        assert by_whom[stage] == {
            ("click-events", READ),
            ("click-events", DESCRIBE),
            ("click-events-dead-letters", WRITE),
            ("click-events-dead-letters", DESCRIBE),
        }
    assert by_whom["User:api"] == {
        (name, right) for name in (feed.topic, feed.dead_letter_topic) for right in (WRITE, DESCRIBE)
    }
    assert by_whom["User:stream"] == {("click-events", READ), ("click-events", DESCRIBE)}
    assert by_whom["User:query"] == {
        ("click-events", DESCRIBE),
        ("click-events-dead-letters", READ),
        ("click-events-dead-letters", DESCRIBE),
    }
    assert by_whom.keys() == {
        "User:api",
        "User:query",
        "User:stream",
        "User:generator",
        "User:landing",
        "User:indexer",
        "User:operator",
        "User:akhq",
    }


def test_the_topics_of_every_feed_are_made_with_its_partitions_and_kept_as_the_main_one() -> None:
    settings = KafkaSettings.load()
    made = {topic.name: topic for topic in our_topics(settings, FEEDS)}
    for feed in FEEDS:
        assert made[feed.topic].partitions == feed.partitions
        assert made[feed.topic].config == made[settings.destination_topic].config
        assert int(made[feed.topic].config["max.message.bytes"]) == LARGEST_RECORD_BYTES
        assert made[feed.dead_letter_topic].config == made[settings.dead_letter_topic].config


def test_roles_have_on_a_feeds_indices_what_they_have_on_the_main_feeds() -> None:
    before, after = application_roles([]), application_roles(FEEDS)
    for name, role in after.items():
        for entry, former in zip(role["indices"], before[name]["indices"], strict=True):
            assert entry["privileges"] == former["privileges"]
            main = [each for each in former["names"] if each.startswith("product-views")]
            for feed in FEEDS:
                assert {each.replace("product-views", feed.index) for each in main} <= set(entry["names"])
    assert not any(
        "*-*" in each or each == "*" for role in after.values() for e in role["indices"] for each in e["names"]
    )


class _Cluster:
    def __init__(self, listed: str | None) -> None:
        self.put: dict[str, Any] = {}
        self._listed = listed
        self.cluster = self

    def get_settings(self, **_: Any) -> dict[str, Any]:
        return {"transient": {}, "persistent": {}, "defaults": {AUTO_CREATE: self._listed} if self._listed else {}}

    def put_settings(self, persistent: dict[str, Any]) -> None:
        self.put = persistent


@pytest.mark.parametrize("listed", [None, "true"])
def test_a_server_that_makes_any_index_is_left_as_it_is(listed: str | None) -> None:
    server: Any = _Cluster(listed)
    allow_new_indices(server, FEEDS)
    assert server.put == {}


def test_a_server_that_makes_listed_indices_only_makes_the_feeds_months_too() -> None:
    server: Any = _Cluster("product-views-*,click-analytics-*,.*")
    allow_new_indices(server, FEEDS)
    patterns = server.put[AUTO_CREATE].split(",")
    assert len(patterns) == len(set(patterns))
    assert set(patterns) == {"product-views-*", "pipeline-metrics-*", ".*", *(f"{feed.index}-*" for feed in FEEDS)}


def test_compose_knows_the_generators_login() -> None:
    compose = (PROJECT_ROOT / "docker-compose.yml").read_text()
    assert re.search(r"user_generator='\$\{KAFKA_GENERATOR_PASSWORD", compose)
