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

from utilities.erasure import proof
from utilities.erasure.visitor import Visitor
from utilities.erasure.wanted import Wanted
from utilities.retention.month_archive import write_proven
from utilities.stores.raw_store import RawStore

ADDRESS = "anna.muster@mail.example"
VISITOR = Visitor.of("4711", SecretStr("k" * 32))


class Landed(RawStore):
    """A collection whose every document is a batch."""

    def __init__(self, *documents: Mapping[str, Any]) -> None:
        self.documents = documents

    def batches(self) -> Iterator[bytes]:
        return map(bson.encode, self.documents)


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
    "text", [ADDRESS, "0170 1234567", "+49 170 1234567", "4111111111111111", "Zq9xW2kLm8Tr4Vb7Yc1D", "user-4711"]
)
def test_what_nobody_else_has_stays_wanted_though_an_event_of_others_says_it(text: str) -> None:
    visitor = Visitor.of("user-4711", SecretStr("k" * 32))
    store = Landed({"_id": "p", "event": {"user_id_db": "0815", "x": f"for {text}"}})
    assert proof.in_raw_bytes(store, Wanted(visitor, [text])) == proof.LandedTexts(0, frozenset())


@pytest.mark.parametrize("text", ["502567", "0301234", "garnet"])
def test_an_id_that_others_have_as_a_product_or_a_word_is_theirs_as_well(text: str) -> None:
    visitor = Visitor.of(text, SecretStr("k" * 32))
    own, other = {"user_id_db": text}, {"user_id_db": "0815", "x": f"ring {text}"}
    store = Landed({"_id": "p", "event": other}, {"_id": "q", "event": own})
    assert proof.in_raw_bytes(store, Wanted(visitor, [text])) == proof.LandedTexts(1, frozenset([text]))
    part = {"user_id_db": "0815", "id": f"f523185f-406c-4bc8-9a0a-ea0{text}b67", "product_id": f"1{text}"}
    if text.isdigit():
        assert proof.in_raw_bytes(Landed({"_id": "p", "event": part}), Wanted(visitor, [text])).others == frozenset()


@pytest.mark.parametrize("sent", [4912345678, 4912345678.0, 502567])
def test_numbers_are_found_in_documents(sent: float) -> None:
    text = str(int(sent))
    for event in ({"user_id_db": "4711", "tel": sent}, {"user_id_db": "4711", "x": [{"tel\n": {"y": sent}}]}):
        landed = Landed({"_id": "p", "event": event})
        assert proof.in_raw_bytes(landed, Wanted(VISITOR, [text])).left == 1
        assert proof.in_raw_bytes(landed, Wanted(VISITOR, [f"{text}1"])).left == 0


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


def test_a_text_in_a_json_column_of_an_archived_file_is_found() -> None:
    said = 'Anna "Tom"\nMuster \\ ΟΔΥΣΣΕΥΣ'
    options = [json.dumps([["engraving", said.lower()]], ensure_ascii=is_ascii) for is_ascii in (True, False)]
    nothing = [None] * 3
    batch = pa.RecordBatch.from_pydict(
        {"visitor": nothing, "user_hash": nothing, "options": [*options, "[]"]},
        schema=pa.schema([(name, pa.string()) for name in ("visitor", "user_hash", "options")]),
    )
    assert proof._rows_with(batch, Wanted(VISITOR, [said])) == 2


def test_marks_of_a_pattern_are_looked_for_as_they_are() -> None:
    assert proof._pattern('a*b?"1') == '.*a\\*b\\?\\"1.*'
    assert proof._pattern("Änne") == ".*(Ä|ä)nne.*"
    assert proof._pattern("502567") == "(.*[^0-9A-Za-z])?502567([^0-9A-Za-z].*)?"


@pytest.mark.parametrize("text", ["a" * 4_000, "Ä" * 4_000, "*" * 4_000, "\u0390" * 4_000])
def test_of_a_long_text_the_beginning_is_looked_for(text: str) -> None:
    assert 90 < len(proof._pattern(text)) < 1_000
    assert proof._pattern("1" * 200) == f".*{'1' * 100}.*"
