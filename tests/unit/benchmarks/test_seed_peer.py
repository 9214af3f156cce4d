"""The peer makes the star that its sentence says: one member an id, keys from 1, every view counted once."""

import pandas as pd  # type: ignore[import-untyped]

from benchmarks.seed_peer import FIELDS, star

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
VIEW = ("a", "1753315200", "d1", CHROME, "1", "p1", "https://www.shop.example.de/ring.html", None, "1", "EUR")


def view(event_id: str, **changed: str) -> tuple[str | None, ...]:
    fields = dict(zip(FIELDS, VIEW, strict=True)) | {"id": event_id} | changed
    return tuple(fields[name] for name in FIELDS)


def test_the_star_has_one_member_an_id_and_counts_every_view_once() -> None:
    rows = [view("a"), view("a"), view("b"), view("c", product_id="p2"), view("d", time_stamp="never")]
    tables = star(pd.DataFrame(rows, columns=list(FIELDS)))
    assert list(tables["dim_product"]["product_key"]) == [1, 2]
    fact = tables["fact_product_views"]
    assert list(fact["view_count"]) == [2, 1]
    assert list(fact["date_key"].unique()) == [20250724]
    assert list(fact["unique_visitors"]) == [1, 1]
    assert tables["dim_device"]["browser_info"][0].startswith("Chrome")
