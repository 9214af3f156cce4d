"""What a visitor chose, in one spelling."""

import json
from typing import Any

import pytest

from spark.choices import LONGEST_CHOICE, chosen_options

URL = "https://www.shop.example.de/ring.html?alloy=white-585&amp;diamond=ruby?stone=opal&=x&stone=&alloy=late#alloy=no"


def entry(label: str, value: str = "", value_id: str = "") -> dict[str, str]:
    return {"option_label": label, "option_id": "1", "value_label": value, "value_id": value_id}


def test_a_choice_is_named_by_the_event_else_by_the_page_else_by_its_id() -> None:
    sent = [entry("stone", value_id="9"), entry("alloy", "yellow-375", "1"), entry("diamond"), entry("size", "", "7")]
    assert json.loads(chosen_options(sent, URL) or "") == [
        ["alloy", "yellow-375"],
        ["diamond", "ruby"],
        ["size", "7"],
        ["stone", "opal"],
    ]


def test_the_order_in_which_options_are_sent_makes_no_difference() -> None:
    sent = [entry("alloy", "white"), entry("stone", "opal")]
    assert chosen_options(sent) == chosen_options(sent[::-1]) == '[["alloy","white"],["stone","opal"]]'


@pytest.mark.parametrize("sent", [None, [], {}, "", 7, [None, 3], {"alloy": "white"}, [entry("alloy")], [entry("")]])
def test_where_nothing_is_chosen_there_is_no_choice(sent: Any) -> None:
    assert chosen_options(sent, "https://www.shop.example.de/?stone=opal") is None


@pytest.mark.parametrize("tail", ["my card 4111 1111 1111 1111", "call +49 170 1234567", "anna.beispiel@mail.example"])
@pytest.mark.parametrize("place", range(LONGEST_CHOICE - 30, LONGEST_CHOICE + 2))
def test_a_long_choice_is_scrubbed_before_it_is_cut(tail: str, place: int) -> None:
    sent = f"{'wrap it in blue paper ' * 20}"[:place] + " " + tail
    ((label, value),) = json.loads(chosen_options([entry("note", sent)]) or "")
    assert len(value) <= LONGEST_CHOICE and not any(part in value for part in ("4111", "+49", "170", "beispiel"))
    ((label, value),) = json.loads(chosen_options([entry(sent, "x")]) or "")
    assert len(label) <= LONGEST_CHOICE and not any(part in label for part in ("4111", "+49", "170", "beispiel"))


def test_what_a_long_label_says_at_its_end_tells_whose_the_value_is() -> None:
    sent = entry("gift " * 50 + "engraving", "Anna")
    assert json.loads(chosen_options([sent]) or "")[0][1] == "***"
