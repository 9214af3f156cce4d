"""Which texts of a person are looked for, and how they are found however something spells them."""

import json
from typing import Any

import bson
import pytest
from pydantic import SecretStr

from tests.odd_events import odd_events
from utilities.erasure.values import personal_values
from utilities.erasure.visitor import Visitor
from utilities.erasure.wanted import Wanted

ADDRESS = "anna.muster@mail.example"
VISITOR = Visitor.of("4711", SecretStr("k" * 32))
ENGRAVED = {"option_label": "engraving", "value_label": "Anna & Tom 12.05.2024", "option_id": "1"}
CLICK = "https://www.shop.example.de/ring.html?gclid=Cj0KCQiA{:04}Zq9xW2kLm8Tr4Vb7Yc1DZq9xW2kLm8Tr4Vb7"


def test_what_a_persons_events_say_is_what_the_scrubber_hides() -> None:
    events: list[dict[str, Any]] = [
        {"user_id_db": "4711", "ip": "189.208.93.0", "device_id": "dev-12", "product_id": "86704"},
        {"option": [ENGRAVED], "current_url": f"https://www.shop.example.de/customer/{ADDRESS}/confirm?alloy=gold"},
        {"key_search": f"ring {ADDRESS}", "user": {"phone": 4912345678, "name": "Anna"}},
    ]
    assert personal_values(events) == [ADDRESS, "4912345678", ENGRAVED["value_label"]]
    clicks = [{"current_url": CLICK.format(number)} for number in range(200)]
    values = personal_values([*clicks, *events])
    assert values[:3] == personal_values(events)
    assert len(values) == 203


def test_a_phrase_is_looked_for_as_a_whole_for_its_words_are_others_too() -> None:
    searched = {"key_search": "name: Anna Muster, necklace | size: 54", "utm_source": "tel 0170 1234567 necklace"}
    assert personal_values([searched]) == ["0170 1234567", "Anna Muster, necklace"]
    referred = {"referrer_url": f"https://anna:secret7@host/necklace/{ADDRESS}?a=necklace"}
    assert personal_values([referred]) == [ADDRESS, "anna:secret7@host"]


def test_addresses_that_are_names_of_fields_are_looked_for_too() -> None:
    other = "tom@mail.example"
    assert personal_values([{"device_id": "d", "option": {ADDRESS: 1, other: 2}}]) == [ADDRESS, other]


def test_whatever_a_persons_events_say_the_person_can_be_forgotten() -> None:
    assert Wanted(VISITOR, personal_values(odd_events())).held_in(b"x") == frozenset()


@pytest.mark.parametrize("content", [b'{"x":"j\\u00fcrgen@mail.example"}', "jürgen@mail.example".encode()])
def test_a_text_is_found_in_bytes_however_json_spells_it(content: bytes) -> None:
    assert Wanted(VISITOR, ["jürgen@mail.example"]).is_in(content)
    assert not Wanted(VISITOR, ["anna@mail.example"]).is_in(content)
    assert not Wanted(VISITOR, ["anna@mail.example"]).is_in(None)


@pytest.mark.parametrize("said", ["anna-schmidt", "anna_schmidt", "anna+schmidt", "Anna Schmidt", "anna  -  schmidt"])
def test_a_text_of_an_address_is_found_in_the_name_that_was_read_from_it_and_back(said: str) -> None:
    for stored in ("Ring.html&name=anna Schmidt", "ring.html&name=anna-schmidt", "ring/anna+schmidt/54"):
        assert Wanted(VISITOR, [said]).is_in(stored)
        assert Wanted(VISITOR, [said]).is_in(stored.encode())
    assert not Wanted(VISITOR, [said]).is_in("annaschmidt")
    assert Wanted(VISITOR, ["-4912345"]).is_in(bson.encode({"x": -4912345}))


NAMES = ["Łukasz Nowak", "Änne Żółć", "ÉMILIE", "Özgür", "ANNA MÜLLER", "Анна Иванова", 'Anna "A" Groß', "a\\b/ccc"]
NAMES += [
    "ΟΔΥΣΣΕΥΣ Σα",
    "İpek Iş\u0131k",
    "Anna & 'Tom' <3",
    "Anna\nTom\tMuster",
    "\\Anna\\",
    "Anna 💍 Tom",
    "anna+shop@mail.example",
]


def spelled(text: str) -> list[str]:
    """The text as it is and as encoders of JSON write it, one within another, too."""
    plain = [json.dumps({"x": text}, ensure_ascii=is_ascii) for is_ascii in (True, False)]
    units = text.encode("utf-16-be")
    codes = "".join(f"\\u{units[at] << 8 | units[at + 1]:04X}" for at in range(0, len(units), 2))
    apart = [character if character.isalnum() else f"\\u{ord(character):04x}" for character in text]
    escaped = [f'{{"x":"{codes}"}}', plain[1].replace("/", "\\/").replace("&", "\\u0026")]
    if max(text) < "\U00010000":
        escaped.append(f'{{"x":"{"".join(apart)}"}}')
    assert all(json.loads(each)["x"] == text for each in (*plain, *escaped))
    return [f"for {text}!", *plain, *escaped, *(json.dumps([each]) for each in (*plain, *escaped))]


@pytest.mark.parametrize("name", NAMES)
def test_a_text_is_found_in_whatever_case_and_however_json_spells_it(name: str) -> None:
    wanted = Wanted(VISITOR, [name])
    for said in (name, name.lower(), name.upper(), name.title(), name.casefold()):
        for content in spelled(said):
            assert wanted.is_in(content) and wanted.held_in(content.encode()) == {name}
    assert not wanted.is_in(b"ring for nobody")


@pytest.mark.parametrize("content", ["user=502567&x", '{"id":502567}', "to=%2F?user%3D502567", "502567", "id 502567.0"])
def test_a_number_is_a_whole_word(content: str) -> None:
    wanted = Wanted(VISITOR, ["502567"])
    assert wanted.is_in(content.encode())
    assert not any(wanted.is_in(content.replace("502567", other)) for other in ("1502567", "5025671", "a0502567b67"))


def test_a_text_of_marks_alone_is_in_nothing() -> None:
    assert not Wanted(VISITOR, ["\\" * 8, "\u0307" * 8]).is_in(b"anything")
