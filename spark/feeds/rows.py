"""An event of a feed as a row of staging: judged by its declaration, and without what tells who somebody is."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kafka.event_text import as_json, as_text
from kafka.feeds.checks import Field, Violation
from kafka.feeds.derived import derive
from kafka.feeds.feed import Feed
from kafka.feeds.scrubbed import scrubbed_value
from kafka.record_time import LAST_TIME_MS
from kafka.scrubbing.scrub import MASK, scrubbed_json, scrubbed_text
from kafka.visitor import identity_hash, keyed_hash

Event = Mapping[str, Any]
Row = tuple[Any, ...]
OF_EVERY_FEED = ("bus_topic", "bus_partition", "bus_offset", "event_id", "event_time", "user_hash")
"""The first columns of what is staged (sql/feeds/<feed>/010_staged.sql)."""
OF_PERSONS = ("identifier", "personal")


class FeedRows:
    """Makes the rows of one feed; `columns` are those of its staging table, `key` hashes whoever an event names."""

    def __init__(self, feed: Feed, columns: Sequence[str], key: bytes) -> None:
        self._feed, self._key = feed, key
        self._own = columns[len(OF_EVERY_FEED) :]

    def problem(self, event: Event, recorded_ms: int | None) -> Violation | None:
        """The first rule of the declaration that the event breaks."""
        recorded = recorded_ms if recorded_ms is not None and 0 < recorded_ms <= LAST_TIME_MS else None
        return next(iter(self._feed.validate(event, recorded)), None)

    def staged(self, place: Row, event: Event) -> Row:
        """A valid event; `place` is its topic, partition and offset."""
        feed = self._feed
        values = {field.name: field.read(event.get(field.name)) for field in feed.fields}
        told = {**derive(feed.derived_fields, values)}
        told |= {name: self._value(feed.by_name[name], values[name]) for name in self._own if name in feed.by_name}
        own = (told.get(name) for name in self._own)
        return (*place, self._event_id(event), self._time(event), self._user(event), *own)

    def rejected(self, place: Row, event: Event, problem: Violation) -> Row:
        """An event that breaks a rule, as sql/feeds/shared/011_rejected.sql has it."""
        feed = self._feed
        field = feed.by_name[problem.field]
        sent = as_text(event.get(field.name))
        value = sent and (MASK if field.classification in OF_PERSONS else scrubbed_text(sent))
        plain = {
            field.name: event[field.name]
            for field in feed.fields
            if field.classification not in OF_PERSONS and field.name in event
        }
        original = as_json(scrubbed_json(plain))
        return (*place, field.name, problem.rule, value, original, self._time(event), self._user(event))

    def _event_id(self, event: Event) -> str:
        known = f"event of {self._feed.name}: {self._feed.id_of(event)}"
        # Under the key: an id may be made of identifiers, which whoever knows them could look for.
        return keyed_hash(known.encode("utf-8", "replace"), self._key)

    def _time(self, event: Event) -> datetime | None:
        milliseconds = self._feed.time_ms(event)
        return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)

    def _user(self, event: Event) -> str | None:
        return identity_hash(self._feed.person_of(event), self._key)

    def _value(self, field: Field, value: Any) -> Any:
        if field.classification == "identifier":
            return identity_hash((as_text(value) or "").strip(), self._key)
        return scrubbed_value(self._feed, field, as_text(value) if isinstance(value, str) else value)
