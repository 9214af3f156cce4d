"""A store's country comes from the reference table, else from the shop's own country host, and from nothing else."""

from zoneinfo import ZoneInfo

import pytest

from spark.enrichment.store import INTERNATIONAL, Country, countries, store_country

SHOP = ("shop.example",)
MEXICO = Country("Mexico", "MX", "Central America", "North America", "MXN", "America/Mexico_City")


def test_the_reference_table_wins_over_the_host() -> None:
    assert store_country("62", "www.shop.example.de", SHOP) == MEXICO
    assert store_country(" 62 ", None, SHOP) == MEXICO


def test_the_dot_com_store_is_international() -> None:
    assert store_country("41", "www.shop.example.com", SHOP) == INTERNATIONAL


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("www.shop.example.com.mx", "MX"),
        ("www.shop.example.co.uk", "GB"),
        ("staging.shop.example.ch", "CH"),
        ("www.shop.example.com", None),
        ("www.shop.example.eu", None),
        ("www.shop.example", None),
        ("www.elsewhere.fr", None),
        ("www-shop-example-fr.translate.goog", None),
        ("translate.google.fr", None),
        ("localhost", None),
        ("10.0.0.7", None),
        ("", None),
        (None, None),
    ],
)
def test_an_unlisted_store_takes_the_country_of_the_shops_host_only(host: str | None, code: str | None) -> None:
    country = store_country("900", host, SHOP)
    assert (country.country_code if country else None) == code


def test_a_missing_store_at_an_unknown_host_has_no_country() -> None:
    assert store_country(None, None, SHOP) is None


def test_every_country_of_the_table_is_complete() -> None:
    table = countries()
    assert len(table) == 249
    for code, country in table.items():
        assert code == country.country_code
        assert code.isalpha()
        assert len(code) == 2
        assert country.country_name
        assert country.region
        assert country.continent
        assert country.currency is None or (len(country.currency) == 3 and country.currency.isupper())
        assert country.time_zone is None or ZoneInfo(country.time_zone)
    assert {code for code, country in table.items() if country.currency is None} == {"AQ"}
    assert {code for code, country in table.items() if country.time_zone is None} == {"BV", "HM"}
