"""`./millrace rejected`: what was rejected by which rule, with examples that lead to the event."""

import json
from datetime import date
from typing import Any

import pytest

from spark.broken_rules import BrokenRule
from utilities.rejected import LONGEST_SHOWN, Rejection, _as_json, _print, _print_none, _rejection, sent_id

UUID = "f523185f-406c-4bc8-9a0a-ea02de1b0e67"
RULES = [BrokenRule("no_product", "product_id", 1_004), BrokenRule("no_usable_time", "time_stamp", 1)]
POSITION = "views:00002:0000000000000000041"


def rejection(value: str | None, original: str | None = f'{{"id": "{UUID}"}}', rule: str = "no_product") -> Rejection:
    return _rejection(rule, "product_id", value, "checkout", date(2026, 1, 5), 7, "views", 2, 41, original)


@pytest.mark.parametrize(
    ("event", "known_as"),
    [
        ({"id": f" {UUID} ", "_id": "5ec8"}, UUID),
        ({"id": "not-a-uuid"}, "not-a-uuid"),
        ({"id": 12}, "12"),
        ({"id": " ", "_id": {"$oid": "5ec8"}}, "5ec8"),
        ({"time_stamp": 1}, None),
        (None, None),
        ([], None),
    ],
)
def test_an_event_is_shown_by_the_id_that_it_was_sent_with(event: Any, known_as: str | None) -> None:
    assert sent_id(json.dumps(event)) == known_as


def test_each_rule_has_its_count_and_examples_with_value_id_and_position(capsys: pytest.CaptureFixture[str]) -> None:
    _print(RULES, [rejection("12 34")], None)
    counted, _, example, other, advice = capsys.readouterr().out.splitlines()
    assert counted == "no_product, field product_id: 1,004 events"
    assert example.split(maxsplit=2) == [POSITION, UUID, "12 34"]
    assert other == "no_usable_time, field time_stamp: 1 event"
    assert "./millrace etl --replay-rejected judges them again" in advice


def test_of_one_rule_the_command_that_judges_it_again_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    _print(RULES[:1], [rejection(None)], "no_product")
    assert "./millrace etl --replay-rejected --rule no_product judges" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("shown", "value", "original"),
    [("(absent)", None, "{}"), ("(expired)", None, None), ("x" * LONGEST_SHOWN + "…", "x" * 5_000, "{}")],
)
def test_what_cannot_be_shown_whole_says_why(
    shown: str, value: str | None, original: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    _print(RULES[:1], [rejection(value, original)], None)
    assert capsys.readouterr().out.splitlines()[2].split()[-1] == shown


def test_json_has_whole_values() -> None:
    found = json.loads(json.dumps(_as_json(7, RULES, [rejection("x" * 5_000)])))
    assert found["rules"][0] == {"rule": "no_product", "field": "product_id", "events": 1_004}
    (example,) = found["examples"]
    assert (example["position"], example["event_id"], example["event_date"]) == (POSITION, UUID, "2026-01-05")
    assert example["value"] == "x" * 5_000


@pytest.mark.parametrize(
    ("run_id", "rule", "every", "said"),
    [
        (None, None, [], "no event is rejected"),
        (7, None, [], "no event is rejected by run 7"),
        (None, "no_such", RULES, "no event is rejected by rule no_such; by no_product, no_usable_time some are"),
    ],
)
def test_nothing_found_is_said_and_the_rules_that_there_are(
    run_id: int | None, rule: str | None, every: list[BrokenRule], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _print_none(run_id, rule, every)
    assert capsys.readouterr().out == f"{said}\n"
