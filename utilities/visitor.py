"""A visitor as the warehouse knows one: by the user id, else by the device id.

An event belongs to one visitor, the user where it names one. A device of which somebody has logged in therefore carries
events of two visitors, and forgetting the device does not forget the user, nor the other way round.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from kafka.event_json import EventError, decode_event
from spark.event_fields import visitor_hash, visitor_identity


@dataclass(frozen=True)
class Visitor:
    """`identity` is the user id or the device id as sent; `hash` what the warehouse has instead."""

    identity: str
    hash: uuid.UUID

    @classmethod
    def of(cls, identity: str, key: SecretStr) -> "Visitor":
        """The visitor of an id, under the warehouse's secret key."""
        identity = identity.strip()
        hashed = visitor_hash({"device_id": identity}, key.get_secret_value().encode())
        return cls(identity, uuid.UUID(hashed))

    def owns(self, event: object) -> bool:
        """Whether an event as sent is this visitor's."""
        return isinstance(event, Mapping) and visitor_identity(event) == self.identity

    def event_of(self, value: bytes | None) -> dict[str, Any] | None:
        """The event in a record, where it is one and this visitor's."""
        if not self._may_be_in(value):
            return None
        try:
            event = decode_event(value)
        except EventError:
            return None
        return event if self.owns(event) else None

    def is_in_letter(self, key: bytes | None, value: bytes | None) -> bool:
        """Whether a dead letter is this visitor's; bytes that are no event are, where they hold the id."""
        try:
            event = json.loads(value or b"")
        except (ValueError, RecursionError):
            event = None
        if isinstance(event, dict) and visitor_identity(event):
            return self.owns(event)
        name = self.identity.encode("utf-8", "replace")
        return name == key or name in (value or b"")

    def spellings(self) -> list[str | int | float]:
        """How a document of MongoDB may hold the identity: as text or as a number."""
        found: list[str | int | float] = [self.identity]
        if self.identity.isascii() and self.identity.isdigit() and len(self.identity) <= 18:
            found.append(int(self.identity))
        return found

    def _may_be_in(self, value: bytes | None) -> bool:
        """Most records are another's, which their bytes tell 20 times as fast as their JSON."""
        if value is None:
            return False
        plain = (
            self.identity.isascii() and json.dumps(self.identity) == f'"{self.identity}"' and "/" not in self.identity
        )
        return not plain or self.identity.encode() in value or b"\\u" in value
