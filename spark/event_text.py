"""One event as sent to one row of text: explicit rules for any type of value, so that no event can stop a run.

The visitor is hashed by kafka/visitor.py, in the process that read the event: the user id goes no further.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from kafka.event_text import as_json, as_text
from kafka.scrubbing.scrub import scrubbed_json, scrubbed_start
from kafka.visitor import identity, identity_hash

LONGEST_OPTIONS = 1_048_576
# Characters. Two of them, of four bytes each, and a domain fit into the unique index of a mart (2,704 bytes).
LONGEST_CAMPAIGN = 200
USER = "user_id_db"
_HASH = re.compile("[0-9a-f]{32}")


def options_json(value: object) -> str | None:
    """The options of a product page, scrubbed: a non-empty list or object as JSON, else None."""
    if not value or not isinstance(value, list | dict):
        return None
    # Lists are seldom alike, their options are.
    options = value if isinstance(value, list) else [value]
    text = ",".join([_scrubbed_options(as_json(each)) for each in options])
    text = f"[{text}]" if isinstance(value, list) else text
    return text if len(text) <= LONGEST_OPTIONS else None


@lru_cache(maxsize=16_384)
def _scrubbed_options(text: str) -> str:
    return as_json(scrubbed_json(orjson.loads(text)))


def campaign(value: object) -> str | None:
    """`utm_source` and `utm_medium`: trimmed, scrubbed, cut at LONGEST_CAMPAIGN; `false` means none."""
    text = None if value is False else as_text(value)
    return text and scrubbed_start(text.strip(), LONGEST_CAMPAIGN)


def content_hash(event: Mapping[str, Any]) -> str:
    """MD5 of the event's JSON with sorted keys: the identity of an event that has neither `id` nor `_id`."""
    try:
        text = orjson.dumps(event, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        # What JSON cannot say (half of a surrogate pair) still has one spelling in Python.
        text = repr(sorted(event.items())).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def masked_json(event: object, key: bytes) -> str:
    """The event as JSON text, scrubbed: what a rejected event leaves in the warehouse.

    With the user's hash in place of the id, as facts have it, so that whoever is forgotten is found by it.
    """
    masked = scrubbed_json(event)
    if isinstance(event, Mapping) and (user := identity(event.get(USER))):
        masked[USER] = identity_hash(user, key)
    return as_json(masked)


def scrubbed_again(text: str) -> str:
    """What `masked_json` has made, by the scrubber's rules of today; the same text where they mask no more."""
    event = orjson.loads(text)
    masked = scrubbed_json(event)
    if isinstance(event, dict) and _HASH.fullmatch(str(event.get(USER))):
        masked[USER] = event[USER]
    return text if masked == event else as_json(masked)
