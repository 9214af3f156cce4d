"""The peers get the same documents, and count as the warehouse does."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.dlt_peer import PAGE, columns, pages
from benchmarks.duckdb_peer import StarMaker
from spark.enrichment.settings import EnrichmentSettings

BUS_TIME = datetime(2026, 1, 2, tzinfo=UTC)
NOON = 1_767_268_800  # 2026-01-01T12:00:00Z
RULES = EnrichmentSettings().page_rules()


def document(offset: int, **event: Any) -> dict[str, Any]:
    """A landed product view; fields given as None are absent."""
    fields = {
        "id": f"00000000-0000-0000-0000-{offset:012d}",
        "_id": f"{offset:024x}",
        "time_stamp": NOON + offset,
        "collection": "view_product_detail",
        "product_id": "7",
        "store_id": "12",
        "device_id": "device",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/81.0",
        "current_url": "https://www.shop.example.fr/bague-lune.html?alloy=red",
        "referrer_url": "https://www.google.com/search?q=x",
        "utm_source": False,
        "option": [{"option_label": "alloy"}],
    } | event
    return {
        "_id": f"views:00000:{offset:019d}",
        "event": {name: value for name, value in fields.items() if value is not None},
        "kafka": {"timestamp": BUS_TIME, "key": b"device", "headers": []},
        "landed_at": BUS_TIME,
    }


def star(folder: Path, documents: list[dict[str, Any]]) -> list[int]:
    return StarMaker(folder).make(documents, RULES, b"a key of a test")


def test_duckdb_counts_each_event_once_and_leaves_out_what_the_etl_rejects(tmp_path: Path) -> None:
    documents = [
        document(0),
        document(1, user_id_db="somebody", time_stamp=float(NOON)),
        document(2, id="00000000-0000-0000-0000-000000000001"),
        document(3, id=None),
        document(4, collection="view_home_page", product_id=None, option={"alloy": ""}),
        document(5, time_stamp=None),
        document(6, time_stamp=NOON + 10 * 86_400),
        document(7, product_id=None),
        document(8, id="no uuid"),
        document(9, referrer_url=""),
    ]
    # Offsets 0, 1, 3 and 9 are views, 9 of another referrer; 4 is an event of another kind.
    assert star(tmp_path, documents) == [10, 5, 4, 2]


def test_duckdb_describes_dimensions_as_the_etl_does(tmp_path: Path) -> None:
    maker = StarMaker(tmp_path)
    maker.make([document(0)], RULES, b"a key of a test")
    again = StarMaker(tmp_path)
    product = again.database.execute("SELECT product_name, category FROM dim_product").fetchall()
    country = again.database.execute("SELECT country.country_code FROM dim_country").fetchall()
    referrer = again.database.execute("SELECT referrer_url, referrer_type FROM dim_referrer").fetchall()
    device = again.database.execute("SELECT device_type, is_bot FROM dim_device").fetchall()
    assert (product, country) == ([("Bague Lune", "rings")], [("FR",)])
    assert (referrer, device) == ([("www.google.com/search", "Search Engine")], [("Desktop", False)])


def test_an_arrow_page_holds_every_field_of_every_event_as_text() -> None:
    page = columns([document(0), document(1, order_id=5, utm_source="mail")])
    assert {len(values) for values in page.values()} == {2}
    assert page["event_order_id"] == [None, "5"]
    assert page["event_utm_source"] == ["false", "mail"]
    assert page["event_option"][0] == '[{"option_label":"alloy"}]'
    assert page["event_object_id"] == [f"{0:024x}", f"{1:024x}"]
    assert page["bus_key"] == ["device", "device"]


def test_dlt_gets_every_document_once_in_pages() -> None:
    documents = [document(offset) for offset in range(PAGE + 1)]
    assert [len(page) for page in pages(documents)] == [PAGE, 1]
    assert [each["_id"] for page in pages(documents) for each in page] == [each["_id"] for each in documents]
