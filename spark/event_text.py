"""One event as sent to one row of text: explicit rules for any type of value, so that no event can stop a run.

The visitor is hashed here: the user id, the e-mail and the address never leave the process that read them.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson

# Longer text is no product page, user agent or id; it bounds a row.
LONGEST_TEXT = 32_768
LONGEST_OPTIONS = 1_048_576
MASK = "***"
PERSONAL_FIELDS = ("ip", "user_id_db", "email_address")
# PostgreSQL's text holds any character but U+0000; U+0002 encloses a text on its way there (spark/staging.py).
TEXT_QUOTE = "\x02"
_REPLACEMENT = "\ufffd"


def as_text(value: object) -> str | None:
    """Strings as they are (cut at `LONGEST_TEXT`, U+0000 and U+0002 replaced), numbers and booleans as in JSON.

    An integral float is spelled as the integer, a list or object as JSON; null and absent are None.
    """
    if type(value) is str:
        if value.isprintable() and len(value) <= LONGEST_TEXT:
            return value
        text = value
    elif value is None:
        return None
    elif isinstance(value, float) and value.is_integer():
        text = str(int(value))
    else:
        text = as_json(value)
    return text[:LONGEST_TEXT].replace("\0", _REPLACEMENT).replace(TEXT_QUOTE, _REPLACEMENT)


def as_json(value: object) -> str:
    """JSON text that PostgreSQL's jsonb takes; what JSON cannot say (a BSON date or id) becomes its text."""
    try:
        text = orjson.dumps(value, default=str).decode()
    except orjson.JSONEncodeError:
        return orjson.dumps(str(value)).decode()
    return orjson.dumps(_without_nul(orjson.loads(text))).decode() if "\\u0000" in text else text


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", _REPLACEMENT)
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return [_without_nul(item) for item in value] if isinstance(value, list) else value


def options_json(value: object) -> str | None:
    """The options of a product page: a non-empty list or object as JSON, else None."""
    if not value or not isinstance(value, list | dict):
        return None
    text = as_json(value)
    return text if len(text) <= LONGEST_OPTIONS else None


def campaign(value: object) -> str | None:
    """`utm_source` and `utm_medium` are a string or `false`, which means none."""
    return None if value is False else as_text(value)


def visitor_identity(event: Mapping[str, Any]) -> str:
    """Who the visitor is: the user id, else the device id, else the empty text."""
    return (as_text(event.get("user_id_db")) or "").strip() or (as_text(event.get("device_id")) or "").strip()


def visitor_hash(event: Mapping[str, Any], key: bytes) -> str | None:
    """The visitor as 32 hex digits: HMAC-SHA256 of the user id, else of the device id, cut to 128 bits; else None."""
    identity = visitor_identity(event)
    if not identity:
        return None
    return hmac.digest(key, identity.encode("utf-8", "replace"), "sha256")[:16].hex()


def content_hash(event: Mapping[str, Any]) -> str:
    """MD5 of the event's JSON with sorted keys: the identity of an event that has neither `id` nor `_id`."""
    text = orjson.dumps(event, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def masked_json(event: object) -> str:
    """The event as JSON text, its personal fields masked: what a rejected event leaves in the warehouse."""
    if isinstance(event, dict):
        event = {name: MASK if name in PERSONAL_FIELDS and value else value for name, value in event.items()}
    return as_json(event)
