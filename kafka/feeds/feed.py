"""A feed: what its events are, where they go, and what is wrong with one of them."""

import hashlib
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from kafka.event_text import as_text
from kafka.feeds.checks import Field, Violation
from kafka.visitor import owner_identity

MAIN = "product_views"
"""The feed that the mirror fills and the warehouse is built from; settings name its topics and its collection."""


@dataclass(frozen=True)
class Promise:
    """A line of the service level agreement."""

    property: str
    value: str
    unit: str
    description: str


@dataclass(frozen=True)
class Feed:
    """One declaration. `event_id` names the fields that tell events apart, `person_field` the one that tells whose."""

    name: str
    title: str
    version: str
    status: str
    owner: str
    purpose: str
    limitations: str
    promises: tuple[Promise, ...]
    fields: tuple[Field, ...]
    topic: str
    dead_letter_topic: str
    partitions: int
    key_field: str
    event_id: tuple[str, ...]
    event_time: str
    person_field: str | None
    collection: str
    index: str
    derived_fields: tuple[str, ...]
    allowed_lead_seconds: int

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by their names."""
        return {field.name: field for field in self.fields}

    @property
    def is_main(self) -> bool:
        """Whether it is the main feed."""
        return self.name == MAIN

    def validate(self, event: Mapping[str, Any], recorded_ms: int | None = None) -> list[Violation]:
        """Everything that the event breaks, at most one rule a field; empty for a valid one.

        `recorded_ms` is when the bus recorded it, milliseconds since 1970: an event may not lie further ahead of that
        than `allowed_lead_seconds`. Fields that are not declared are no violation.
        """
        broken = [problem for field in self.fields if (problem := field.problem(event.get(field.name)))]
        if not self.is_main and (silent := self._says_nothing(event, {each.field for each in broken})):
            broken.append(silent)
        time_ms = self.time_ms(event)
        if recorded_ms is not None and time_ms is not None and time_ms > recorded_ms + self.allowed_lead_seconds * 1000:
            text = f"is more than {self.allowed_lead_seconds} s ahead of the time at which it was recorded"
            broken.append(Violation(self.event_time, "time_in_future", text))
        return broken

    def _says_nothing(self, event: Mapping[str, Any], broken: Set[str]) -> Violation | None:
        """Where it does not tell whose it is, though that is required, or has nothing that tells it apart."""
        person = self.person_field
        if person and person not in broken and self.by_name[person].required and not self.person_of(event):
            return Violation(person, "required", "is blank")
        if broken.isdisjoint(self.event_id) and not any(map(self._id_part(event), self.event_id)):
            return Violation(self.event_id[0], "required", "is empty, and tells events apart")
        return None

    def time_ms(self, event: Mapping[str, Any]) -> int | None:
        """When it happened, milliseconds since 1970; None where the event tells no time within its bounds."""
        return self.by_name[self.event_time].milliseconds(event.get(self.event_time))

    def id_of(self, event: Mapping[str, Any]) -> str | None:
        """What is the same for an event that is sent twice; None where none of its fields says anything.

        The value of one field as text, or a hash over several (32 hexadecimal digits). Blanks around whose it is are no
        part of it, as they are none of the person.
        """
        values = list(map(self._id_part(event), self.event_id))
        if len(values) == 1:
            return values[0] or None
        return hashlib.sha256(orjson.dumps(values)).hexdigest()[:32] if any(values) else None

    def _id_part(self, event: Mapping[str, Any]) -> Callable[[str], str | None]:
        return lambda name: self.person_of(event) if name == self.person_field else as_text(event.get(name))

    def key_of(self, event: Mapping[str, Any]) -> bytes | None:
        """The record's key: events of one key keep their order."""
        key = as_text(event.get(self.key_field))
        return key.encode() if key else None

    def person_of(self, event: Mapping[str, Any]) -> str:
        """Whose the event is, as trimmed text; empty where it is nobody's."""
        if self.is_main:
            return owner_identity(event)
        return (as_text(event.get(self.person_field)) or "").strip() if self.person_field else ""
