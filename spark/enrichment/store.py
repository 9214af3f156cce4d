"""The country a store sells to.

The reference table config/reference/stores.csv decides for the stores it lists; for any other store the country-code
top-level domain of one of the shop's own hosts does. Both depend on the event's store and host alone, so the order of
events does not matter; a visitor on localhost, an IP address or a translation proxy changes no store's country.
"""

from dataclasses import dataclass
from functools import cache

from config.reference import reference_rows
from spark.enrichment.web_address import is_shop_host, public_suffix

# Country-code top-level domains that are not their country's ISO 3166-1 code; `eu` and `su` have no country.
_COUNTRY_OF_TOP_LEVEL_DOMAIN = {"uk": "GB", "ac": "SH"}


@dataclass(frozen=True, slots=True)
class Country:
    """What dim_store holds of a country.

    `country_code` is ISO 3166-1 alpha-2, `currency` ISO 4217, `time_zone` the IANA zone of the capital, `region` the
    UN M49 sub-region. All but the name are None for the international store, currency and time zone also where nobody
    lives.
    """

    country_name: str
    country_code: str | None = None
    region: str | None = None
    continent: str | None = None
    currency: str | None = None
    time_zone: str | None = None


INTERNATIONAL = Country("International")


def store_country(store_id: str | None, host: str | None, shop_domains: tuple[str, ...]) -> Country | None:
    """The store's country; None for a store outside the table at a host that tells nothing.

    `host` is the lower-case host of `current_url`; `shop_domains` as in `is_shop_host`.
    """
    listed = _stores().get((store_id or "").strip())
    if listed is not None:
        return listed
    return host_country(host, shop_domains)


def host_country(host: str | None, shop_domains: tuple[str, ...]) -> Country | None:
    """The country of the host's top-level domain, where the host is the shop's and the domain a country's."""
    if not host or not is_shop_host(host, shop_domains):
        return None
    return countries().get(top_level_country(host) or "")


def top_level_country(host: str) -> str | None:
    """The ISO 3166-1 code of the host's country-code top-level domain; None where it has none."""
    domain = public_suffix(host).rpartition(".")[2]
    code = _COUNTRY_OF_TOP_LEVEL_DOMAIN.get(domain, domain.upper())
    return code if code in countries() else None


@cache
def countries() -> dict[str, Country]:
    """Every country of ISO 3166-1 by its two-letter code."""
    return {
        row["country_code"]: Country(
            row["country_name"],
            row["country_code"],
            row["region"],
            row["continent"],
            row["currency"] or None,
            row["time_zone"] or None,
        )
        for row in reference_rows("countries.csv")
    }


@cache
def _stores() -> dict[str, Country]:
    codes = {row["store_id"]: row["country_code"] for row in reference_rows("stores.csv")}
    return {
        store_id: INTERNATIONAL if code == INTERNATIONAL.country_name else countries()[code]
        for store_id, code in codes.items()
    }
