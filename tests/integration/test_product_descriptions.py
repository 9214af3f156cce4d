"""A product has one description: the same, in whatever order and in however many runs its views arrive."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from config.settings import PROJECT_ROOT
from spark.enrichment.settings import EnrichmentSettings
from spark.ledger import EMPTY_STAGING
from spark.load import LOAD_FOLDER, RELOAD_FOLDER
from spark.product_pages import ProductDescription, read_pages_anew
from tests.empty_database import Database

pytestmark = pytest.mark.servers

ALEMBIC = Config(str(PROJECT_ROOT / "alembic.ini"))
SHOP = ProductDescription.of(EnrichmentSettings())
START = datetime(2026, 1, 1, tzinfo=UTC)
STORES = {"41": "com", "6": "de", "12": "fr", "51": "ro", "11": "nl", "19": "se"}
FOREIGN = "www-shop-example-fr.translate.goog/bague-lune.html"
RUN = ("010_dim_product_new", "013_dim_product_first_day", "051_product_page", "052_touched_product")
CHOICE = (
    "053_product_page_forgotten",
    "054_dim_product_name",
    "054_dim_product_name_unsaid",
    "056_dim_product_price",
    "057_dim_product_description",
    "058_dim_product_price",
)
STATE = {
    "dim_product": "SELECT product_id, product_name, language, category, category_group, category_path, price,"
    " dim_product.currency, store_id FROM dim_product LEFT JOIN dim_store ON country_key = price_country_key"
    " WHERE product_id IS NOT NULL ORDER BY 1",
    "dim_product_name": "SELECT product_id, name.language, name.product_name, is_preferred"
    " FROM dim_product_name AS name JOIN dim_product USING (product_key) ORDER BY 1, 2, 3",
    "dim_product_price": "SELECT product_id, store_id, shown.price, shown.currency, valid_from, valid_to"
    " FROM dim_product_price AS shown JOIN dim_product USING (product_key) JOIN dim_store USING (country_key)"
    " ORDER BY 1, 2, 3, 4",
    "product_page": "SELECT product_id, page, views FROM etl.product_page JOIN dim_product USING (product_key)"
    " ORDER BY 1, 2",
}


@dataclass(frozen=True)
class View:
    """A product view as the load statements meet it."""

    event_id: UUID
    time: datetime
    product_id: str
    store_id: str
    page: str
    price: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True)
class Warehouse:
    """An empty warehouse of the test's own, and how its products are described."""

    connection: psycopg.Connection
    description: ProductDescription = SHOP

    def run(self, views: Sequence[View]) -> None:
        """Load new views as a run of the ETL does, as far as products are concerned."""
        rules, execute = self.description.rules, self.connection.execute
        with self.connection.transaction():
            execute(EMPTY_STAGING)
            for product_id, page in {(view.product_id, view.page) for view in views}:
                told = rules.read(page)
                names = ("product_name", "language", "category", "category_path")
                execute(
                    f"INSERT INTO staging.product (product_id, page, {', '.join(names)}, first_date)"
                    " VALUES (%s, %s, %s, %s, %s, %s, '2026-01-01')".encode(),
                    [product_id, page, *(getattr(told, name, None) for name in names)],
                )
            self.statements(RUN[:2])
            for view in views:
                self.stage(view)
            self.statements(RUN[2:])
            read_pages_anew(self.connection, rules)
            self.statements(CHOICE)

    def stage(self, view: View) -> None:
        self.connection.execute(
            "INSERT INTO staging.resolved_event (event_id, event_time, product_key, country_key, kind_key, page, price,"
            " currency) SELECT %s, %s, product_key, country_key, kind_key, %s, %s, %s"
            " FROM dim_product, dim_store, dim_event_kind"
            " WHERE product_id = %s AND store_id = %s AND kind = 'view_product_detail'",
            [view.event_id, view.time, view.page, view.price, view.currency, view.product_id, view.store_id],
        )

    def statements(self, names: Sequence[str]) -> None:
        for name in names:
            statement = (LOAD_FOLDER / f"{name}.sql").read_bytes()
            self.connection.execute(statement, self.description.values() | {"time_zone": "UTC"})

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        return {name: self.connection.execute(query.encode()).fetchall() for name, query in STATE.items()}

    def product(self, product_id: str) -> tuple[Any, ...]:
        (row,) = (row for row in self.state()["dim_product"] if row[0] == product_id)
        return row[1:]

    def empty(self) -> None:
        self.connection.execute("TRUNCATE etl.product_page, dim_product_name, dim_product_price")
        self.connection.execute("DELETE FROM dim_product WHERE product_key > 0")


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    command.upgrade(ALEMBIC, "head")
    with database.connect() as connection:
        for store_id in STORES:
            connection.execute("INSERT INTO dim_store (store_id) VALUES (%s)", [store_id])
        yield Warehouse(connection)


