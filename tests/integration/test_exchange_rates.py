"""Exchange rates: loaded whole or not at all, and revenue in one currency beside the orders' own."""

import threading
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from config.errors import TerminalError
from tests.empty_database import Database
from tests.pipeline import eventually
from utilities.exchange_rates.loading import RateFigures, load_rates, remove_rates
from utilities.exchange_rates.rate_line import ExchangeRate

pytestmark = pytest.mark.servers

STORED = "SELECT currency, rate_date::text, rate::text, reporting_currency, loaded_at FROM exchange_rate ORDER BY 1, 2"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'exchange_rate'::regclass"
# By order: day, revenue in currency; one without revenue, one in several currencies.
ORDERS = (
    (20260104, "MXN", "100"),
    (20260105, "MXN", "100"),
    (20260107, "MXN", "50.50"),
    (20260107, "EUR", "20"),
    (20260107, "KWD", "3.125"),
    (20260107, "MXN", None),
    (20260107, None, None),
)
ORDER = """
WITH purchase AS (
    INSERT INTO fact_order (order_key, event_id, event_time, date_key, country_key, referrer_key, device_key, is_bot,
                            events, lines, items, revenue, currency)
    VALUES (gen_random_uuid(), gen_random_uuid(), now(), %(day)s, -1, -1, -1, false, 1, 1, 1, %(revenue)s, %(currency)s)
    RETURNING order_key
)
INSERT INTO fact_order_line (order_key, line_number, product_key, option_group_key, amount, price, currency)
SELECT order_key, 1, -1, -2, 1, %(revenue)s, %(currency)s FROM purchase
"""


def rates(**by_currency: dict[str, str]) -> list[ExchangeRate]:
    """Of `MXN={"2026-01-05": "0.05"}`: the lines of a file."""
    told = [(day, currency, rate) for currency, of_days in by_currency.items() for day, rate in of_days.items()]
    return [ExchangeRate(line, date.fromisoformat(d), c, Decimal(rate)) for line, (d, c, rate) in enumerate(told, 2)]


def rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_the_same_rates_twice_change_nothing_and_others_only_what_they_say(warehouse: Database) -> None:
    pesos = rates(MXN={"2026-01-05": "0.05", "2026-01-07": "0.051"})
    with warehouse.connect("warehouse_etl") as connection:
        assert load_rates(connection, pesos, "EUR") == RateFigures(rates=2, new=2, changed=0, removed=0)
        stored = rows(connection, STORED)
        assert [row[:4] for row in stored] == [
            ("EUR", "2015-01-01", "1", "EUR"),
            ("MXN", "2026-01-05", "0.05", "EUR"),
            ("MXN", "2026-01-07", "0.051", "EUR"),
        ]
        for same in (pesos, rates(MXN={"2026-01-05": "0.050"})):
            assert load_rates(connection, same, "EUR") == RateFigures(len(same), new=0, changed=0, removed=0)
        other = rates(MXN={"2026-01-07": "0.052"}, GBP={"2026-01-07": "1.15"})
        expected = RateFigures(rates=2, new=1, changed=1, removed=0)
        assert load_rates(connection, other, "EUR", dry_run=True) == expected
        assert rows(connection, STORED) == stored
        assert load_rates(connection, other, "EUR") == expected
        assert set(stored[:2]) < set(rows(connection, STORED))

        before = rows(connection, STORED)
        dollars = rates(MXN={"2026-01-05": "0.058"})
        with pytest.raises(TerminalError, match="the stored rates are to EUR, REPORTING_CURRENCY is USD"):
            load_rates(connection, dollars, "USD")
        assert rows(connection, STORED) == before
        assert load_rates(connection, dollars, "USD", replace=True) == RateFigures(1, new=0, changed=1, removed=2)
        assert {row[3] for row in rows(connection, STORED)} == {"USD"}
        again = rows(connection, STORED)
        assert load_rates(connection, dollars, "USD", replace=True) == RateFigures(1, new=0, changed=0, removed=0)
        assert rows(connection, STORED) == again
        assert (remove_rates(connection), rows(connection, STORED)) == (1, [])


def test_revenue_is_in_one_currency_by_the_rate_of_the_day_or_the_newest_before(warehouse: Database) -> None:
    by_day = (
        "SELECT date_key, currency, revenue, reporting_currency, reporting_revenue, orders_without_rate"
        " FROM mart.revenue ORDER BY 1, 2"
    )
    with warehouse.connect() as owner:
        for day, currency, revenue in ORDERS:
            owner.execute(ORDER.encode(), {"day": day, "currency": currency, "revenue": revenue})
    with warehouse.connect("warehouse_etl") as etl, warehouse.connect("bi_reader") as reader:
        assert {row[3:] for row in rows(reader, by_day)} == {(None, None, 1), (None, None, 0)}
        load_rates(etl, rates(MXN={"2026-01-05": "0.05", "2026-01-08": "0.9"}), "EUR")
        assert rows(reader, by_day) == [
            (20260104, "MXN", 100, None, None, 1),
            (20260105, "MXN", 100, "EUR", 5, 0),
            (20260107, "EUR", 20, "EUR", 20, 0),
            (20260107, "KWD", Decimal("3.125"), None, None, 1),
            (20260107, "MXN", Decimal("50.50"), "EUR", Decimal("2.525"), 0),
            (20260107, "Unknown", None, None, None, 0),
        ]
        by_product = (
            "SELECT currency, items, reporting_revenue, items_without_price, items_without_rate"
            " FROM mart.product_revenue ORDER BY 1"
        )
        assert rows(reader, by_product) == [
            ("EUR", 1, 20, 0, 0),
            ("KWD", 1, None, 0, 1),
            ("MXN", 4, Decimal("7.525"), 1, 1),
            ("Unknown", 1, None, 1, 0),
        ]
        assert rows(reader, "SELECT sum(reporting_revenue), count(rate_date) FROM mart.order_revenue") == [
            (Decimal("27.525"), 4)
        ]


def test_removing_all_counts_what_a_load_beside_it_has_brought(warehouse: Database) -> None:
    removed: list[int] = []

    def remove() -> None:
        with warehouse.connect("warehouse_etl") as connection, connection.transaction():
            removed.append(remove_rates(connection))

    with warehouse.connect("warehouse_etl") as connection:
        removal = threading.Thread(target=remove)
        with connection.transaction():
            load_rates(connection, rates(MXN={"2026-01-05": "0.05", "2026-01-07": "0.051"}), "EUR")
            removal.start()
            eventually(lambda: rows(connection, WAITING) == [(1,)])
        removal.join(60)
        assert (removed, rows(connection, STORED)) == ([2], [])
