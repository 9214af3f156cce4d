"""Once a person is forgotten, products are described by the pages that others saw."""

import pytest

from spark.ledger import Ledger
from tests.empty_database import Database
from tests.staged_events import StagedEvent, hashed, load
from tests.staged_view import DESCRIPTION
from utilities.erasure.facts import erase_facts
from utilities.erasure.visitor import Visitor

pytestmark = pytest.mark.servers

EVENTS = [
    StagedEvent(0, 0, user="anna", name="Ring of hers"),
    StagedEvent(1, 1, user="anna", name="Ring of hers"),
    StagedEvent(2, 2, user="anna", name="Ring of both"),
    StagedEvent(3, 3, device="phone", name="Ring of both"),
    StagedEvent(4, 4, device="phone", name="Ring of others"),
]
NAMES = """
SELECT product.product_name, array_agg(named.product_name ORDER BY is_preferred DESC, named.product_name)
FROM dim_product AS product JOIN dim_product_name AS named USING (product_key) GROUP BY 1
"""


KNOWN = "SELECT product_id, product_name, language, category_path FROM dim_product WHERE product_key > 0 ORDER BY 1"
SAID = """
SELECT product_id, array_agg(named.product_name ORDER BY named.product_name)
FROM dim_product JOIN dim_product_name AS named USING (product_key) GROUP BY 1 ORDER BY 1
"""


def test_a_product_is_named_by_the_pages_that_others_saw_at_once(warehouse: Database) -> None:
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        load(ledger, EVENTS[:3])
        load(ledger, EVENTS[3:])
        assert owner.execute(NAMES).fetchall() == [("Ring of both", ["Ring of both", "Ring of hers", "Ring of others"])]
        anna = Visitor("anna", hashed("anna"))
        ledger.transaction(lambda connection: erase_facts(connection, anna, [], DESCRIPTION))
        assert owner.execute(NAMES).fetchall() == [("Ring of both", ["Ring of both", "Ring of others"])]
        phone = Visitor("phone", hashed("phone"))
        load(ledger, [StagedEvent(5, 5, device="pad", name="Ring of the pad")])
        ledger.transaction(lambda connection: erase_facts(connection, phone, [], DESCRIPTION))
        assert owner.execute(NAMES).fetchall() == [("Ring of the pad", ["Ring of the pad"])]


def test_what_only_a_forgotten_person_called_a_product_is_forgotten_with_its_path(warehouse: Database) -> None:
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        load(ledger, [StagedEvent(0, 0, user="anna", name="Ring of hers"), StagedEvent(1, 1)])
        load(ledger, [StagedEvent(2, 2, user="anna", product="q", name="Hers"), StagedEvent(3, 3, product="q")])
        owner.execute("UPDATE dim_product SET category_path = 'hers' WHERE product_key > 0")
        owner.execute("UPDATE dim_product SET catalogued_at = now() WHERE product_id = 'q'")
        anna = Visitor("anna", hashed("anna"))
        ledger.transaction(lambda connection: erase_facts(connection, anna, [], DESCRIPTION))
        assert owner.execute(KNOWN).fetchall() == [("p", None, None, None), ("q", "Hers", "en", "hers")]
        assert owner.execute(SAID).fetchall() == []
