"""A referrer has one spelling, one domain and one type, whatever page the visitor was on."""

import pytest

from spark.enrichment.referrer import DIRECT, Referrer, normalize_referrer

SHOP = ("shop.example",)


@pytest.mark.parametrize("url", [None, "", "  ", "http://", "?", "#top"])
def test_no_referrer_is_direct(url: str | None) -> None:
    assert normalize_referrer(url, SHOP) == DIRECT


@pytest.mark.parametrize(
    ("url", "referrer_url", "domain"),
    [
        ("https://user:pw@WWW.Example.com:443/a/?q=1#x", "www.example.com/a", "example.com"),
        ("http://www.example.com/a", "www.example.com/a", "example.com"),
        ("http://kufli.blogspot.de/2013/07/a.html", "kufli.blogspot.de/2013/07/a.html", "blogspot.de"),
        ("android-app://com.google.android.gm/", "android-app://com.google.android.gm", "com.google.android.gm"),
        ("file:///C:/Users/jane/page.html", "file://", None),
        ("content://com.android.chrome/1", "content://com.android.chrome", None),
        ("http://\\xe4\\xe5.\\xf0/", "%5cxe4%5cxe5.%5cxf0", None),
        ("not a url", "not%20a%20url", None),
        ("http://10.0.0.7:81/x", "10.0.0.7/x", "10.0.0.7"),
    ],
)
def test_a_referrer_is_stored_as_host_and_path(url: str, referrer_url: str, domain: str | None) -> None:
    referrer = normalize_referrer(url, SHOP)
    assert (referrer.referrer_url, referrer.referrer_domain) == (referrer_url, domain)


@pytest.mark.parametrize(
    ("url", "referrer_type"),
    [
        ("https://www.google.com/", "Search Engine"),
        ("https://www.google.com.mm/search", "Search Engine"),
        ("https://images.google.co.uk/imgres", "Search Engine"),
        ("https://www.bing.com/search", "Search Engine"),
        ("https://de.search.yahoo.com/yhs", "Search Engine"),
        ("https://www.baidu.com/link", "Search Engine"),
        ("https://yandex.com.tr/clck", "Search Engine"),
        ("https://r.duckduckgo.com/l/", "Search Engine"),
        ("https://search.seznam.cz/", "Search Engine"),
        ("android-app://com.google.android.googlequicksearchbox/", "Search Engine"),
        ("https://l.facebook.com/l.php", "Social Media"),
        ("http://lm.facebook.com/l.php", "Social Media"),
        ("https://m.facebook.com", "Social Media"),
        ("https://l.instagram.com/", "Social Media"),
        ("https://www.pinterest.com.mx/pin/1/", "Social Media"),
        ("https://t.co/abc", "Social Media"),
        ("https://x.com/", "Social Media"),
        ("https://mail.google.com/mail/u/0/", "Email"),
        ("https://mail.yahoo.com/", "Email"),
        ("https://outlook.live.com/mail/", "Email"),
        ("https://orange.fr/webmail/inbox", "Email"),
        ("android-app://com.google.android.gm/", "Email"),
        ("https://www.shop.example.de/ring.html", "Internal"),
        ("https://staging.shop.example.com.mx/", "Internal"),
        ("https://translate.google.fr/translate", "Other"),
        ("https://www-shop-example-fr.translate.goog/ring.html", "Other"),
        ("https://googleads.g.doubleclick.net/pagead", "Other"),
        ("https://google.com.example.net/", "Other"),
        ("https://notgoogle.com/", "Other"),
        ("https://en.wikipedia.org/wiki/Ring", "Other"),
        ("http://[broken", "Other"),
        ("http://localhost:3000/", "Other"),
    ],
)
def test_the_type_of_a_referrer(url: str, referrer_type: str) -> None:
    assert normalize_referrer(url, SHOP).referrer_type == referrer_type


def test_equal_spellings_are_one_referrer() -> None:
    spellings = ["http://Example.com/%7Ea/%e9/", "https://example.com:443/~a/%E9?b", "example.com/~a/%E9#c"]
    assert {normalize_referrer(url, SHOP) for url in spellings} == {
        Referrer("example.com/~a/%E9", "example.com", "Other")
    }


def test_a_referrer_of_ten_thousand_characters_is_kept_whole() -> None:
    referrer = normalize_referrer("https://www.google.com/" + "a/é" * 3_333, SHOP)
    assert len(referrer.referrer_url) > 10_000
    assert referrer.referrer_type == "Search Engine"
