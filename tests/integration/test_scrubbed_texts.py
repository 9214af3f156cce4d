"""What is stored is scrubbed by newer rules, and with it what was made of it: names of products, and marts."""

from dataclasses import dataclass, replace
from functools import partial

import pytest

from spark.alert import AlertSettings, FailureAlert
from spark.ledger import Ledger
from spark.marts import refresh_marts
from spark.pipeline import load as load_events
from spark.retained import RawEventsGoneError
from spark.scope import FULL_REFRESH, Scope
from spark.stored_texts import scrub_stored_texts
from tests.empty_database import Database
from tests.staged_events import StagedEvent, load
from tests.staged_view import DESCRIPTION

pytestmark = pytest.mark.servers

scrub = partial(scrub_stored_texts, description=DESCRIPTION)
KNOWN = "SELECT product_id, product_name, language, category_path FROM dim_product WHERE product_key > 0 ORDER BY 1"
SAID = """
SELECT product_id, array_agg(named.product_name ORDER BY named.product_name)
FROM dim_product JOIN dim_product_name AS named USING (product_key) GROUP BY 1 ORDER BY 1
"""
CATALOGUED = """
UPDATE dim_product
SET product_name = 'Of the catalogue', language = NULL, category_path = 'rings/anna@schmidt.example',
    category = 'Of the catalogue', catalogued_at = now()
WHERE product_id IN ('sold', 'sold once')
"""
CATEGORIES = "SELECT DISTINCT category, category_group FROM dim_product WHERE catalogued_at IS NOT NULL"
DEFINED = "INSERT INTO etl.definition (name, run_id, value) VALUES ('shop domains', 1, 'shop.example')"
GONE = """
INSERT INTO etl.removed (what, bus_topic, bus_partition, until_offset, last_date, rows)
VALUES ('raw events', 'views', 0, 1, '2026-01-31', 1)
"""
SCRUBBED = "SELECT EXISTS (SELECT FROM etl.scrubbing)"


@dataclass(frozen=True)
class SeenAt(StagedEvent):
    """A view of a page by its address, which an earlier scrubber let through."""

    at: str = ""

    @property
    def page(self) -> str:
        return f"www.shop.example.com/{self.at}"


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
        SeenAt(8, 8, product="sold", name="Ring", at="rings/anna@schmidt.example/ring.html"),
        SeenAt(9, 9, product="sold once", name=names[1], at="y.html"),
    ]
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        load(ledger, stored)
        owner.execute("UPDATE dim_product SET category_path = product_id WHERE product_id IN ('engraved', 'earlier')")
        owner.execute("DELETE FROM etl.product_page WHERE page ~ '/[xy].html'")
        owner.execute(CATALOGUED)
        owner.execute("UPDATE etl.product_page SET read_by = 'earlier' WHERE page LIKE '%***'")
        ledger.transaction(scrub)
        pages = owner.execute("SELECT page, sum(views)::int FROM etl.product_page GROUP BY 1 ORDER BY 1").fetchall()
        assert owner.execute(KNOWN).fetchall() == [
            ("both", "Voucher", "en", None),
            ("code", None, None, None),
            ("earlier", None, None, None),
            ("engraved", "Ring", "en", None),
            ("kept", "Chain", "en", None),
            ("mask", None, None, None),
            ("sold", "Of the catalogue", None, "rings"),
            ("sold once", "Of the catalogue", None, None),
        ]
        assert owner.execute(CATEGORIES).fetchall() == [("Of the catalogue", None)]
        assert owner.execute(SAID).fetchall() == [
            ("both", ["Voucher"]),
            ("engraved", ["Ring"]),
            ("kept", ["Chain"]),
            ("sold", ["Ring"]),
        ]
        assert [(page.partition("/")[2], views) for page, views in pages] == [
            ("chain.html", 1),
            ("ring.html&name=***", 1),
            ("rings/***/ring.html", 1),
            ("voucher.html", 1),
        ]
        assert owner.execute("SELECT count(*) FROM staging.touched_product").fetchone() == (0,)


def test_pages_are_read_to_the_domains_that_the_warehouse_was_loaded_with(warehouse: Database) -> None:
    other = replace(DESCRIPTION, rules=replace(DESCRIPTION.rules, shop_domains=("other.example",)))
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        load(ledger, [SeenAt(0, 0, name="Ring"), SeenAt(1, 1, product="q", name="Ring.html&name=anna Schmidt")])
        owner.execute(DEFINED)
        owner.execute("UPDATE etl.product_page SET page = replace(page, 'com/', 'com/ring.html')")
        owner.execute("UPDATE etl.product_page SET page = page || '&name=anna-schmidt' WHERE product_name <> 'Ring'")
        ledger.transaction(partial(scrub_stored_texts, description=other))
        assert owner.execute(KNOWN).fetchall() == [("p", "Ring", "en", None), ("q", "Ring", "en", None)]
        assert owner.execute(SAID).fetchall() == [("p", ["Ring"]), ("q", ["Ring"])]


def test_a_refused_full_refresh_scrubs_nothing(warehouse: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_DB", warehouse.name)
    with warehouse.connect() as owner:
        owner.execute(GONE)
        with pytest.raises(RawEventsGoneError):
            load_events(Scope(FULL_REFRESH), False, FailureAlert(AlertSettings()))
        assert owner.execute(SCRUBBED).fetchone() == (False,)


def test_marts_lose_what_stored_texts_have_lost_though_nothing_has_landed_since(warehouse: Database) -> None:
    searched = "SELECT search_terms FROM mart.search"
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        load(ledger, [StagedEvent(0, 0, kind="search_box_action"), StagedEvent(1, 1)])
        owner.execute("UPDATE fact_search SET search_terms = 'ring &pwd=hunter2'")
        refresh_marts(ledger)
        assert owner.execute(searched).fetchall() == [("ring &pwd=hunter2",)]
        # The run that scrubs is killed here, and the next one has nothing to scrub.
        ledger.transaction(scrub)
        ledger.transaction(scrub)
        refresh_marts(ledger)
        assert owner.execute(searched).fetchall() == [("ring &pwd=***",)]
        assert owner.execute("SELECT * FROM etl.refresh_marts(even_if_fresh => false)").fetchall() == []
