"""A referrer has one spelling, one domain and one type, whatever page the visitor was on."""

from typing import get_args

import pytest

from config.reference import reference_rows
from spark.enrichment.referrer import DIRECT, Referrer, ReferrerType, normalize_referrer

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
        ("https://chatgpt.com/", "AI Assistant"),
        ("https://claude.ai/chat/1", "AI Assistant"),
        ("https://copilot.microsoft.com/", "AI Assistant"),
        ("https://gemini.google.com/app", "AI Assistant"),
        ("https://www.perplexity.ai/search/a", "AI Assistant"),
        ("https://x.com/i/grok/share/1", "AI Assistant"),
        ("android-app://com.openai.chatgpt/", "AI Assistant"),
        ("https://search.lilo.org/results.php", "Search Engine"),
        ("https://lite.qwant.com/", "Search Engine"),
        ("https://www.so.com/s", "Search Engine"),
        ("https://v2ex.com/t/1", "Social Media"),
        ("https://www.last.fm/", "Social Media"),
        ("http://semalt.semalt.com/crawler.php", "Spam"),
        ("http://buttons-for-website.com", "Spam"),
        ("http://kabinet-tinkoff.ru/", "Spam"),
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


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("android-app://com.google.android.gm/", "Gmail"),
        ("android-app://com.google.android.googlequicksearchbox/", "Google"),
        ("android-app://com.instagram.android", "Instagram"),
        ("android-app://com.example.unknown", None),
        ("https://www.google.co.uk/search", "Google"),
        ("https://chat.openai.com/", "ChatGPT"),
        ("https://www.bing.com/", "Bing"),
        ("https://www.shop.example.de/", None),
        ("https://en.wikipedia.org/wiki/Ring", None),
        (None, None),
    ],
)
def test_a_known_site_or_application_has_a_name(url: str | None, name: str | None) -> None:
    assert normalize_referrer(url, SHOP).referrer_name == name


def test_the_tables_have_types_that_a_referrer_can_have() -> None:
    rows = [*reference_rows("referrers.csv"), *reference_rows("matomo_referrers.csv")]
    assert {row["referrer_type"] for row in rows} <= set(get_args(ReferrerType))
    assert all(row["referrer_name"] for row in rows)


def test_every_host_of_matomos_lists_of_assistants_and_spam_is_known() -> None:
    assistants = [row for row in reference_rows("matomo_referrers.csv") if row["referrer_type"] == "AI Assistant"]
    spam = reference_rows("spam_hosts.csv")
    assert len(assistants) > 20
    assert len(spam) > 2_000
    assert {normalize_referrer(f"https://{row['host']}/", SHOP).referrer_type for row in assistants} == {"AI Assistant"}
    assert {normalize_referrer(f"http://{row['host']}/b", SHOP).referrer_type for row in spam} == {"Spam"}


def test_equal_spellings_are_one_referrer() -> None:
    spellings = ["http://Example.com/%7Ea/%e9/", "https://example.com:443/~a/%E9?b", "example.com/~a/%E9#c"]
    assert {normalize_referrer(url, SHOP) for url in spellings} == {
        Referrer("example.com/~a/%E9", "example.com", "Other")
    }


def test_a_referrer_of_ten_thousand_characters_is_kept_whole() -> None:
    referrer = normalize_referrer("https://www.google.com/" + "a/é" * 3_333, SHOP)
    assert len(referrer.referrer_url) > 10_000
    assert referrer.referrer_type == "Search Engine"
