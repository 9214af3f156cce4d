"""The values of an event as text: one reading for stages, warehouse and erasure alike."""

from collections.abc import Mapping
from typing import Any

import orjson

# Longer text is no product page, user agent or id; it bounds a row.
LONGEST_TEXT = 32_768
# PostgreSQL's text holds any character but U+0000; U+0002 encloses a text on its way there (spark/staging.py).
TEXT_QUOTE = "\x02"
_REPLACEMENT = "\ufffd"


def as_text(value: object) -> str | None:
    """Strings as they are, cut at `LONGEST_TEXT`, with U+0000, U+0002 and surrogates replaced; numbers as in JSON.

    An integral float is spelled as the integer, a boolean, list or object as JSON; null and absent are None.
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
    # Halves of surrogate pairs are no UTF-8, and never reach us as JSON; a driver may still hand one over.
    whole = text[:LONGEST_TEXT].encode("utf-8", "replace").decode()
    return whole.replace("\0", _REPLACEMENT).replace(TEXT_QUOTE, _REPLACEMENT)


def object_id(value: object) -> object:
    """An `_id`; mongoexport writes an ObjectId as `{"$oid": "5ec8..."}`."""
    return value.get("$oid", value) if isinstance(value, Mapping) else value


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
