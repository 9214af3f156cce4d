"""The identity that the warehouse gives an event: the rule of `spark.transforms.event_identity`, for one event."""

import hashlib
import re
import uuid
from collections.abc import Mapping
from typing import Any

from kafka.event_text import as_text, object_id
from spark.event_text import content_hash
from spark.transforms import OBJECT_ID_TEXT, UUID_TEXT


def warehouse_id(text: str) -> str | None:
    """32 hex digits for an id as a person types it: a UUID, with hyphens or without, or 24 hex digits of an `_id`."""
    text = text.strip().lower()
    if re.fullmatch(OBJECT_ID_TEXT, text):
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    plain = text.replace("-", "")
    return plain if re.fullmatch("[0-9a-f]{32}", plain) else None


def sent_spellings(text: str) -> list[str]:
    """How the event itself may spell the id that a person types; Elasticsearch has it as it was sent."""
    text = text.strip()
    spellings = {text, text.lower(), text.upper()}
    if warehouse_id(text) is not None and not re.fullmatch(OBJECT_ID_TEXT, text):
        hyphened = str(uuid.UUID(text))
        spellings |= {hyphened, hyphened.upper()}
    return sorted(spellings)


def event_id_of(event: Mapping[str, Any]) -> str | None:
    """The identity of an event as sent, 32 hex digits; None where the id that is there is malformed."""
    sent, document_id = ((as_text(value) or "").strip(" ") for value in (event.get("id"), object_id(event.get("_id"))))
    if sent:
        return warehouse_id(sent) if re.fullmatch(UUID_TEXT, sent) else None
    if document_id:
        return warehouse_id(document_id) if re.fullmatch(OBJECT_ID_TEXT, document_id) else None
    return content_hash(event)
