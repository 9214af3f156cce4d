"""Rejected events that only the warehouse still has are their owner's, and go with the owner."""

from functools import partial

import psycopg
import pytest
from pydantic import SecretStr

from kafka.event_text import as_json
from kafka.scrubbing.scrub import scrubbed_json
from spark.event_text import masked_json
from spark.ledger import Ledger
from spark.stored_texts import scrub_stored_texts
from tests.empty_database import Database
from tests.staged_view import DESCRIPTION
from utilities.erasure.facts import erase_facts, find_rejections
from utilities.erasure.proof import in_warehouse
from utilities.erasure.visitor import Visitor
from utilities.erasure.wanted import Wanted

pytestmark = pytest.mark.servers

KEY = SecretStr("k" * 32)
DEVICE = "02928c22-a423-4164-a7b4-f597f5a3580b"
OF_USER = {"user_id_db": 471100, "device_id": DEVICE, "email_address": "anna@mail.example", "product_id": ""}
OF_DEVICE = {"user_id_db": "", "device_id": DEVICE, "product_id": ""}
OF_OTHERS = {"user_id_db": "4711", "device_id": "other", "product_id": "471100"}
REJECTION = """
INSERT INTO etl.rejected_event (bus_topic, bus_partition, bus_offset, run_id, rule, field, original, kind)
VALUES ('views', 0, %s, %s, 'no_product', 'product_id', %s, 'view_product_detail')
"""


def stored(owner: psycopg.Connection) -> None:
    """Three rejected events, and one that was stored before users were hashed."""
    (run_id,) = owner.execute("INSERT INTO etl.run (mode) VALUES ('incremental') RETURNING run_id").fetchone() or (0,)
    key = KEY.get_secret_value().encode()
    originals = [masked_json(event, key) for event in (OF_USER, OF_DEVICE, OF_OTHERS)]
    for offset, original in enumerate([*originals, as_json(scrubbed_json(OF_USER))]):
        owner.execute(REJECTION, [offset, run_id, original])


def test_a_rejected_event_is_found_by_its_owner_alone_and_erased(warehouse: Database) -> None:
    user, device = Visitor.of("471100", KEY), Visitor.of(DEVICE, KEY)
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        stored(owner)
        owner.execute("DELETE FROM etl.scrubbing")
        ledger.transaction(partial(scrub_stored_texts, description=DESCRIPTION))

        def found(visitor: Visitor) -> list[int]:
            places = ledger.transaction(lambda connection: find_rejections(connection, visitor, ()))
            return sorted(place.offset for place in places)

        assert (found(user), found(device), found(Visitor.of("other", KEY))) == ([0], [1, 3], [])
        wanted = Wanted(user, [user.identity], [str(user.hash), user.hash.hex])
        assert ledger.transaction(lambda connection: in_warehouse(connection, wanted.without([user.identity])))
        places = ledger.transaction(lambda connection: find_rejections(connection, user, ()))
        ledger.transaction(lambda connection: erase_facts(connection, user, places, DESCRIPTION))
        assert (found(user), found(device)) == ([], [1, 3])
        assert not ledger.transaction(lambda connection: in_warehouse(connection, wanted.without([user.identity])))
