"""However an id was sent, MongoDB and Elasticsearch are asked for it in a way that finds it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast
from unittest.mock import MagicMock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from config.settings import PROJECT_ROOT
from kafka.event_text import as_text
from kafka.position import BusPosition, bus_position
from kafka.scrubbing.scrub import scrubbed_id
from kafka.sinks.event_document import event_document
from utilities.erasure import find
from utilities.erasure.visitor import Visitor

KEY = SecretStr("a key of at least sixteen characters")
FORGOTTEN_KEY = b"another key of sixteen characters"
POSITION, OTHER = BusPosition("views", 0, 5), BusPosition("views", 0, 6)
SENT = [
    "d1",
    " d1",
    "d1\n",
    "\u2003d1\x85",
    "nul\0",
    "\0" * 150,
    "🙂" * 250,
    "(a|b)*.[x]^\\?{1}+\"#@&<2-5>~/'-_",
    "größe 🙂",
    "x" * 300,
    " " * 300 + "padded",
    "l" * 40_000,
    1,
    1.0,
    -2.5,
    1e22,
    2**63 - 1,
    True,
    {"a": 1},
    [1, "x"],
]
FIELDS: Mapping[str, Any] = json.loads(
    (PROJECT_ROOT / "config/elasticsearch/index-template.json").read_text(encoding="utf-8")
)["template"]["mappings"]["properties"]


def visitor_of(sent: object) -> Visitor:
    return Visitor.of(as_text(sent) or "", KEY)


def is_met(condition: Mapping[str, Any], value: object) -> bool:
    """How MongoDB judges a value by a condition."""
    ((operator, wanted),) = condition.items()
    if operator == "$regex":
        assert len(wanted.encode()) <= 1_000, "of the local server"
        # What other dialects call \\z is \\Z to Python.
        return isinstance(value, str) and re.search(wanted.replace(r"\z", r"\Z"), value) is not None
    if operator == "$in":
        return type(value) in (int, float) and value in wanted
    return type(value) in (bool, list, dict)


class Landed:
    """A collection with one document."""

    address = "host:27017"

    def __init__(self, event: Mapping[str, Any]) -> None:
        self.event = event

    def find(self, query: Mapping[str, Any], _: object) -> list[dict[str, Any]]:
        row = {"_id": bus_position(*POSITION), "event": self.event}
        if "_id" in query:
            return [row] if row["_id"] in query["_id"]["$in"] else []
        conditions = [pair for each in query["$or"] for pair in each.items()]
        return (
            [row] if any(is_met(each, self.event.get(name.removeprefix("event."))) for name, each in conditions) else []
        )


def is_hit(query: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """How Elasticsearch judges a document by a query; a keyword that is too long is not indexed but noted."""
    ((kind, wanted),) = query.items()
    if kind == "bool":
        return any(is_hit(each, document) for each in wanted["should"])
    if kind == "ids":
        return bus_position(*POSITION) in wanted["values"]
    if kind == "match_all":
        return True
    ((name, value),) = wanted.items()
    ignored = [field for field in document if len(str(document[field])) > FIELDS[field].get("ignore_above", 10**9)]
    held = ignored if name == "_ignored" else [document.get(name)] if name not in ignored else []
    if kind == "regexp":
        assert len(value["value"]) <= 1_000, "index.max_regex_length"
        return any(isinstance(each, str) and re.fullmatch(value["value"], each) for each in held)
    return any(each in (value if kind == "terms" else [value]) for each in held)


def found_landed(event: Mapping[str, Any], visitor: Visitor, known: set[BusPosition]) -> set[BusPosition]:
    return set(find.in_raw_store(cast(Any, Landed(event)), visitor, known))


def event_text(value: object) -> str | None:
    """What Elasticsearch had of a device's id before it was hashed."""
    if isinstance(value, str):
        return scrubbed_id(value) or None
    return as_text(value) if type(value) in (int, float) else None


def found_in_search(
    event: dict[str, Any], visitor: Visitor, known: set[BusPosition], is_hashed: bool = True
) -> set[BusPosition]:
    place = {**POSITION._asdict(), "timestamp": 0}
    document = event_document(event, 0, place, 0, FORGOTTEN_KEY)
    if not is_hashed:
        # As it was indexed before devices were hashed.
        document["device_id"] = event_text(event.get("device_id"))

    def scan(_: object, query: Mapping[str, Any], **__: object) -> Iterator[dict[str, Any]]:
        searched = {name: value for name, value in document.items() if name not in ("kafka", "event")}
        if is_hit(query["query"], searched):
            yield {"_id": bus_position(*POSITION), "_index": "views-1970.01", "_source": {"event": event}}

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(find, "scan", scan)
        return set(find.in_search(MagicMock(), "views", ["views"], visitor, known, FORGOTTEN_KEY))


@pytest.mark.parametrize("sent", SENT, ids=lambda sent: ascii(sent)[:20])
@pytest.mark.parametrize("field", ["device_id", "user_id_db"])
def test_an_id_is_found_alone_however_it_was_sent(sent: object, field: str) -> None:
    event, visitor = {"device_id": "another", field: sent}, visitor_of(sent)
    assert visitor.owns(event)
    assert found_landed(event, visitor, set()) == {POSITION}
    assert found_in_search(event, visitor, set()) == {POSITION}
    assert found_in_search(event, visitor, set(), is_hashed=False) == {POSITION}


def test_positions_that_the_warehouse_knows_are_asked_for_and_judged_by_what_is_there() -> None:
    masked = {"device_id": "d1", "user_id_db": "u1"}
    user, device = Visitor.of("u1", KEY), Visitor.of("d1", KEY)
    assert found_landed(masked, user, {POSITION, OTHER}) == {POSITION}
    assert found_landed(masked, device, {POSITION, OTHER}) == set()
    assert found_in_search(masked, user, {POSITION}) == {POSITION}
    assert found_in_search(masked, device, {POSITION}) == set()


@given(st.text(min_size=1, max_size=30))
def test_the_pattern_of_an_id_matches_every_text_that_is_the_id(sent: str) -> None:
    visitor_text = (as_text(sent) or "").strip()
    if visitor_text:
        pattern = Visitor.of(visitor_text, KEY).pattern()
        assert re.fullmatch(pattern, sent)
        assert not re.fullmatch(pattern, f"another {sent}")
