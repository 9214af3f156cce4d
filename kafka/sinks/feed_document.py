"""The document that Elasticsearch holds for an event of a declared feed: its fields by the declaration, derived ones,
the verdict of the declaration, and the event as sent. `kafka/feeds/search.py` has the mapping.

A field is missing where the event has none, or one of another kind. The same record always makes the same document.
"""

from typing import Any

from kafka.event_text import as_text
from kafka.feeds.checks import Field
from kafka.feeds.derived import derive
from kafka.feeds.feed import Feed
from kafka.feeds.scrubbed import scrubbed_value
from kafka.feeds.search import searched_fields
from kafka.record_time import LAST_TIME_MS
from kafka.scrubbing.scrub import scrubbed_id
from kafka.sinks.event_document import FIRST_USABLE_SECOND, LAST_USABLE_SECOND
from kafka.visitor import searched_identifier


class FeedDocuments:
    """Makes the documents of one feed."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._searched = searched_fields(feed)
        id_fields = (feed.by_name[name] for name in feed.event_id)
        self._id_names_somebody = any(field.classification in ("identifier", "personal") for field in id_fields)

    def time_ms(self, event: dict[str, Any], bus_time_ms: int) -> int:
        """As `event_document.event_time_ms`, by the feed's field of time."""
        told = self._feed.time_ms(event)
        # Also where the declaration sets no bounds: every month is an index of its own.
        usable = (time for time in (told, bus_time_ms) if time is not None and _is_usable(time))
        return next(usable, 0)

    def document(
        self, event: dict[str, Any], time_ms: int, bus: dict[str, Any], indexed_at_ms: int, key: bytes
    ) -> dict[str, Any]:
        """As `event_document.event_document`."""
        feed = self._feed
        recorded_ms = bus["timestamp"] if 0 < bus["timestamp"] <= LAST_TIME_MS else None
        broken = feed.validate(event, recorded_ms)
        values = {field.name: field.read(event.get(field.name)) for field in feed.fields}
        document = {
            "@timestamp": time_ms,
            "event_id": self._event_id(event, key),
            **{field.name: self._searched_value(field, values[field.name], key) for field in self._searched},
            **derive(feed.derived_fields, values),
            "valid": not broken,
            "broken_rules": [f"{each.field}:{each.rule}" for each in broken] or None,
            "kafka": bus,
            "indexed_at": indexed_at_ms,
            "event": event,
        }
        return {name: value for name, value in document.items() if value is not None}

    def _event_id(self, event: dict[str, Any], key: bytes) -> str | None:
        known = self._feed.id_of(event) or ""
        # Whoever knows an identifier could find the hash over it that has no key.
        return searched_identifier(known, key) if self._id_names_somebody else scrubbed_id(known) or None

    def _searched_value(self, field: Field, value: Any, key: bytes) -> Any:
        if value is None or value == "":
            return None
        if field.classification == "identifier":
            return searched_identifier(as_text(value) or "", key)
        return scrubbed_value(self._feed, field, value)


def _is_usable(time_ms: int) -> bool:
    return FIRST_USABLE_SECOND <= time_ms // 1000 <= LAST_USABLE_SECOND
