"""How Elasticsearch holds a feed's events: the fields that are searched, and the index template of its months.

A field that is `personal` stays inside `event`, which no search reads; one that is an `identifier` is a keyed hash.
"""

from typing import Any

from kafka.feeds.checks import Field
from kafka.feeds.derived import FIELDS_OF
from kafka.feeds.feed import Feed

_TYPES: dict[str, dict[str, Any]] = {
    "timestamp": {"type": "date", "format": "epoch_millis"},
    "number": {"type": "double"},
    "integer": {"type": "long"},
    "boolean": {"type": "boolean"},
}
_KEYWORD = {"type": "keyword", "ignore_above": 256}
_LONG_KEYWORD = {"type": "keyword", "ignore_above": 2048}
_TIME = {"type": "date", "format": "epoch_millis"}
_BUS = {
    "topic": {"type": "keyword"},
    "partition": {"type": "integer"},
    "offset": {"type": "long"},
    "timestamp": _TIME,
}


def searched_fields(feed: Feed) -> list[Field]:
    """The declared fields that a document has beside `@timestamp`."""
    return [
        field
        for field in feed.fields
        if field.classification != "personal"
        and field.type not in ("object", "array")
        and field.name != feed.event_time
    ]


def retention_template(alias: str) -> str:
    """Name of the component template that says how long an alias's months are kept, where the server can."""
    return f"{alias}-retention"


def template(feed: Feed) -> dict[str, Any]:
    """The index template: what the main feed's says in config/elasticsearch/index-template.json."""
    properties = {
        "@timestamp": _TIME,
        "event_id": _KEYWORD,
        **{field.name: _mapping(field) for field in searched_fields(feed)},
        **{name: mapping for derived in feed.derived_fields for name, mapping in FIELDS_OF[derived].items()},
        "valid": {"type": "boolean"},
        "broken_rules": _KEYWORD,
        "kafka": {"properties": _BUS},
        "indexed_at": _TIME,
        "event": {"type": "object", "enabled": False},
    }
    return {
        "index_patterns": [f"{feed.index}-*"],
        "priority": 200,
        "composed_of": [retention_template(feed.index)],
        "ignore_missing_component_templates": [retention_template(feed.index)],
        "template": {
            "settings": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "5s"},
            "aliases": {feed.index: {}},
            "mappings": {"dynamic": False, "properties": properties},
        },
        "_meta": {"description": f"{feed.title}: one document an event, named by its place on the bus."},
    }


def _mapping(field: Field) -> dict[str, Any]:
    if field.type in _TYPES and field.classification != "identifier":
        return _TYPES[field.type]
    return _LONG_KEYWORD if field.holds_address or (field.max_length or 0) > 256 else _KEYWORD