def view(number: int, page: str, store_id: str = "41", product_id: str = "1", **changes: Any) -> View:
    return replace(View(UUID(int=number), START + timedelta(minutes=number), product_id, store_id, page), **changes)


def pages(chance: random.Random, product_id: str) -> list[tuple[str, str]]:
    """Store and page of a product in many spellings: own and foreign hosts, folders, carts, numbers."""
    nouns = {"41": "ring", "6": "damenring", "12": "bague", "51": "inel", "11": "hanger", "19": "halsband"}
    own = [
        (store, f"www.shop.example.{suffix}/{folder}{nouns[store]}-{model}.html")
        for store, suffix in STORES.items()
        for folder in ("", "schmuck/ringe/", "sale/")
        for model in ("lune", "luna", "magic-charm", f"{product_id}99999")
    ]
    other = [
        ("12", FOREIGN),
        ("6", "www.shop.example.de/checkout/cart/configure/id/22"),
        ("6", "www.shop.example.de/county/recommendation/list/id/8/price/12"),
        ("41", "www.shop.example.com/-34781.html"),
        ("41", "stage.shop.example.de/shgb/pendant-lune.html"),
    ]
    return [*chance.sample(own, 9), *other]


def random_views(chance: random.Random, count: int) -> list[View]:
    products = {str(n): pages(chance, str(n)) for n in range(4)}
    views = []
    for number in range(count):
        product_id = chance.choice(sorted(products))
        store, page = chance.choice(products[product_id])
        price = chance.choice([None, Decimal("10.00"), Decimal("12.50"), Decimal("99.00")])
        currency = chance.choice([None, "EUR", "RON"]) if price else None
        views.append(view(number, page, store, product_id, price=price, currency=currency))
    return views


def in_runs(chance: random.Random, views: Sequence[View]) -> list[list[View]]:
    """The views in another order, in one to six runs."""
    shuffled = chance.sample(views, len(views))
    cuts = sorted(chance.sample(range(len(views)), chance.randrange(6)))
    return [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(views)], strict=True) if a < b]


def test_no_order_and_no_number_of_runs_changes_a_description(warehouse: Warehouse) -> None:
    chance = random.Random(20260105)
    for _ in range(4):
        views = random_views(chance, 120)
        found = []
        for _ in range(5):
            warehouse.empty()
            for some in in_runs(chance, views):
                warehouse.run(some)
            found.append(warehouse.state())
        assert all(each == found[0] for each in found)
        own = {page for _, page, _ in found[0]["product_page"]}
        assert own
        assert all(page.partition("/")[0].startswith(("www.shop.example.", "stage.shop.example.")) for page in own)
        names = {row[:3] for row in found[0]["dim_product_name"]}
        assert all((row[0], row[2], row[1]) in names for row in found[0]["dim_product"] if row[1])


def test_the_same_views_loaded_again_change_nothing(warehouse: Warehouse) -> None:
    chance = random.Random(7)
    views = random_views(chance, 150)
    for some in in_runs(chance, views):
        warehouse.run(some)
    before = warehouse.state()
    warehouse.connection.execute("SELECT etl.ensure_month_partition(date '2026-01-01')")
    for event in views:
        warehouse.connection.execute(
            "INSERT INTO fact_event (event_id, event_time, product_key, country_key, referrer_key, device_key,"
            " bus_offset, run_id, date_key, bus_partition, kind_key, is_bot, bus_topic, page)"
            " SELECT %s, %s, product_key, -1, -1, -1, 0, 1, 20260101, 0, kind_key, false, 't', %s"
            " FROM dim_product, dim_event_kind WHERE product_id = %s AND kind = 'view_product_detail'",
            [event.event_id, event.time, event.page, event.product_id],
        )
    with warehouse.connection.transaction():
        warehouse.connection.execute(EMPTY_STAGING)
        for name in ("010_removed_event", "011_product_page", "012_touched_product"):
            statement = (RELOAD_FOLDER / f"{name}.sql").read_bytes()
            warehouse.connection.execute(statement, {"from_key": 20260101, "to_key": 20260101})
        assert {row[2] for row in warehouse.state()["product_page"]} == {0}
        warehouse.statements(CHOICE)
    emptied = warehouse.state()
    assert emptied["product_page"] == []
    assert emptied["dim_product"] == before["dim_product"]
    for some in in_runs(chance, views):
        warehouse.run(some)
    assert warehouse.state() == before


def test_each_attribute_is_filled_by_itself_and_never_emptied(warehouse: Warehouse) -> None:
    warehouse.run([view(1, "www.shop.example.com/lune.html")])
    assert warehouse.product("1")[:5] == ("Lune", "en", None, None, None)
    warehouse.run([view(2, "www.shop.example.de/schmuck/ringe/mond.html", "6")])
    assert warehouse.product("1")[:5] == ("Lune", "en", "rings", "rings", "schmuck/ringe")
    warehouse.run([view(n, "www.shop.example.com/lune.html") for n in range(3, 9)])
    assert warehouse.product("1")[:5] == ("Lune", "en", "rings", "rings", "schmuck/ringe")


