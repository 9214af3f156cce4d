"""The declarations read and checked: a wrong one is one error that names the file and the place."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from config.errors import ConfigurationError
from kafka.feeds.checks import Field, timestamp_ms
from kafka.feeds.contract import Contract, CustomProperty, FeedNotes, FieldNotes, Property
from kafka.feeds.derived import FIELDS_OF
from kafka.feeds.feed import Feed, Promise
from kafka.feeds.settings import FeedSettings

ALL = "all"
_Notes = TypeVar("_Notes", bound=BaseModel)
RESERVED = {"event", "event_id", "kafka", "indexed_at", "erased_at", "valid", "broken_rules"}
"""What every document of Elasticsearch has beside the declared fields (kafka/sinks/feed_document.py)."""
_TIMES = {"timestamp", "epochSeconds"}


def load_feeds(directory: Path | None = None) -> dict[str, Feed]:
    """Every declared feed by its name, the main one first; `directory` is by default that of the settings.

    Raises ConfigurationError where a declaration is wrong, or two have a name, a topic, a collection or an index in
    common.
    """
    folder = directory or FeedSettings.load().declarations
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ConfigurationError("FEEDS_DIRECTORY", f"{folder} holds no declaration of a feed (<feed>.yaml)")
    feeds = sorted((read_declaration(file) for file in files), key=lambda feed: (not feed.is_main, feed.name))
    _refuse_shared(feeds, folder)
    return {feed.name: feed for feed in feeds}


def feeds_beside_main() -> list[Feed]:
    """The feeds of the settings but for the main one, whose places settings of its own name."""
    return [feed for feed in load_feeds().values() if not feed.is_main]


def feed_named(name: str) -> Feed:
    """The feed of this name; raises ConfigurationError where there is none."""
    known = load_feeds()
    if name not in known:
        raise ConfigurationError("--feed", f"{name} is no feed; there are {', '.join(known)}")
    return known[name]


def chosen_feeds(names: str, feeds: Mapping[str, Feed] | None = None) -> list[Feed]:
    """The feeds that `all` or names with commas between them choose; raises ConfigurationError for one that is none."""
    known = load_feeds() if feeds is None else feeds
    if names.strip() == ALL:
        return list(known.values())
    wanted = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    for name in wanted:
        if name not in known:
            raise ConfigurationError("--feeds", f"{name} is no feed; there are {', '.join(known)}")
    if not wanted:
        raise ConfigurationError("--feeds", f"names no feed; there are {', '.join(known)}, or {ALL}")
    return [known[name] for name in wanted]


def read_declaration(file: Path) -> Feed:
    """The feed that a file declares; raises ConfigurationError naming the file and the place."""
    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(str(file), f"cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(told, dict):
        raise ConfigurationError(str(file), "is no declaration: it has to begin with `apiVersion: v3.1.0`")
    contract = _checked(Contract, told, file, "")
    notes = _noted(FeedNotes, contract.customProperties, file, "customProperties")
    if contract.id != file.stem:
        raise ConfigurationError(str(file), f"id: is {contract.id}, and the file is to be called {contract.id}.yaml")
    if contract.schema_[0].name != contract.id:
        raise ConfigurationError(str(file), f"schema[0].name: is to be {contract.id}, as the feed is called")
    feed = _feed(contract, notes, file)
    _check_roles(feed, file)
    return feed


def _feed(contract: Contract, notes: FeedNotes, file: Path) -> Feed:
    properties = contract.schema_[0].properties
    return Feed(
        name=contract.id,
        title=contract.name,
        version=contract.version,
        status=contract.status,
        owner=contract.team.name,
        purpose=contract.description.purpose,
        limitations=contract.description.limitations,
        promises=tuple(
            Promise(sla.property, str(sla.value), sla.unit, sla.description) for sla in contract.slaProperties
        ),
        fields=tuple(_field(told, file, f"schema[0].properties[{told.name}]") for told in properties),
        topic=notes.topic,
        dead_letter_topic=notes.deadLetterTopic,
        partitions=notes.partitions,
        key_field=notes.keyField,
        event_id=tuple(notes.eventId),
        event_time=notes.eventTime,
        person_field=notes.personField,
        collection=notes.collection,
        index=notes.index,
        derived_fields=tuple(notes.derivedFields),
        allowed_lead_seconds=notes.allowedLeadSeconds,
    )


def _field(told: Property, file: Path, place: str) -> Field:
    options, notes = told.logicalTypeOptions, _noted(FieldNotes, told.customProperties, file, place)
    if options.pattern is not None:
        try:
            re.compile(options.pattern)
        except re.error as error:
            raise ConfigurationError(str(file), f"{place}.pattern: is no regular expression: {error}") from None
    if told.quality and told.logicalType != "string":
        raise ConfigurationError(str(file), f"{place}.quality: valid values are for fields of type string")
    return Field(
        name=told.name,
        type=told.logicalType,
        description=told.description,
        classification=told.classification,
        required=told.required,
        minimum=_bound(told, options.minimum, file, f"{place}.minimum"),
        maximum=_bound(told, options.maximum, file, f"{place}.maximum"),
        min_length=options.minLength,
        max_length=options.maxLength,
        pattern=options.pattern,
        format=options.format,
        values=tuple(told.quality[0].arguments.validValues) if told.quality else (),
        reading=notes.reading,
        holds_address=notes.holds == "address" or options.format == "uri",
    )


def _bound(told: Property, bound: float | str | None, file: Path, place: str) -> float | None:
    if bound is None:
        return None
    if told.logicalType == "timestamp":
        milliseconds = timestamp_ms(bound)
        if milliseconds is None:
            raise ConfigurationError(str(file), f"{place}: is no time with its zone, such as 2026-01-31T12:00:00Z")
        return milliseconds
    if told.logicalType not in ("number", "integer") or isinstance(bound, str):
        raise ConfigurationError(str(file), f"{place}: is a number, of a number, or a time, of a timestamp")
    return bound


def _check_roles(feed: Feed, file: Path) -> None:
    """What the feed says of its fields holds: they are declared, and what tells an event's time is a time."""
    names = [field.name for field in feed.fields]
    if unknown := set(feed.derived_fields) - set(FIELDS_OF):
        raise ConfigurationError(
            str(file), f"customProperties.derivedFields: {min(unknown)} is none of {', '.join(FIELDS_OF)}"
        )
    taken = RESERVED | {name for derived in feed.derived_fields for name in FIELDS_OF[derived]}
    if not feed.is_main and (clash := taken & set(names)):
        raise ConfigurationError(str(file), f"schema[0].properties: {min(clash)} is a name of search documents")
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigurationError(str(file), f"schema[0].properties: {', '.join(sorted(twice))} is declared twice")
    roles = {"keyField": [feed.key_field], "eventId": feed.event_id, "eventTime": [feed.event_time]}
    if feed.person_field:
        roles["personField"] = [feed.person_field]
    for role, fields in roles.items():
        for name in fields:
            if name not in feed.by_name:
                raise ConfigurationError(str(file), f"customProperties.{role}: {name} is no field of the schema")
    time = feed.by_name[feed.event_time]
    if not {time.type, time.reading} & _TIMES or not time.required:
        raise ConfigurationError(str(file), f"customProperties.eventTime: {time.name} is to be a required timestamp")
    if feed.person_field and feed.by_name[feed.person_field].classification != "identifier":
        raise ConfigurationError(str(file), "customProperties.personField: is to be classified as an identifier")
    if not feed.person_field and any(field.classification in ("identifier", "personal") for field in feed.fields):
        raise ConfigurationError(
            str(file),
            "customProperties.personField: is missing, and fields are identifier or personal: nobody could"
            " be forgotten",
        )


