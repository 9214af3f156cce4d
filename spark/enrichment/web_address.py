"""The parts of a URL that enrichment reads, in one canonical spelling, and which hosts are the shop's own.

Total functions: `urllib.parse.urlsplit` raises on some of the URLs that browsers send (`http://[x`), these never do.
Rules: RFC 3986 (appendix B for the split, section 6.2.2 for the spelling) and the Public Suffix List, in the snapshot
that tldextract ships: nothing is fetched or cached at run time.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import quote

from tldextract import TLDExtract

# The path group stops at the query, so a query of a megabyte costs nothing.
_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.\-]*):)?(?://([^/?#]*))?([^?#]*)")
_MAX_HOST_LENGTH = 253
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_IPV6_LITERAL = re.compile(r"\[[0-9a-f:.]+\]")
_PORT = re.compile(r":\d*\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_CHARACTERS = "/%:@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A URL without user, port, query and fragment.

    `scheme` and `host` are lower-case (`""` where absent; an internationalized host in its `xn--` form), `path` is
    percent-normalised and has no trailing slash.
    """

    scheme: str
    host: str
    path: str


def parse_web_address(url: str) -> WebAddress:
    """Split any text as a URL; a text without scheme (`www.example.com/a`) starts with its host."""
    match = _URL.match(url.strip())
    scheme, authority, path = match.groups() if match else (None, None, url)
    if scheme is None and authority is None and not path.startswith("/"):
        authority, slash, rest = path.partition("/")
        path = slash + rest
    return WebAddress((scheme or "").lower(), _canonical_host(authority or ""), canonical_path(path))


def canonical_path(path: str) -> str:
    """One spelling for equal paths: escapes in upper case, none where needless, all where needed; no trailing slash."""
    return _ESCAPE.sub(_canonical_escape, quote(path, safe=_PATH_CHARACTERS, errors="replace")).rstrip("/")


def _canonical_escape(escape: re.Match[str]) -> str:
    digits = escape[1]
    if digits is None:
        return "%25"
    character = chr(int(digits, 16))
    return character if character in _UNRESERVED else f"%{digits.upper()}"


def _canonical_host(authority: str) -> str:
    host = _PORT.sub("", authority.rpartition("@")[2]).rstrip(".")
    if not host.isascii() and len(host) <= _MAX_HOST_LENGTH:
        with suppress(UnicodeError):
            host = host.encode("idna").decode("ascii")
    return quote(host, safe="[]:", errors="replace").lower()


def is_host_name(host: str) -> bool:
    """Whether the text can be a DNS host (underscores are common in practice) or is an IP address."""
    return len(host) <= _MAX_HOST_LENGTH and bool(_HOST_NAME.fullmatch(host) or _IPV6_LITERAL.fullmatch(host))


@cache
def _public_suffixes() -> TLDExtract:
    return TLDExtract(cache_dir=None, suffix_list_urls=(), fallback_to_snapshot=True)


@lru_cache(maxsize=65_536)
def public_suffix(host: str) -> str:
    """The part of the host that registries sell names under: `co.uk` of `www.shop.example.co.uk`, `""` if unknown.

    Only the registries' section of the list counts: `blogspot.de` is a domain under `de`, not a suffix of its own.
    """
    return _public_suffixes().extract_str(host).suffix if is_host_name(host) else ""


def registrable_domain(host: str) -> str | None:
    """`example.co.uk` of `www.shop.example.co.uk`; an address or a name without public suffix stands for itself.

    None where the text is no host name.
    """
    if not is_host_name(host):
        return None
    suffix = public_suffix(host)
    if not suffix or host == suffix:
        return host
    return f"{_labels_before(host, suffix)[-1]}.{suffix}"


def _labels_before(host: str, suffix: str) -> list[str]:
    return (host.removesuffix(f".{suffix}") if suffix else host).split(".")


def is_shop_host(host: str, shop_domains: tuple[str, ...]) -> bool:
    """Whether the host, without its public suffix, ends with one of the shop's label sequences.

    For `("shop.example",)`: `www.shop.example.com.mx`, `staging.shop.example.de` and `shop.example.fr` are the shop's;
    `myshop.example.de`, `shop.example.de.proxy.net` and `www-shop-example-fr.translate.goog` are not.
    """
    labels = _labels_before(host, public_suffix(host))
    return any(labels[-len(wanted) :] == wanted for wanted in (domain.lower().split(".") for domain in shop_domains))
