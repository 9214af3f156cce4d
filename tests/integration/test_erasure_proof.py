"""What the proof of an erasure finds in PostgreSQL: the person's texts, and not what other people's events say, too."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import bson
import psycopg
import pytest

from spark.ledger import Ledger
from spark.outages import explain
from tests.empty_database import Database
from tests.staged_events import ORDER, StagedEvent, hashed, load
from tests.staged_view import DESCRIPTION
from utilities.erasure.facts import erase_facts
from utilities.erasure.proof import in_raw_bytes, in_vocabulary, in_warehouse
from utilities.erasure.values import personal_values
from utilities.erasure.visitor import Visitor
from utilities.erasure.wanted import Wanted
from utilities.stores.raw_store import RawStore

pytestmark = pytest.mark.servers
ADDRESS = "anna.muster@mail.example"


class Landed(RawStore):
    """The events that are landed once the person's are emptied."""

    def __init__(self, *events: Mapping[str, Any]) -> None:
        self.events = events

    def batches(self) -> Iterator[bytes]:
        yield b"".join(bson.encode({"_id": str(number), "event": event}) for number, event in enumerate(self.events))


@pytest.mark.parametrize(
    "event",
    [
        {"option": [{"option_label": "city", "value_label": "Berlin"}]},
        {"current_url": "https://www.shop.example.de/ring?city=Berlin&alloy=gold"},
        {"current_url": "https://www.shop.example.de/customer/account/wireless/", "user": {"name": "GARNET"}},
    ],
)
def test_what_others_events_say_as_well_is_no_trace_of_the_person(warehouse: Database, event: dict[str, Any]) -> None:
    anna = Visitor("anna", hashed("anna"))
    others = [{"device_id": "phone", "x": name} for name in ("Garnet ring", "wireless Berlin lamp")]
    with Ledger(warehouse.login) as ledger:
        names = ["Garnet ring", "Garnet ring", "wireless Berlin lamp", f"lamp {ADDRESS}"]
        sent = [StagedEvent(0, 0, user="anna", name=names[0])]
        sent += [
            StagedEvent(number, number, device="phone", name=names[number], product=f"p{number}") for number in (1, 2)
        ]
        load(ledger, sent)
        ledger.transaction(lambda connection: erase_facts(connection, anna, [], DESCRIPTION))
        wanted = Wanted(anna, personal_values([event, {"email": ADDRESS}]), [str(anna.hash), anna.hash.hex])
        assert wanted.texts[0] == ADDRESS and len(wanted.texts) > 1
        shared = in_raw_bytes(Landed(*others, {}), wanted).others
        left = wanted.without(shared)
        assert ledger.transaction(lambda connection: in_warehouse(connection, wanted))
        assert left.texts == [ADDRESS]
        assert not ledger.transaction(lambda connection: in_warehouse(connection, left))
        load(ledger, [StagedEvent(3, 3, device="phone", name=names[3], product="p3")])
        assert ledger.transaction(lambda connection: in_warehouse(connection, left))


@pytest.mark.parametrize(
    "sent", [{"product": "502567"}, {"product": "1502567"}, {"order_id": "5025671", "kind": ORDER}]
)
def test_an_id_of_digits_is_no_trace_where_others_events_hold_them(warehouse: Database, sent: dict[str, Any]) -> None:
    anna = Visitor("502567", hashed("502567"))
    others = [{"device_id": "phone", "x": list(sent.values())}]
    with Ledger(warehouse.login) as ledger:
        load(ledger, [StagedEvent(0, 0, user="502567"), StagedEvent(1, 1, device="phone", **sent)])
        ledger.transaction(lambda connection: erase_facts(connection, anna, [], DESCRIPTION))
        with warehouse.connect() as owner:
            owner.execute("UPDATE fact_event SET event_id = 'f523185f-406c-4bc8-9a0a-ea0502567b67'")
        wanted = Wanted(anna, [anna.identity], [str(anna.hash), anna.hash.hex])
        left = wanted.without(in_raw_bytes(Landed(*others, {}), wanted).others)
        assert not ledger.transaction(lambda connection: in_warehouse(connection, left))
        with warehouse.connect() as owner:
            owner.execute("UPDATE fact_event SET visitor = %s, page = 'host/502567/x'", [anna.hash])
        assert ledger.transaction(lambda connection: in_warehouse(connection, left))
        assert ledger.transaction(lambda connection: in_warehouse(connection, replace(wanted, hashes=())))