def _refuse_shared(feeds: list[Feed], folder: Path) -> None:
    taken: dict[tuple[str, str], str] = {}
    for feed in feeds:
        places = {
            ("topic", feed.topic),
            ("topic", feed.dead_letter_topic),
            ("collection", feed.collection),
            ("index", feed.index),
        }
        for place in places:
            if place in taken:
                raise ConfigurationError(
                    str(folder / f"{feed.name}.yaml"), f"the {place[0]} {place[1]} is that of {taken[place]} too"
                )
            taken[place] = feed.name
        # `orders-*` would take in the months of `orders-new`.
        for other in feeds:
            if other is not feed and other.index.startswith(f"{feed.index}-"):
                raise ConfigurationError(
                    str(folder / f"{other.name}.yaml"), f"the index {other.index} begins as those of {feed.name} do"
                )


def _noted(model: type[_Notes], told: list[CustomProperty], file: Path, place: str) -> _Notes:
    return _checked(model, {note.property: note.value for note in told}, file, place)


def _checked(model: type[_Notes], told: Mapping[str, Any], file: Path, place: str) -> _Notes:
    try:
        return model.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        shown = f" (got {first['input']!r:.80})" if first["type"] not in ("missing", "extra_forbidden") else ""
        raise ConfigurationError(str(file), f"{(place + where).lstrip('.')}: {first['msg']}{shown}") from None
