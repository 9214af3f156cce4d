"""Whose event it is, and how whose it is becomes a hash: one reading for stages, warehouse and erasure alike."""

import hmac
from collections.abc import Mapping
from typing import Any

from kafka.event_text import as_text


def visitor_identity(event: Mapping[str, Any]) -> str:
    """Who the visitor is: the user id, else the device id, else the empty text."""
    return (as_text(event.get("user_id_db")) or "").strip() or (as_text(event.get("device_id")) or "").strip()


def visitor_hash(event: Mapping[str, Any], key: bytes) -> str | None:
    """The visitor as 32 hex digits: HMAC-SHA256 of the user id, else of the device id, cut to 128 bits; else None."""
    identity = visitor_identity(event)
    return identity_hash(identity, key) if identity else None


def identity_hash(identity: str, key: bytes) -> str:
    """What `visitor_hash` makes of a visitor's identity."""
    return keyed_hash(identity.encode("utf-8", "replace"), key)


def keyed_hash(identity: bytes, key: bytes) -> str:
    """Any identity as 32 hex digits, as `visitor_hash` has a visitor's."""
    return hmac.digest(key, identity, "sha256")[:16].hex()
