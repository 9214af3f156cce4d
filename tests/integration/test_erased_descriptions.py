"""Once a person is forgotten, products are described by the pages that others saw."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from config.errors import UnavailableError
from spark.ledger import Ledger
from tests.empty_database import Database
from tests.staged_events import CART, StagedEvent, hashed, load
from tests.staged_view import DESCRIPTION
from utilities.erasure import archived
from utilities.erasure.archived import erase_archives
from utilities.erasure.facts import erase_archived_views, erase_facts
from utilities.erasure.find import in_archives
from utilities.erasure.visitor import Visitor
from utilities.retention.month_archive import archive_month
from utilities.retention.removal import ANNOUNCE_FILE, FACTS, drop_month

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
PAGES = "SELECT product_name, views FROM etl.product_page ORDER BY 1"
MARCH = 40 * 24 * 60
"""Minutes from the first moment of February."""
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
        assert owner.execute(KNOWN).fetchall() == [("p", None, None, None), ("q", "Hers", "en", None)]
        assert owner.execute(SAID).fetchall() == []


@dataclass(frozen=True)
class Named(StagedEvent):
    """An event of the page that calls the product so."""

    @property
    def page(self) -> str:
        return f"shop.example.com/{self.name}"


def broken(*_: Any) -> None:
    raise UnavailableError("PostgreSQL went away")


def test_pages_of_an_archived_month_that_only_a_forgotten_person_saw_name_nothing(
    warehouse: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, february = Visitor("anna", hashed("anna")), date(2026, 2, 1)
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        hers = Named(0, 0, user="anna", name="Ring of hers")
        load(ledger, [hers, Named(1, 1, user="anna", name="Hers", product="q"), Named(2, 2, user="anna", name="Both")])
        load(ledger, [Named(3, 3, device="phone", name="Both")])
        load(ledger, [Named(4, 4, user="anna", name="Both", kind=CART)])
        load(ledger, [Named(5, MARCH, device="phone", name="Others'"), Named(6, MARCH, user="anna", name="Lately")])
        counts = dict.fromkeys(FACTS, 0) | {"fact_event": 5, "fact_product_view_event": 4, "fact_cart_event": 1}
        files = [archive_month(owner, fact, february, tmp_path) for fact, rows in counts.items() if rows]
        # A retention that was killed before has left the same rows elsewhere.
        left = tmp_path / "left"
        left.mkdir()
        copied = [archive_month(owner, fact, february, left) for fact, rows in counts.items() if rows]
        for file in copied:
            owner.execute(ANNOUNCE_FILE, [str(file.path), file.table, file.month])
        drop_month(ledger, february, counts, files, "UTC")
        found = ledger.transaction(lambda connection: in_archives(connection, anna))
        assert len(found) == len(files) + len(copied)
        with monkeypatch.context() as patch, pytest.raises(UnavailableError):
            patch.setattr(archived, "erase_archived_views", broken)
            erase_archives(ledger, found, anna, DESCRIPTION)
        assert files[0].path in {each.path for each in ledger.transaction(partial(in_archives, visitor=anna))}
        erase_archives(ledger, found, anna, DESCRIPTION)
        assert ledger.transaction(lambda connection: in_archives(connection, anna)) == []
        assert owner.execute(PAGES).fetchall() == [("Both", 1), ("Lately", 1), ("Others'", 1)]
        assert owner.execute(SAID).fetchall() == [("p", ["Both", "Lately", "Others'"])]
        ledger.transaction(lambda connection: erase_facts(connection, anna, [], DESCRIPTION))
        assert owner.execute(PAGES).fetchall() == [("Both", 1), ("Others'", 1)]
        assert owner.execute(KNOWN).fetchall() == [("p", "Both", "en", None), ("q", None, None, None)]


def test_a_view_is_taken_from_its_page_as_an_archive_that_was_not_scrubbed_spells_it(warehouse: Database) -> None:
    of_view = "SELECT product_key, kind_key FROM fact_event"
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        load(ledger, [Named(0, 0, name="ring.html&name=***"), Named(1, 1, name="ring.html&name=bert-schmidt")])
        (product, kind), *_ = owner.execute(of_view).fetchall()
        views = Counter((product, kind, f"shop.example.com/ring.html&name={name}-schmidt") for name in ("anna", "bert"))
        owner.execute("DELETE FROM fact_event")
        # One that the rules did not read when its archived views were loaded, and that others have seen since.
        load(ledger, [Named(2, 2, name="kept")])
        views[product, kind, "shop.example.com/kept"] = 3
        ledger.transaction(partial(erase_archived_views, views=views, description=DESCRIPTION))
        assert owner.execute(PAGES).fetchall() == [("kept", 1)]
