"""Once a person is forgotten, or a page is scrubbed, products are described by what the other pages say."""

from dataclasses import dataclass
from functools import partial

import pytest

from spark.ledger import Ledger
from spark.stored_texts import scrub_stored_texts
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


@dataclass(frozen=True)
class SeenAt(StagedEvent):
    """A view of a page by its address, which an earlier scrubber let through."""

    at: str = ""

    @property
    def page(self) -> str:
        return f"www.shop.example.com/{self.at}"


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


def test_what_was_read_from_a_page_that_is_scrubbed_does_not_stay(warehouse: Database) -> None:
    engraved, code = "ring.html&name=anna-schmidt", "gutschein-GIFT-K411-2J9R-PF3K-Y1IL.html"
    names = ("Ring.html&name=anna Schmidt", "Gutschein Gift K411 2j9r Pf3k Y1il")
    stored = [
        SeenAt(0, 0, product="engraved", name=names[0], at=engraved),
        SeenAt(1, 1, product="code", name=names[1], at=code),
        SeenAt(2, 2, product="both", name=names[1], at=code),
        SeenAt(3, 3, product="both", name=names[1], at=f"gifts/{code}"),
        SeenAt(4, 4, product="both", name="Voucher", at="voucher.html"),
        SeenAt(5, 5, product="earlier", name=names[1], at="x.html"),
        SeenAt(6, 6, product="mask", name="***", at="people/***"),
        SeenAt(7, 7, product="kept", name="Chain", at="chain.html"),
    ]
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        load(ledger, stored)
        owner.execute("UPDATE dim_product SET category_path = product_id WHERE product_id IN ('engraved', 'earlier')")
        owner.execute("DELETE FROM etl.product_page WHERE page LIKE '%/x.html'")
        owner.execute("UPDATE etl.product_page SET read_by = 'earlier' WHERE page LIKE '%***'")
        ledger.transaction(partial(scrub_stored_texts, description=DESCRIPTION))
        pages = owner.execute("SELECT page, sum(views)::int FROM etl.product_page GROUP BY 1 ORDER BY 1").fetchall()
        assert owner.execute(KNOWN).fetchall() == [
            ("both", "Voucher", "en", None),
            ("code", None, None, None),
            ("earlier", None, None, None),
            ("engraved", "Ring", "en", None),
            ("kept", "Chain", "en", None),
            ("mask", None, None, None),
        ]
        assert owner.execute(SAID).fetchall() == [("both", ["Voucher"]), ("engraved", ["Ring"]), ("kept", ["Chain"])]
        assert [(page.partition("/")[2], views) for page, views in pages] == [
            ("chain.html", 1),
            ("ring.html&name=***", 1),
            ("voucher.html", 1),
        ]
        assert owner.execute("SELECT count(*) FROM staging.touched_product").fetchone() == (0,)
