"""URLs of every odd kind have one canonical spelling, and only the shop's hosts are the shop's."""

import pytest

from spark.enrichment.settings import EnrichmentSettings
from spark.enrichment.web_address import WebAddress, is_shop_host, parse_web_address, public_suffix, registrable_domain

SHOP = ("shop.example",)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:pw@WWW.Shop.Example.COM.:8080/a?b=1#c", WebAddress("https", "www.shop.example.com", "/a")),
        ("http://shop.example.de/a%7eb/%c3%a9/", WebAddress("http", "shop.example.de", "/a~b/%C3%A9")),
        ("http://shop.example.de/é b", WebAddress("http", "shop.example.de", "/%C3%A9%20b")),
        ("http://shop.example.de/100%", WebAddress("http", "shop.example.de", "/100%25")),
        ("http://münchen.example.de/", WebAddress("http", "xn--mnchen-3ya.example.de", "")),
        ("www.example.com/a?b", WebAddress("", "www.example.com", "/a")),
        ("/relative/page", WebAddress("", "", "/relative/page")),
        ("file:///C:/Users/a.html", WebAddress("file", "", "/C:/Users/a.html")),
        ("http://[2001:db8::1]:8080/a", WebAddress("http", "[2001:db8::1]", "/a")),
        ("http://[broken/a", WebAddress("http", "[broken", "/a")),
        ("http://\udce9\x00.de/\udce9\x00", WebAddress("http", "%3f%00.de", "/%3F%00")),
        ("", WebAddress("", "", "")),
    ],
)
def test_a_url_has_one_spelling_and_never_raises(url: str, expected: WebAddress) -> None:
    assert parse_web_address(url) == expected


@pytest.mark.parametrize(
    ("host", "suffix", "domain"),
    [
        ("www.shop.example.co.uk", "co.uk", "example.co.uk"),
        ("www.shop.example.com.mx", "com.mx", "example.com.mx"),
        ("blog.blogspot.de", "de", "blogspot.de"),
        ("co.uk", "co.uk", "co.uk"),
        ("localhost", "", "localhost"),
        ("10.0.0.7", "", "10.0.0.7"),
        ("[::1]", "", "[::1]"),
        ("not a host", "", None),
        ("a..b.com", "", None),
        (f"{'a' * 64}.com", "", None),
        ("", "", None),
    ],
)
def test_the_registrable_domain_follows_the_public_suffix_list(host: str, suffix: str, domain: str | None) -> None:
    assert (public_suffix(host), registrable_domain(host)) == (suffix, domain)


@pytest.mark.parametrize(
    "host", ["www.shop.example.com.mx", "shop.example.fr", "staging.shop.example.de", "shop.example"]
)
def test_every_country_and_staging_host_is_the_shop(host: str) -> None:
    assert is_shop_host(host, SHOP)


@pytest.mark.parametrize(
    "host",
    [
        "www.example.de",
        "myshop.example.de",
        "shop.example.de.proxy.net",
        "www-shop-example-fr.translate.goog",
        "localhost",
        "10.0.0.7",
        "",
    ],
)
def test_look_alikes_and_proxies_are_not_the_shop(host: str) -> None:
    assert not is_shop_host(host, SHOP)


def test_shop_domains_are_read_as_a_list() -> None:
    assert EnrichmentSettings(shop_domains=" shop.example, Outlet ,").shop_domain_names == ("shop.example", "outlet")
