"""What the address of a product page tells, in each of the feed's odd spellings, and what tells nothing."""

import pytest

from spark.enrichment.product_url import PageRules
from spark.enrichment.settings import EnrichmentSettings


@pytest.fixture(scope="module")
def rules() -> PageRules:
    return EnrichmentSettings(shop_domains="shop.example, ring-paare.example").page_rules()


@pytest.mark.parametrize(
    ("url", "name", "category", "path"),
    [
        ("https://www.shop.example.com/catalog/shiseido-catalog-44600062.html", "Shiseido Catalog", None, None),
        (
            "https://www.shop.example.co.uk/appliances/environment/water_heater/aqua-water-heater-3900821.html",
            "Aqua Water Heater",
            None,
            "appliances/environment/water_heater",
        ),
        (
            "https://www.shop.example.com.mx/anillo-bridal-heaven.html?alloy=yellow-375",
            "Anillo Bridal Heaven",
            "rings",
            None,
        ),
        (
            "https://www.shop.example.com.mx/anillo-bridal-0.5crt.html?a=1?b=2&amp;utm_source=x",
            "Anillo Bridal 0.5 ct",
            "rings",
            None,
        ),
        ("https://www.shop.example.ca/fr/boucles-élégance.html#photos", "Boucles Élégance", "earrings", None),
        ("https://www.shop.example.ch/de-ch/schmuck/ringe/rise.html", "Rise", "rings", "schmuck/ringe"),
        (
            "https://www.shop.example.fr/bijoux/bagues-de-fiancailles/rise.html",
            "Rise",
            "rings",
            "bijoux/bagues-de-fiancailles",
        ),
        ("https://shop.example.pl/pier%C5%9Bcionek-z%C5%82oty.html", "Pierścionek Złoty", "rings", None),
        (
            "https://shop.example.com/catalog/product/view/id/86704/s/heaven-necklace/category/12/",
            "Heaven Necklace",
            "necklaces",
            None,
        ),
        ("https://shop.example.de/a%2Fb/c%00d-ring.html", "C D Ring", "rings", "a/b"),
        ("https://stage.shop.example.de/shgb/pendant-lacretia.html", "Pendant Lacretia", "pendants", None),
        ("https://shop.example.de/ring-jane-skug100645.html", "Ring Jane", "rings", None),
        ("https://shop.example.de/jewel-skue1554-002.html", "Jewel", None, None),
        ("https://www.ring-paare.example.de/ring-paare-classic.html", "Ring Paare Classic", None, None),
    ],
)
def test_a_page_tells_name_category_and_its_own_path(
    rules: PageRules, url: str, name: str, category: str | None, path: str | None
) -> None:
    page = rules.read(url)
    assert page is not None
    assert (page.product_name, page.category, page.category_path) == (name, category, path)


@pytest.mark.parametrize(
    "url",
    [
        *(None, "", "file:///C:/a/ring.html", "content://com.android/ring.html", "/ring.html", "about:blank"),
        "http://localhost:8080/ring-375-2.html",
        "https://www-shop-example-fr.translate.goog/bague-lune.html",
        "https://shop.example.de.proxy.net/ring.html",
        "https://webcache.example.com/search/ring.html",
    ],
)
def test_only_the_shops_own_pages_describe(rules: PageRules, url: str | None) -> None:
    assert rules.read(url) is None


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/fr/", "/index.html", "/checkout/onepage/success/", "/fr/catalog/product/view/id/86704"),
        "/checkout/cart/configure/id/2246047/",
        "/county/recommendation/list/id/98360/alloy/white-585/price/14,261.00",
        "/86704.html",
        "/-34781.html",
        "/rings/86704.html",
    ],
)
def test_other_pages_and_slugs_of_a_number_give_neither_name_nor_category(rules: PageRules, path: str) -> None:
    assert rules.read("https://www.shop.example.de" + path) is None


@pytest.mark.parametrize(
    ("url", "language"),
    [
        ("https://www.shop.example.de/ring.html", "de"),
        ("https://www.shop.example.at/ring.html", "de"),
        ("https://www.shop.example.be/ring.html", "nl"),
        ("https://www.shop.example.be/fr/ring.html", "fr"),
        ("https://www.shop.example.no/ring.html", "no"),
        ("https://www.shop.example.co.uk/ring.html", "en"),
        ("https://www.shop.example.com/ring.html", "en"),
        ("https://test.shop.example.de/shgb/ring.html", "en"),
        ("https://dev3.shop.example.de/shde/ring.html", "de"),
        ("https://test.shop.example.de/shfr/en/ring.html", "en"),
    ],
)
def test_the_language_is_the_folders_else_the_store_views_else_the_hosts(
    rules: PageRules, url: str, language: str
) -> None:
    page = rules.read(url)
    assert page is not None
    assert (page.product_name, page.language) == ("Ring", language)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/customer/***", None),
        ("/mail/***.html", None),
        ("/gift-***.html", None),
        ("/catalog/product/view/id/7/s/***", None),
        ("/customer/***/ring-lune.html", None),
        ("/schmuck/***/ring-lune.html", ("Ring Lune", "schmuck")),
        ("/account/***/ring-lune.html", ("Ring Lune", "account")),
        ("/ring-lune.html&name=***", ("Ring Lune", None)),
        ("/ring-lune.html;sid=***&amp;utm_source=mail", ("Ring Lune", None)),
        ("/silver-&-gold.html", ("Silver & Gold", None)),
    ],
)
def test_nothing_is_called_what_the_scrubber_puts_in_place_of_a_text(
    rules: PageRules, path: str, told: tuple[str, str | None] | None
) -> None:
    page = rules.read("https://www.shop.example.de" + path)
    assert (page and (page.product_name, page.category_path)) == told


def test_one_page_is_read_alike_however_its_address_is_spelled(rules: PageRules) -> None:
    spelled = rules.read("HTTPS://WWW.Shop.Example.FR:443/Bague-%c3%a9toile.HTML?x=%")
    assert spelled is not None
    assert spelled == rules.read("https://www.shop.example.fr/bague-étoile.html/")
    assert spelled.product_name == "Bague Étoile"


def test_a_huge_query_and_a_huge_path_are_read_all_the_same(rules: PageRules) -> None:
    with_query = rules.read("https://shop.example.de/gold-ring.html?" + "q=%20&" * 200_000)
    assert with_query is not None
    assert with_query.product_name == "Gold Ring"
    with_path = rules.read("https://shop.example.de/" + "%20-x/" * 20_000)
    assert with_path is None or len(with_path.product_name) <= 200


def test_other_rules_have_another_fingerprint(rules: PageRules) -> None:
    same = EnrichmentSettings(shop_domains="shop.example, ring-paare.example").page_rules()
    assert same.fingerprint == rules.fingerprint
    assert EnrichmentSettings().page_rules().fingerprint != rules.fingerprint
