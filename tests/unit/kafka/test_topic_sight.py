"""A confirmation is as new as was asked for, and made no more often than that needs."""

import time

from kafka.topic_sight import TopicSight, TopicSightings


def test_one_answer_serves_all_who_fetched_before_it() -> None:
    asked: list[TopicSight] = []

    def ask() -> TopicSight:
        asked.append(TopicSight(f"id {len(asked)}", 1))
        return asked[-1]

    watch = TopicSightings("t", TopicSight("id", 1), ask)
    fetched = time.monotonic()
    time.sleep(0.001)
    assert watch.confirm(fetched) == watch.confirm(fetched) == TopicSight("id 0", 1)
    assert watch.confirm(time.monotonic()) == watch.seen == TopicSight("id 1", 1)
