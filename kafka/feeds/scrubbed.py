"""A value of a feed's event without what tells of a person: the same in search and in the warehouse."""

from typing import Any

from kafka.feeds.checks import Field
from kafka.feeds.feed import Feed
from kafka.scrubbing.scrub import scrubbed_id, scrubbed_text, scrubbed_url


def scrubbed_value(feed: Feed, field: Field, value: Any) -> Any:
    """Of a field that is neither `personal` nor an `identifier`, the value that it was read as; None for no text."""
    if not isinstance(value, str) or field.values:
        return value
    if field.holds_address:
        return scrubbed_url(value) or None
    if field.name in (*feed.event_id, feed.key_field):
        return scrubbed_id(value) or None
    return scrubbed_text(value) or None
