"""The identity of an event in Python is the one that Spark gives it."""

import argparse
from hashlib import md5
from typing import Any

import pytest
from confluent_kafka import Message

from kafka.position import BusPosition
from spark.event_text import content_hash
from utilities.lineage.event_identity import event_id_of, sent_spellings, warehouse_id
from utilities.lineage.way import _bus_step
from utilities.trace import main

UUID = "F523185F-406C-4BC8-9A0A-EA02DE1B0E67"
PLAIN = "f523185f406c4bc89a0aea02de1b0e67"
OBJECT_ID = "5EC8015d71a3b936be7dc56d"
OF_OBJECT = md5(OBJECT_ID.lower().encode()).hexdigest()


@pytest.mark.parametrize(
    ("event", "identity"),
    [
        ({"id": UUID, "_id": OBJECT_ID}, PLAIN),
        ({"id": f" {UUID} "}, PLAIN),
        ({"id": PLAIN}, None),
        ({"id": "not-a-uuid", "_id": OBJECT_ID}, None),
        ({"id": "", "_id": OBJECT_ID}, OF_OBJECT),
        ({"_id": {"$oid": OBJECT_ID}}, OF_OBJECT),
        ({"_id": "12"}, None),
    ],
)
def test_an_event_is_known_by_its_id_else_by_its_object_id(event: dict[str, Any], identity: str | None) -> None:
    assert event_id_of(event) == identity


def test_an_event_without_any_id_is_known_by_its_content() -> None:
    event = {"collection": "view_home_page", "time_stamp": 1}
    assert event_id_of(event) == content_hash(event)


def test_an_id_is_accepted_as_people_copy_it() -> None:
    assert warehouse_id(UUID) == warehouse_id(f" {PLAIN}") == PLAIN
    assert warehouse_id(OBJECT_ID) == OF_OBJECT
    assert warehouse_id("4711") is None
    assert {UUID, UUID.lower(), PLAIN} <= set(sent_spellings(PLAIN))
    assert OBJECT_ID in sent_spellings(OBJECT_ID)


def test_a_record_whose_time_no_calendar_has_can_be_traced() -> None:
    record = Message(topic="views", partition=0, offset=1, value=b"{}", timestamp=(1, 1_760_000_000_000_000))
    step = _bus_step(record, BusPosition("views", 0, 1))
    assert step.text == "views partition 0 offset 1, an unknown time, 2 bytes"


@pytest.mark.parametrize(
    ("given", "event_id", "position"),
    [
        (UUID, UUID, None),
        (OBJECT_ID, OBJECT_ID, None),
        ("4711", "4711", None),
        ("views:00002:0000000000000000041", None, "views:00002:0000000000000000041"),
        ("views:2:41", None, "views:2:41"),
        ("a:topic:2:41", None, "a:topic:2:41"),
        ("views:2:", "views:2:", None),
    ],
)
def test_what_is_asked_for_is_told_by_its_form(
    given: str, event_id: str | None, position: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str | None, str | None]] = []

    def trace(options: argparse.Namespace) -> int:
        asked.append((options.event_id, options.position))
        return 0

    monkeypatch.setattr("utilities.lineage.report.trace", trace)
    assert main([given]) == 0
    named = ["--event-id", given] if event_id else ["--position", given]
    assert main(named) == 0
    assert asked == [(event_id, position)] * 2


@pytest.mark.parametrize("arguments", [["--event-id", ""], [""], ["--position", "topic:1"], ["--product", "1"]])
def test_a_question_that_is_none_is_told_in_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith("trace: --")
