"""Dead letters of each feed, counted by stage and reason, and where some of them stand; nothing of what they hold."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from config.errors import MillraceError
from config.kafka_client import ClientConfig
from kafka.dead_letters.index import DeadLetterIndex, by_reason
from kafka.dead_letters.letter import PENDING
from kafka.feeds.feed import Feed
from kafka.log_reader import log_ranges
from kafka.position import bus_position

ANSWER_SECONDS = 5.0
MOST_RECORDS = 20_000
"""Of each partition, the newest: a page is no count of a topic with millions."""
FRESH_SECONDS = 15.0
EXAMPLES = 5


@dataclass
class DeadLetters:
    """What was read last of each topic: read anew only once it has grown, and one topic at a time."""

    config: ClientConfig
    _lock: Lock = field(default_factory=Lock)
    _known: dict[str, tuple[float, Any, dict[str, Any]]] = field(default_factory=dict)

    def of(self, feed: Feed) -> dict[str, Any]:
        """Counts and examples; `total` is None where the topic cannot be read. Blocks."""
        topic = feed.dead_letter_topic
        with self._lock:
            at, ranges, told = self._known.get(topic, (float("-inf"), None, {}))
            if time.monotonic() - at < FRESH_SECONDS:
                return told
            try:
                now = log_ranges(self.config, topic, ANSWER_SECONDS)
                told = told if now == ranges else self._read(feed, now)
            except MillraceError as error:
                now, told = {}, _unread(feed, str(error))
            self._known[topic] = (time.monotonic(), now, told)
            return told

    def known_errors(self, topic: str, stage: str) -> int | None:
        """Pending letters of a stage, as far as somebody has looked."""
        known = self._known.get(topic)
        if known is None or known[2].get("total") is None:
            return None
        return sum(int(each["count"]) for each in known[2]["reasons"] if each["stage"] == stage)

    def _read(self, feed: Feed, ranges: Mapping[int, tuple[int, int]]) -> dict[str, Any]:
        newest = {each: (max(low, end - MOST_RECORDS), end) for each, (low, end) in ranges.items()}
        index = DeadLetterIndex.read(self.config, feed.dead_letter_topic, newest)
        pending = [head for head in index if head.status == PENDING]
        counts = by_reason(pending).most_common()
        shown: list[dict[str, Any]] = []
        for (stage, reason), _ in counts:
            heads = [head for head in pending if (head.stage, head.reason) == (stage, reason)][-EXAMPLES:]
            for head in heads:
                place = bus_position(*head.origin.position)
                shown.append({"stage": stage, "reason": str(reason), "place": place, "bytes": head.size})
        return {
            "feed": feed.name,
            "topic": feed.dead_letter_topic,
            "total": len(pending),
            "is_partial": newest != dict(ranges),
            "reasons": [{"stage": stage, "reason": str(reason), "count": count} for (stage, reason), count in counts],
            "examples": shown,
            "error": None,
        }


def _unread(feed: Feed, why: str) -> dict[str, Any]:
    told = {"feed": feed.name, "topic": feed.dead_letter_topic, "total": None, "is_partial": False}
    return {**told, "reasons": [], "examples": [], "error": why}
