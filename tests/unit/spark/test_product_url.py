"""Product names and categories come from the slug and the path, in each of the feed's odd spellings."""

import pytest

from spark.enrichment.product_url import parse_product_url


@pytest.mark.parametrize(
    ("url", "name", "category"),
    [
        ("https://www.shop.example.com/catalog/shiseido-catalog-44600062.html", "Shiseido Catalog", None),
        (
            "https://www.shop.example.co.uk/appliances/environment/water_heater/aqua-water-heater-3900821.html",
            "Aqua Water Heater",
            "appliances/environment/water_heater",
        ),
        ("https://www.shop.example.com.mx/anillo-bridal-heaven.html?alloy=yellow-375", "Anillo Bridal Heaven", "rings"),
        (
            "https://www.shop.example.com.mx/anillo-bridal-0.5crt.html?a=1?b=2&amp;utm_source=x",
            "Anillo Bridal 0.5 ct",
            "rings",
        ),
        ("https://www.shop.example.ca/fr/boucles-élégance.html#photos", "Boucles Élégance", "earrings"),
        ("https://www.shop.example.ch/de-ch/ringe/verlobungsring-rise.html", "Verlobungsring Rise", "rings"),
        ("https://shop.example.pl/pier%C5%9Bcionek-z%C5%82oty.html", "Pierścionek Złoty", "rings"),
        (
            "https://shop.example.com/catalog/product/view/id/86704/s/heaven-necklace/category/12/",
            "Heaven Necklace",
            "necklaces",
        ),
        ("https://shop.example.com/fr/catalog/product/view/id/86704", None, None),
        ("http://localhost:8080/ring-375-2.html", "Ring 375 2", "rings"),
        ("https://shop.example.de/86704.html", None, None),
        ("https://shop.example.de/a%2Fb/c%00d-ring.html", "C D Ring", "a/b"),
        ("https://shop.example.de/checkout/onepage/success/", None, None),
        ("https://shop.example.de/fr/", None, None),
        ("https://shop.example.de", None, None),
    ],
)
def test_name_and_category_of_a_page(url: str, name: str | None, category: str | None) -> None:
    page = parse_product_url(url)
    assert page is not None
    assert (page.product_name, page.category) == (name, category)


@pytest.mark.parametrize(
    "url", [None, "", "file:///C:/a/ring.html", "content://com.android/ring.html", "/ring.html", "about:blank"]
)
def test_what_is_no_web_page_names_no_product(url: str | None) -> None:
    assert parse_product_url(url) is None


def test_host_path_and_slug_are_canonical() -> None:
    page = parse_product_url("HTTPS://WWW.Shop.Example.FR:443/fr/Bague-%c3%a9toile.HTML?x=%")
    assert page is not None
    assert (page.host, page.path, page.slug) == ("www.shop.example.fr", "/fr/Bague-%C3%A9toile.HTML", "bague-étoile")


def test_a_huge_query_and_a_huge_path_are_read_all_the_same() -> None:
    with_query = parse_product_url("https://shop.example.de/gold-ring.html?" + "q=%20&" * 200_000)
    assert with_query is not None
    assert with_query.product_name == "Gold Ring"
    with_path = parse_product_url("https://shop.example.de/" + "%20-x/" * 20_000)
    assert with_path is not None