def test_preferred_languages_come_first_then_frequency_and_never_recency(warehouse: Warehouse) -> None:
    romanian = [view(n, "www.shop.example.ro/inel-luna.html", "51") for n in range(9)]
    german = [view(20, "www.shop.example.de/ring-mond.html", "6"), view(21, "www.shop.example.de/ring-mond.html", "6")]
    rare = [view(30, "www.shop.example.de/ring-abend.html", "6")]
    warehouse.run(romanian)
    assert warehouse.product("1")[:2] == ("Inel Luna", "ro")
    warehouse.run([*german, *rare])
    assert warehouse.product("1")[:2] == ("Ring Mond", "de")
    swedish_first = replace(warehouse, description=replace(SHOP, languages=["sv", "ro"]))
    swedish_first.run([view(40, "www.shop.example.de/ring-mond.html", "6")])
    assert swedish_first.product("1")[:2] == ("Inel Luna", "ro")
    assert warehouse.state()["dim_product_name"] == [
        ("1", "de", "Ring Abend", False),
        ("1", "de", "Ring Mond", True),
        ("1", "ro", "Inel Luna", True),
    ]


def test_a_product_seen_on_foreign_hosts_only_has_no_description(warehouse: Warehouse) -> None:
    warehouse.run([view(1, FOREIGN), view(2, "file://"), view(3, "www.shop.example.com/-34781.html")])
    assert warehouse.product("1")[:5] == (None, None, None, None, None)
    assert warehouse.state()["product_page"] == []


def test_a_price_belongs_to_a_store_and_the_product_shows_the_preferred_stores(warehouse: Warehouse) -> None:
    page, price = "www.shop.example.com/ring-lune.html", Decimal("754.00")
    warehouse.run([view(5, page, "51", price=price, currency="RON"), view(9, page, "6", price=Decimal(150))])
    assert warehouse.product("1")[5:] == (Decimal("150.00"), None, "6")
    warehouse.run([view(7, page, "41", price=Decimal(160), currency="EUR")])
    warehouse.run(
        [view(2, page, "41", price=Decimal(140), currency="EUR"), view(1, page, "51", price=price, currency="RON")]
    )
    assert warehouse.product("1")[5:] == (Decimal("160.00"), "EUR", "41")
    shown = warehouse.state()["dim_product_price"]
    assert [(store, amount, currency) for _, store, amount, currency, _, _ in shown] == [
        ("41", Decimal("140.00"), "EUR"),
        ("41", Decimal("160.00"), "EUR"),
        ("51", price, "RON"),
        ("6", Decimal("150.00"), "XXX"),
    ]
    assert shown[2][4:] == (START + timedelta(minutes=1), START + timedelta(minutes=5))


def test_pages_kept_before_rules_read_them_are_read_by_the_next_run(warehouse: Warehouse) -> None:
    connection = warehouse.connection
    connection.execute("INSERT INTO dim_product (product_id, product_name) VALUES ('1', 'Bague'), ('2', 'Bague')")
    for product_id, page in (("1", "www.shop.example.ro/inel-luna.html"), ("1", FOREIGN), ("2", FOREIGN)):
        connection.execute(
            "INSERT INTO etl.product_page (product_key, page, views, read_by)"
            " SELECT product_key, %s, 3, '' FROM dim_product WHERE product_id = %s",
            [page, product_id],
        )
    warehouse.run([])
    assert warehouse.product("1")[:4] == ("Inel Luna", "ro", "rings", "rings")
    assert warehouse.product("2")[:4] == (None, None, None, None)
    other = EnrichmentSettings(shop_domains="shop.example, translate")
    widened = replace(warehouse, description=ProductDescription.of(other))
    before = warehouse.state()
    widened.run([])
    assert widened.state() == before
    (read_by,) = connection.execute("SELECT DISTINCT read_by FROM etl.product_page").fetchall()
    assert read_by == (ProductDescription.of(other).rules.fingerprint,)


def test_a_product_under_ever_new_addresses_keeps_the_same_bounded_pages(warehouse: Warehouse) -> None:
    few = replace(SHOP)
    many = [view(n, f"www.shop.example.com/ring-{n}.html") for n in range(40)]
    kept = []
    for order in (many, many[::-1]):
        warehouse.empty()
        for some in (order[:13], order[13:30], order[30:]):
            warehouse.run(some)
        bound = {**few.values(), "most_pages": 10}
        statement = (LOAD_FOLDER / "053_product_page_forgotten.sql").read_bytes()
        warehouse.connection.execute(statement, bound)
        kept.append(warehouse.state()["product_page"])
    assert kept[0] == kept[1]
    assert len(kept[0]) == 10
