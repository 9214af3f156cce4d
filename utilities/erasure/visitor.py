"""Whose events are forgotten: those of a user, or those of a device that name no user.

An event is owned by the user where it names one, else by its device. A device on which somebody has logged in therefore
carries events of two owners, and forgetting the device does not forget the user, nor the other way round. Every row of
a fact has both hashes, `visitor` (the device) and `user_hash`; `person`, which is its session's, owns nothing.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from kafka.event_text import owner_hash, owner_identity


@dataclass(frozen=True)
class Visitor:
    """`identity` is the user id or the device id as sent; `hash` what the warehouse has instead."""

    identity: str
    hash: uuid.UUID

    @classmethod
    def of(cls, identity: str, key: SecretStr) -> "Visitor":
        """The visitor of an id, under the warehouse's secret key."""
        identity = identity.strip()
        hashed = owner_hash({"device_id": identity}, key.get_secret_value().encode())
        return cls(identity, uuid.UUID(hashed))

    def owns(self, event: object) -> bool:
        """Whether an event as sent is this visitor's."""
        return isinstance(event, Mapping) and owner_identity(event) == self.identity

    def owns_record(self, key: bytes | None, value: bytes | None) -> bool:
        """Whether a record is this visitor's; bytes that are no event are, where they hold the id in quotes."""
        name = self.identity.encode("utf-8", "replace")
        if key != name and not self._may_be_in(value):
            return False
        try:
            event = json.loads(value or b"")
        except (ValueError, RecursionError):
            event = None
        return self.owns(event) if isinstance(event, dict) else key == name or b'"%b"' % name in (value or b"")

    def spellings(self) -> list[str | int | float]:
        """How a document of MongoDB may hold the identity: as text or as a number."""
        found: list[str | int | float] = [self.identity]
        if self.identity.isascii() and self.identity.isdigit() and len(self.identity) <= 18:
            found.append(int(self.identity))
        return found

    def _may_be_in(self, value: bytes | None) -> bool:
        """Most records are another's, which their bytes tell many times as fast as their JSON."""
        is_plain = re.fullmatch("[A-Za-z0-9@._-]+", self.identity) is not None
        return value is not None and (not is_plain or self.identity.encode() in value or b"\\u" in value)