@pytest.mark.parametrize(
    "event",
    [
        {"current_url": "https://h.example/x?firstname=August&lastname=Wednesday"},
        {"current_url": "https://h.example/x?birth_month=september&card_expiry=2027-05"},
        {"current_url": "https://h.example/customer/checkout/"},
        {"message": "unknown"},
        {"option": [{"option_label": "engraving", "value_label": "Not applicable"}]},
    ],
)
def test_what_the_warehouse_says_of_nobody_is_no_trace_of_the_person(
    warehouse: Database, event: dict[str, Any]
) -> None:
    anna = Visitor("anna", hashed("anna"))
    with Ledger(warehouse.login) as ledger:
        load(ledger, [StagedEvent(0, 0, user="anna"), StagedEvent(1, 1440, device="phone", product="q")])
        ledger.transaction(lambda connection: erase_facts(connection, anna, [], DESCRIPTION))
        wanted = Wanted(anna, personal_values([event]), [str(anna.hash), anna.hash.hex])
        assert ledger.transaction(lambda connection: in_warehouse(connection, wanted))
        left = wanted.without(ledger.transaction(lambda connection: in_vocabulary(connection, wanted)))
        assert len(left.texts) < len(wanted.texts)
        assert not ledger.transaction(lambda connection: in_warehouse(connection, left))


@pytest.mark.parametrize(
    "said",
    ['Anna "Tom" Muster', "Anna\nTom Muster", "Anna \\ Tom", "ÄNNE Żółć", "İpek Ğül", "Weg 5\tBerlin", "ΟΔΥΣΣΕΥΣ"],
)
def test_a_text_is_found_in_whatever_column_case_and_spelling(warehouse: Database, said: str) -> None:
    wanted = Wanted(Visitor("anna", hashed("anna")), [said])
    as_json = [json.dumps([["engraving", said]], ensure_ascii=is_ascii) for is_ascii in (True, False)]
    with Ledger(warehouse.login) as ledger:
        load(ledger, [StagedEvent(0, 0, device="phone"), StagedEvent(1, 1, device="phone")])
        assert not ledger.transaction(lambda connection: in_warehouse(connection, wanted))
        for change, values in {
            "UPDATE fact_event SET page = %s": [said, said.lower(), said.upper(), *as_json],
            "UPDATE fact_event SET page = lower(%s)": [said],
            "UPDATE fact_event SET page = upper(%s)": [said],
            "UPDATE fact_product_view_event SET options = %s": as_json,
        }.items():
            table = change.split()[1]
            for value in values:
                with warehouse.connect() as owner:
                    owner.execute(f"{change} WHERE bus_offset = 1".encode(), [value])
                assert ledger.transaction(lambda connection: in_warehouse(connection, wanted)) == {f"public.{table}": 1}
            with warehouse.connect() as owner:
                owner.execute(change.encode(), [None])


@pytest.mark.parametrize("kind", ["integer", "timestamptz", "uuid", "jsonb", "numeric", "date"])
def test_no_value_that_postgresql_refuses_is_told(warehouse: Database, kind: str) -> None:
    with warehouse.connect() as owner:
        for value in ("Anna Schmidt Hauptstr 5", 'Anna "A"\nSchmidt', "{Anna"):
            with pytest.raises(psycopg.Error) as caught, owner.transaction():
                owner.execute(f"SELECT %s::text::{kind}".encode(), [value])
            told = str(explain(caught.value, "loading"))
            assert "invalid input syntax" in told and not any(word in told for word in ("Anna", "Schmidt", "Hauptstr"))
