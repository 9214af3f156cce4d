"""What is looked for after an erasure, and that it is found wherever it stands."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import bson
import pyarrow as pa
import pytest
from pydantic import SecretStr

from tests.odd_events import odd_events
from utilities.erasure import proof
from utilities.erasure.proof import Wanted
from utilities.erasure.values import MOST_VALUES, personal_values
from utilities.erasure.visitor import Visitor
from utilities.retention.month_archive import write_proven
from utilities.stores.raw_store import RawStore

ADDRESS = "anna.muster@mail.example"
VISITOR = Visitor.of("4711", SecretStr("k" * 32))
ENGRAVED = {"option_label": "engraving", "value_label": "Anna & Tom 12.05.2024", "option_id": "1"}


class Landed(RawStore):
    """A collection whose every document is a batch."""

    def __init__(self, *documents: Mapping[str, Any]) -> None:
        self.documents = documents

    def batches(self) -> Iterator[bytes]:
        return map(bson.encode, self.documents)


def test_what_a_persons_events_say_is_what_the_scrubber_hides() -> None:
    events: list[dict[str, Any]] = [
        {"user_id_db": "4711", "ip": "189.208.93.0", "device_id": "dev-12", "product_id": "86704"},
        {"option": [ENGRAVED], "current_url": f"https://www.shop.example.de/customer/{ADDRESS}/confirm?alloy=gold"},
        {"key_search": f"ring {ADDRESS}", "user": {"phone": 4912345678, "name": "Anna"}},
    ]
    assert personal_values(events) == [ADDRESS, ENGRAVED["value_label"], "4912345678"]
    many = [{"email": f"{number}@mail.example"} for number in range(2 * MOST_VALUES)]
    assert len(personal_values(many)) == MOST_VALUES


def test_a_phrase_is_looked_for_as_a_whole_for_its_words_are_others_too() -> None:
    searched = {"key_search": "name: Anna Muster, necklace | size: 54", "utm_source": "tel 0170 1234567 necklace"}
    assert personal_values([searched]) == ["Anna Muster, necklace", "0170 1234567"]
    referred = {"referrer_url": f"https://anna:secret7@host/necklace/{ADDRESS}?a=necklace"}
    assert personal_values([referred]) == [ADDRESS, "anna:secret7@host"]


def test_addresses_that_are_names_of_fields_are_looked_for_too() -> None:
    other = "tom@mail.example"
    assert personal_values([{"device_id": "d", "option": {ADDRESS: 1, other: 2}}]) == [ADDRESS, other]


def test_whatever_a_persons_events_say_the_person_can_be_forgotten() -> None:
    assert len(personal_values(odd_events())) <= MOST_VALUES


@pytest.mark.parametrize("content", [b'{"x":"j\\u00fcrgen@mail.example"}', "jürgen@mail.example".encode()])
def test_a_text_is_found_in_bytes_however_json_spells_it(content: bytes) -> None:
    assert Wanted(VISITOR, ["jürgen@mail.example"]).is_in(content)
    assert not Wanted(VISITOR, ["anna@mail.example"]).is_in(content)
    assert not Wanted(VISITOR, ["anna@mail.example"]).is_in(None)


@pytest.mark.parametrize(
    "name", ["Łukasz Nowak", "Änne Żółć", "ÉMILIE", "Özgür", "ANNA MÜLLER", "Анна Иванова", 'Anna "A" Groß', "a\\b/ccc"]
)
def test_a_text_is_found_in_whatever_case(name: str) -> None:
    wanted = Wanted(VISITOR, [name])
    for said in (name, name.lower(), name.upper(), name.title()):
        store = Landed({"_id": "p", "event": {"user_id_db": "4711", "x": f"ring for {said}"}})
        assert proof.in_raw_bytes(store, wanted).left == 1
        for content in (f"for {said}", json.dumps({"x": said}), json.dumps({"x": said}, ensure_ascii=False)):
            assert wanted.is_in(content.encode()) and wanted.held_in(content.encode()) == {name}
    assert not wanted.is_in(b"ring for nobody")


@pytest.mark.parametrize(
    ("event", "left"),
    [
        ({}, 0),
        ({"user_id_db": "4711", "x": {"y": ADDRESS}}, 1),
        ({"user_id_db": "0815", "x": ADDRESS}, 0),
        ({"x": ADDRESS}, 0),
    ],
)
def test_what_others_events_say_is_theirs(event: dict[str, Any], left: int) -> None:
    store = Landed({"_id": "p", "event": event, "kafka": {"key": None}})
    assert proof.in_raw_bytes(store, Wanted(VISITOR, [ADDRESS])).left == left


def test_a_text_without_its_event_is_left() -> None:
    store = Landed({"_id": "p", "event": {}, "kafka": {"key": ADDRESS.encode()}})
    assert proof.in_raw_bytes(store, Wanted(VISITOR, [ADDRESS])).left == 1


def test_a_word_that_others_events_hold_as_well_is_a_trace_in_the_persons_own_events_alone() -> None:
    own, other = {"user_id_db": "4711", "x": "Garnet"}, {"user_id_db": "0815", "x": "a GARNET ring"}
    wanted = Wanted(VISITOR, ["Garnet", ADDRESS])
    for events in ([own, other], [other, own]):
        landed = proof.in_raw_bytes(Landed(*({"_id": "p", "event": event} for event in events)), wanted)
        assert landed.others == {"Garnet"} and landed.left == 1
    assert wanted.without({"Garnet"}).texts == [ADDRESS]


@pytest.mark.parametrize(
    "text", [ADDRESS, "0170 1234567", "+49 170 1234567", "4111111111111111", "Zq9xW2kLm8Tr4Vb7Yc1D", "4711"]
)
def test_what_nobody_else_has_stays_wanted_though_an_event_of_others_says_it(text: str) -> None:
    store = Landed({"_id": "p", "event": {"user_id_db": "0815", "x": f"for {text}"}})
    assert proof.in_raw_bytes(store, Wanted(VISITOR, [text])) == proof.LandedTexts(0, frozenset())


def test_landed_documents_without_a_text_are_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "as_sent", lambda _: pytest.fail("was decoded"))
    store = Landed(*[{"_id": "p", "event": {"user_id_db": "0815", "x": "Opal"}}] * 50)
    assert proof.in_raw_bytes(store, Wanted(VISITOR, ["Garnet"])).left == 0


def test_an_event_of_somebody_else_is_no_trace_on_the_bus() -> None:
    wanted = Wanted(VISITOR, [ADDRESS])
    assert proof._is_others(b'{"user_id_db":"4712"}', wanted)
    assert not any(proof._is_others(value, wanted) for value in (b'{"user_id_db":"4711"}', b"broken", None))


def test_every_keyword_of_a_mapping_is_searched() -> None:
    mapping = {"a": {"type": "keyword"}, "kafka": {"properties": {"topic": {"type": "keyword"}}}, "n": {"type": "long"}}
    assert list(proof._keywords(mapping)) == ["a", "kafka.topic"]


def test_every_column_of_text_of_an_archived_file_is_searched(tmp_path: Path) -> None:
    names = ("event_id", "visitor", "user_hash", "page")
    schema = pa.schema([*((name, pa.string()) for name in names), ("views", pa.int64())])
    own, other = str(VISITOR.hash), str(Visitor.of("4712", SecretStr("k" * 32)).hash)
    rows = {
        "event_id": ["a", own, "c"],
        # The last is another's, on the device.
        "visitor": [None, None, own],
        "user_hash": [None, None, other],
        "page": [f"host/{ADDRESS.upper()}", None, "x"],
        "views": [1, 2, 3],
    }
    batch = pa.RecordBatch.from_pydict(rows, schema=schema)
    write_proven(tmp_path / "fact_event_2026_01.parquet", "fact_event", date(2026, 1, 1), schema, [batch])
    assert proof._rows_with(batch, Wanted(VISITOR, [ADDRESS])) == 1
    assert proof._rows_with(batch, Wanted(VISITOR, [ADDRESS], [own])) == 2


def test_marks_of_a_pattern_are_looked_for_as_they_are() -> None:
    assert proof._escaped("50%_x\\") == "50\\%\\_x\\\\"
    assert proof._wild("a*b?") == "a\\*b\\?"
