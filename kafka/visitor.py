"""Whose event it is, and how whose it is becomes a hash: one reading for stages, warehouse and erasure alike."""

import hmac
from collections.abc import Mapping
from typing import Any

from kafka.event_text import as_text


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


def searched_device(event: Mapping[str, Any], key: bytes) -> str | None:
    """What Elasticsearch has in place of the device's id, as `identity_hash`; None where the event names none.

    Under FORGOTTEN_KEY, which the indexer has, and hashed apart: it leads neither to a visitor of the warehouse nor to
    an entry of the list of forgotten visitors.
    """
    known = identity(event.get("device_id"))
    return keyed_hash(b"searched device " + known.encode("utf-8", "replace"), key) if known else None


def searched_identifier(identifier: str, key: bytes) -> str | None:
    """What Elasticsearch has in place of an identifier of a declared feed, as `searched_device`: the same in all feeds.

    None for a blank one.
    """
    known = identifier.strip()
    return keyed_hash(b"searched identifier " + known.encode("utf-8", "replace"), key) if known else None


def keyed_hash(known: bytes, key: bytes) -> str:
    """Any identity as 32 hex digits: HMAC-SHA256 cut to 128 bits."""
    return hmac.digest(key, known, "sha256")[:16].hex()
