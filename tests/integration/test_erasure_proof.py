"""What the proof of an erasure finds in PostgreSQL: the person's texts, and not what other people's events say, too."""

from collections.abc import Iterator, Mapping
from typing import Any

import bson
import psycopg
import pytest

from spark.ledger import Ledger
from spark.outages import explain
from tests.empty_database import Database
from tests.staged_events import StagedEvent, hashed, load
from tests.staged_view import DESCRIPTION
from utilities.erasure.facts import erase_facts
from utilities.erasure.proof import Wanted, in_raw_bytes, in_warehouse
from utilities.erasure.values import personal_values
from utilities.erasure.visitor import Visitor
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


@pytest.mark.parametrize("kind", ["integer", "timestamptz", "uuid", "jsonb", "numeric", "date"])
def test_no_value_that_postgresql_refuses_is_told(warehouse: Database, kind: str) -> None:
    with warehouse.connect() as owner:
        for value in ("Anna Schmidt Hauptstr 5", 'Anna "A"\nSchmidt', "{Anna"):
            with pytest.raises(psycopg.Error) as caught, owner.transaction():
                owner.execute(f"SELECT %s::text::{kind}".encode(), [value])
            told = str(explain(caught.value, "loading"))
            assert "invalid input syntax" in told and not any(word in told for word in ("Anna", "Schmidt", "Hauptstr"))
