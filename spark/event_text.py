"""One event as sent to one row of text: explicit rules for any type of value, so that no event can stop a run.

The visitor is hashed by kafka/visitor.py, in the process that read the event: the user id goes no further.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from kafka.event_text import as_json, as_text, masked

LONGEST_OPTIONS = 1_048_576


def options_json(value: object) -> str | None:
    """The options of a product page: a non-empty list or object as JSON, else None."""
    if not value or not isinstance(value, list | dict):
        return None
    text = as_json(value)
    return text if len(text) <= LONGEST_OPTIONS else None


def campaign(value: object) -> str | None:
    """`utm_source` and `utm_medium` are a string or `false`, which means none."""
    return None if value is False else as_text(value)


def content_hash(event: Mapping[str, Any]) -> str:
    """MD5 of the event's JSON with sorted keys: the identity of an event that has neither `id` nor `_id`."""
    text = orjson.dumps(event, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def masked_json(event: object) -> str:
    """The event as JSON text, its personal fields masked: what a rejected event leaves in the warehouse."""
    return as_json(masked(event))
