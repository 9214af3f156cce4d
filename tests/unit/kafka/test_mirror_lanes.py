"""What the mirror finds out before a partition's first record."""

import pytest

from kafka.mirror import lanes
from kafka.mirror.lanes import NOT_SEEN, look_at_source
from kafka.topic_sight import TopicSight, TopicSightings
from tests.mock_cluster import MockCluster


def test_the_ranges_are_those_of_the_topic_that_was_seen_where_it_is_made_anew_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Begun at the former topic's first offset, the new one's first records would be passed over."""
    monkeypatch.setattr(lanes, "max_message_bytes", lambda *_: None)  # which the stand-in cannot be asked for
    with MockCluster() as cluster:
        cluster.create_topic("source", 1)
        for _ in range(6):
            cluster.produce("source", 0, b"old")
        cluster.delete_records("source", 0, 4)
        seen: list[TopicSight] = []

        def ask() -> TopicSight:
            if len(seen) == 1:
                cluster.delete_topic("source")
                cluster.create_topic("source", 1)
                cluster.produce("source", 0, b"new")
            seen.append(TopicSight("new" if seen else "old", 1))
            return seen[-1]

        sightings = TopicSightings("source", NOT_SEEN, ask)
        source = look_at_source(cluster.client, sightings, 20.0, "reading")
    assert (sightings.seen.topic_id, source.ranges) == ("new", {0: (0, 1)})
