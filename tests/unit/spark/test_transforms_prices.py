"""Prices in every locale of the feed."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame

from spark.transforms import parse
from tests.unit.spark.conftest import raw_view


@pytest.mark.parametrize(
    ("sent", "price"),
    [
        ("331.00", "331.00"),
        ("754,00", "754.00"),
        ("1,725.00", "1725.00"),
        ("4.990,00", "4990.00"),
        ("4 576,00", "4576.00"),
        ("4\u00a0576,00", "4576.00"),
        ("1'725.00", "1725.00"),
        ("1.725", "1725.00"),
        ("35.79", "35.79"),
        ("1234.567", "1234.57"),
        ("12", "12.00"),
        ("", None),
        ("free", None),
        ("-5.00", None),
        ("9" * 20, None),
    ],
)
def test_a_price_is_the_number_that_the_locale_means(
    raw_events: Callable[..., DataFrame], sent: str, price: str | None
) -> None:
    row = parse(raw_events(raw_view(0, price=sent)), "UTC").collect()[0]
    assert row.price == (None if price is None else Decimal(price))


def test_a_symbol_of_one_currency_becomes_its_code_and_a_shared_one_stays(
    raw_events: Callable[..., DataFrame],
) -> None:
    sent = ["€", "AU $", "CHF '", "kr", "EUR", "", None]
    rows = [raw_view(offset, currency=symbol) for offset, symbol in enumerate(sent)]
    found = parse(raw_events(*rows), "UTC").orderBy("offset").collect()
    assert [row.currency for row in found] == ["EUR", "AUD", "CHF", "kr", "EUR", None, None]
