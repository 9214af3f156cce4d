"""Whose events are forgotten: those of a user, or those of a device that name no user.

An event is owned by the user where it names one, else by its device. A device on which somebody has logged in therefore
carries events of two owners, and forgetting the device does not forget the user, nor the other way round. Every row of
a fact has both hashes, `visitor` (the device) and `user_hash`; `person`, which is its session's, owns nothing.
"""

import json
import re
import string
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import SecretStr

from kafka.event_text import as_text
from kafka.visitor import identity, owner_hash, owner_identity

_NUMBER = re.compile(r"-?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_ANY = "(.|\n)"
_NAMED = 100


@dataclass(frozen=True)
class Visitor:
    """`identity` is the user id or the device id as sent; `hash` what the warehouse has instead.

    `person_field` is the field that tells whose an event of a declared feed is; None for the main feed.
    """

    identity: str
    hash: uuid.UUID
    person_field: str | None = None

    @classmethod
    def of(cls, known: str, key: SecretStr) -> "Visitor":
        """The visitor of an id, under the warehouse's secret key."""
        known = known.strip()
        hashed = owner_hash({"device_id": known}, key.get_secret_value().encode())
        return cls(known, uuid.UUID(hashed))

    def owns(self, event: object) -> bool:
        """Whether an event as sent is this visitor's."""
        if not isinstance(event, Mapping):
            return False
        owner = owner_identity(event) if self.person_field is None else identity(event.get(self.person_field))
        return owner == self.identity

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of an event that may hold the identity."""
        return ("user_id_db", "device_id") if self.person_field is None else (self.person_field,)

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

    def numbers(self) -> list[int | float]:
        """The numbers that are the identity as text: `1` may be sent as 1 or as 1.0."""
        if not _NUMBER.fullmatch(self.identity):
            return []
        found: list[int | float] = [float(self.identity)]
        if _INTEGER.fullmatch(self.identity) and -(2**63) <= int(self.identity) < 2**63:
            found.append(int(self.identity))
        return [number for number in found if as_text(number) == self.identity]

    def pattern(self) -> str:
        """A regular expression for all text that may be the identity, for MongoDB and Lucene, which anchors it.

        White space around is no part of an identity, and U+FFFD may stand for another character (`as_text`). Of a long
        identity only the beginning is named: Elasticsearch and the local MongoDB-protocol server take 1,000 characters.
        """
        named = "".join(_spelled(character) for character in self.identity[:_NAMED])
        ending = f"{_ANY}*" if len(self.identity) > _NAMED else ""
        return f"[{_white_space()}]*{named}{ending}[{_white_space()}]*"

    @property
    def may_be_no_text(self) -> bool:
        """Whether a boolean, a list or an object as JSON may be the identity: no search by text finds those."""
        return self.identity in ("true", "false") or self.identity[:1] in ("[", "{")

    def _may_be_in(self, value: bytes | None) -> bool:
        """Most records are another's, which their bytes tell many times as fast as their JSON."""
        is_plain = re.fullmatch("[A-Za-z0-9@._-]+", self.identity) is not None
        return value is not None and (not is_plain or self.identity.encode() in value or b"\\u" in value)


@cache
def _white_space() -> str:
    """What `str.strip` takes off."""
    return "".join(chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace())


def _spelled(character: str) -> str:
    if character == "\ufffd":
        return _ANY
    if character in "\\^[]":
        return f"\\{character}"
    # In brackets: what a backslash before the others means is not the same everywhere.
    return f"[{character}]" if character in string.punctuation and character not in "_-" else character
