"""Money as the world writes it."""

from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import format_currency, get_currency_precision
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spark.enrichment.store import countries
from spark.prices import UNKNOWN_SPELLING, Spelling, amount_of, iso_currencies, money, spelling_of

SHOP = ("shop.example",)
STORES = {"DE": "6", "GB": "7", "ES": "8", "SE": "19", "AU": "29", "MX": "62", "CL": "85", "International": "41"}


def of(country: str) -> Spelling:
    """The spelling of a store, by its id where stores.csv has one, else by the shop's host."""
    store_id = STORES.get(country)
    return spelling_of(store_id or "777", f"https://www.shop.example.{country.lower()}", SHOP)


def value(sent: object, country: str = "DE", currency: str | None = "€") -> str | None:
    return money(sent, currency, of(country)).value


@pytest.mark.parametrize(
    ("sent", "country", "currency", "price"),
    [
        ("331.00", "AU", "AU $", "331.00"),
        ("754,00", "ES", "€", "754.00"),
        ("1,725.00", "MX", "$", "1725.00"),
        ("4.990,00", "DE", "€", "4990.00"),
        ("4 576,00", "SE", "kr", "4576.00"),
        ("4\u00a0576,00", "SE", "kr", "4576.00"),
        ("4\u202f576,00", "FR", "€", "4576.00"),
        ("1'725.00", "CH", "CHF '", "1725.00"),
        ("1\u2019725.00", "CH", "CHF", "1725.00"),
        ("12,34,567.00", "IN", "₹", "1234567.00"),
        ("\u0661\u066c\u0662\u0663\u0664\u066b\u0665\u0660\u0660", "KW", "KWD", "1234.500"),
        ("254.82", "DE", "€", "254.82"),
        ("1.234.567", "DE", "€", "1234567.00"),
        ("12", "DE", "€", "12.00"),
        ("0.125", "DE", "€", "0.125"),
        ("1234.567", "DE", "€", "1234.567"),
        ("12,50 €", "DE", None, "12.50"),
        ("€ 12,50", "DE", None, "12.50"),
        ("12.-", "CH", "CHF", "12.00"),
        ("", "DE", "€", None),
        (None, "DE", "€", None),
    ],
)
def test_a_price_is_the_number_that_the_locale_means(
    sent: object, country: str, currency: str | None, price: str | None
) -> None:
    found = money(sent, currency, of(country))
    assert (found.value, found.is_impossible) == (price, False)


@pytest.mark.parametrize(
    ("country", "currency", "price"),
    [
        ("DE", "EUR", "12500.00"),
        ("DE", "KWD", "12.500"),
        ("GB", "£", "12.50"),
        ("MX", "$", "12.50"),
        ("CL", "$", "12500"),
        ("unknown", "€", "12500.00"),
        ("unknown", "KWD", "12.500"),
    ],
)
def test_one_mark_before_three_digits_is_read_by_the_currency_and_then_by_the_locale(
    country: str, currency: str, price: str
) -> None:
    assert value("12.500", country, currency) == price


@pytest.mark.parametrize(
    ("sent", "price"),
    [
        (49.995, "49.995"),
        (0.125, "0.125"),
        (49.99, "49.99"),
        (19.990000000000002, "19.99"),
        (12, "12.00"),
        (0, "0.00"),
        (1e-9, "0.00"),
        (1234.567, "1234.567"),
    ],
)
@pytest.mark.parametrize("country", ["DE", "MX", "unknown"])
def test_a_json_number_never_passes_a_locales_parser(sent: float, price: str, country: str) -> None:
    assert value(sent, country) == price


@pytest.mark.parametrize(
    "sent",
    [
        *("free", "-5.00", "\u22125", "5-", "--5", "9" * 20, "9" * 100, "1,2,3", "1.23.4", "1e5", ".", "12 xx"),
        *(-1, 1e300, float("inf"), float("nan"), 10**18, True, [], {}, ["1"]),
    ],
)
def test_what_is_no_price_is_none(sent: object) -> None:
    found = money(sent, "€", of("DE"))
    assert (found.value, found.is_impossible) == (None, True)


@pytest.mark.parametrize(
    ("symbol", "country", "code"),
    [
        ("€", "GB", "EUR"),
        ("£", "GB", "GBP"),
        ("AU $", "DE", "AUD"),
        ("CHF '", "CH", "CHF"),
        ("kr", "SE", "SEK"),
        ("kr", "NO", "NOK"),
        ("kr.", "DK", "DKK"),
        ("kr", "unknown", None),
        ("$", "MX", "MXN"),
        ("$", "CL", "CLP"),
        ("$", "AU", "AUD"),
        ("$", "International", "USD"),
        ("$", "unknown", None),
        ("лв", "BG", "BGN"),
        ("eur", "unknown", "EUR"),
        ("XXL", "DE", None),
        ("¥", "CN", "CNY"),
    ],
)
def test_a_symbol_is_a_currency_in_the_stores_locale_and_is_kept_as_sent(
    symbol: str, country: str, code: str | None
) -> None:
    found = money("12", symbol, of(country))
    assert (found.currency, found.symbol) == (code, symbol)


def test_no_store_and_no_currency_leave_a_number_alone() -> None:
    found = money("1.725,50", None, UNKNOWN_SPELLING)
    assert (found.value, found.currency, found.symbol) == ("1725.50", None, None)


@settings(deadline=None, max_examples=300)
@given(st.decimals(0, 10**9, places=2), st.sampled_from(sorted(countries())), st.sampled_from(["EUR", "USD", "KWD"]))
def test_what_cldr_prints_is_read_back(number: Decimal, country: str, code: str) -> None:
    spelling = of(country)
    assume(spelling is not UNKNOWN_SPELLING)
    printed = format_currency(number, code, locale=Locale.parse(f"und_{country}"))
    found = money(printed, code, spelling)
    assert found.value is not None, printed
    assert Decimal(found.value) == round(number, get_currency_precision(code)), (printed, country)


@settings(deadline=None)
@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none(), st.lists(st.text())))
def test_no_value_stops_the_reading_of_money(sent: object) -> None:
    for spelling in (of("DE"), of("MX"), UNKNOWN_SPELLING):
        price, amount = money(sent, sent, spelling), amount_of(sent, spelling)
        assert price.value is None or 0 <= Decimal(price.value) < 10**12
        assert price.currency is None or price.currency in iso_currencies()
        assert amount is None or abs(amount) <= 10**6


@pytest.mark.parametrize(
    ("price", "currency"), [("5", "anna.beispiel@mail.example"), ("5 anna.beispiel@mail.example", None)]
)
def test_a_currency_is_scrubbed_before_it_is_cut(price: str, currency: str | None) -> None:
    for sent in (currency, currency and " " * 50 + currency):
        assert "anna" not in (money(price, sent, of("DE")).symbol or "")


def test_a_currency_as_long_as_an_event_holds_up_no_run() -> None:
    """Half a megabyte of marks took minutes to be ordered, the largest currency a day."""
    for marks in ("\u0301\u0327", "%41", "Q!"):
        assert money("5", "e" + marks * 300_000, of("DE")).currency is None
