"""The values of an event as text, and whose event it is: one reading for stages, warehouse and erasure alike."""

import hmac
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


def owner_identity(event: Mapping[str, Any]) -> str:
    """Whose the event is, for the right to be forgotten: the user id, else the device id, else the empty text.

    Counts go by other definitions (docs/definitions.md): a visitor is the device whoever uses it, and a person is told
    by all events of a session.
    """
    return first_identity(event.get("user_id_db"), event.get("device_id"))


def identity(value: object) -> str:
    """An id as trimmed text; the empty text where there is none."""
    return (as_text(value) or "").strip()


def first_identity(first: object, second: object) -> str:
    """The first of the two that is not empty, as trimmed text; the empty text where both are."""
    return identity(first) or identity(second)


def owner_hash(event: Mapping[str, Any], key: bytes) -> str | None:
    """`owner_identity` as 32 hex digits: HMAC-SHA256 cut to 128 bits; None where nobody is known."""
    return identity_hash(owner_identity(event), key)


def identity_hash(known: str, key: bytes) -> str | None:
    """The hash of an identity as `identity` tells it; None for the empty one."""
    return keyed_hash(known.encode("utf-8", "replace"), key) if known else None


def keyed_hash(known: bytes, key: bytes) -> str:
    """Any identity as 32 hex digits: HMAC-SHA256 cut to 128 bits."""
    return hmac.digest(key, known, "sha256")[:16].hex()
