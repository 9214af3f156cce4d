"""The fictional jewellery shop Wren & Larkspur: its stores, catalogue, addresses and prices.

The shop does not depend on the seed: two runs differ in their visitors, not in what is sold. Store ids and hosts of
the largest stores, 86 stores and 19,417 products are those of the feed.
"""

import csv
import random
from bisect import bisect
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, product
from pathlib import Path

HOST = "www.shop.example"
CATALOGUE_SIZE = 19_417
ZIPF_EXPONENT = 0.9
CATEGORY_SHARES = {
    "engagement-rings": 30, "wedding-rings": 13, "rings": 22, "earrings": 12,
    "necklaces": 6, "pendants": 8, "bracelets": 7, "cufflinks": 2,
}  # fmt: skip
METALS = ("yellow", "white", "red")
ALLOYS = (*(f"{metal}-{fineness}" for metal in METALS for fineness in (375, 585, 750)), "silver", "platinum-950")
STONES = ("brillant", "sapphire", "ruby", "emerald", "zirconia", "aquamarine", "amethyst", "black-diamond", "morganite")
STONE_VALUES = tuple(f"diamond-{stone}" for stone in STONES)
QUALITIES = ("A", "AA", "AAA", "VS", "SI")
_ONSETS = ("Al", "Bri", "Ca", "Del", "El", "Fio", "Gwe", "Hal", "Is", "Jo", "Lu", "Mar", "Nel", "Or", "Ro", "Syl", "Ve")
_MIDDLES = ("a", "be", "li", "mi", "na", "re", "so", "ta", "vi")
_ENDINGS = ("bel", "da", "lle", "mira", "nne", "ra", "ssa", "wen")
_SECOND_NAMES = (
    "aurora", "bloom", "crescent", "dawn", "dream", "ember", "grace", "halo",
    "harbour", "heart", "lark", "meadow", "muse", "petal", "star", "vow",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Store:
    """One national shop; `units_per_euro` turns a base price into its currency, `weight` is its relative traffic."""

    store_id: str
    public_suffix: str
    language: str
    other_languages: tuple[str, ...]
    currency: str
    price_style: str
    units_per_euro: float
    region: str
    weight: int

    @property
    def origin(self) -> str:
        """Scheme and host, as in `https://www.shop.example.co.uk`."""
        return f"https://{HOST}.{self.public_suffix}"


@dataclass(frozen=True, slots=True)
class Product:
    """One article: `slug` follows the category's noun in every language, `euros` is its base price."""

    product_id: str
    index: int
    category: str
    slug: str
    euros: float


@cache
def stores() -> tuple[Store, ...]:
    """The 86 stores, busiest first."""
    with Path(__file__).with_name("stores.csv").open(newline="") as rows:
        return tuple(
            Store(
                row["store_id"],
                row["public_suffix"],
                row["language"],
                tuple(filter(None, row["other_languages"].split("|"))),
                row["currency"],
                row["price_style"],
                float(row["units_per_euro"]),
                row["region"],
                int(row["weight"]),
            )
            for row in csv.DictReader(rows)
        )


@cache
def slugs() -> dict[tuple[str, str], tuple[str, str]]:
    """`(language, category) -> (slug of its listing page, slug of one product)`; the root is `jewellery`."""
    with Path(__file__).with_name("vocabulary.csv").open(newline="") as rows:
        return {
            (row["language"], row["category"]): (row["listing_slug"], row["product_slug"])
            for row in csv.DictReader(rows)
        }


class Shop:
    """What visitors choose from: stores by traffic, products by Zipf's law (rank 1 first)."""

    def __init__(self) -> None:
        self.stores = stores()
        self.products = _catalogue()
        self._store_weights = tuple(accumulate(store.weight for store in self.stores))
        self._product_weights = tuple(accumulate((rank + 1) ** -ZIPF_EXPONENT for rank in range(CATALOGUE_SIZE)))
        self._slugs = slugs()

    def any_store(self, rng: random.Random) -> Store:
        """A store in proportion to its traffic."""
        return self.stores[bisect(self._store_weights, rng.random() * self._store_weights[-1])]

    def any_product(self, rng: random.Random) -> Product:
        """A product in proportion to 1 / rank ** 0.9."""
        return self.products[bisect(self._product_weights, rng.random() * self._product_weights[-1])]

    def product_path(self, item: Product, language: str, with_category: bool) -> str:
        """`/ring-alba-dawn.html` or, with its category, `/jewellery/rings/ring-alba-dawn.html`."""
        noun = self._slugs[language, item.category][1]
        folder = self.listing_path(item.category, language) if with_category else "/"
        return f"{folder}{noun}-{item.slug}.html"

    def listing_path(self, category: str, language: str) -> str:
        """`/jewellery/rings/` in the language's words."""
        return f"/{self._slugs[language, 'jewellery'][0]}/{self._slugs[language, category][0]}/"

    def search_words(self, category: str, language: str) -> str:
        """What a visitor who looks for the category types."""
        return self._slugs[language, category][1].replace("-", " ")


def _catalogue() -> tuple[Product, ...]:
    rng = random.Random("the catalogue of Wren & Larkspur")
    ids = rng.sample(range(74_000, 112_000), CATALOGUE_SIZE)
    names = [f"{''.join(parts).lower()}-{name}" for *parts, name in product(_ONSETS, _MIDDLES, _ENDINGS, _SECOND_NAMES)]
    slugs_of_models = rng.sample(names, CATALOGUE_SIZE)
    categories = rng.choices(tuple(CATEGORY_SHARES), tuple(CATEGORY_SHARES.values()), k=CATALOGUE_SIZE)
    catalogue = []
    for index, (product_id, slug, category) in enumerate(zip(ids, slugs_of_models, categories, strict=True)):
        carats = rng.choice(("-0.25crt", "-0.5crt", "-1.0crt")) if category.endswith("rings") and index % 9 == 0 else ""
        euros = round(min(9_000.0, rng.lognormvariate(6.2, 0.75)))
        catalogue.append(Product(str(product_id), index, category, slug + carats, euros))
    return tuple(catalogue)


def price_text(euros: float, store: Store) -> str:
    """A base price as the store prints it: `1,725.00`, `4.990,00` or `4 576,00`."""
    text = f"{euros * store.units_per_euro:,.2f}"
    if store.price_style == "dot":
        return text
    thousands = "." if store.price_style == "comma" else " "
    return text.translate({ord(","): thousands, ord("."): ","})


def selected_options(item: Product, rng: random.Random) -> tuple[tuple[str, str, int], ...]:
    """`(label, value, position of the value)` of the article's alloy and, if it carries one, stone."""
    alloy = rng.randrange(len(ALLOYS))
    if item.category in {"wedding-rings", "cufflinks"}:
        return (("alloy", ALLOYS[alloy], alloy),)
    stone = int(len(STONES) * rng.random() ** 2)
    return (("alloy", ALLOYS[alloy], alloy), ("diamond", STONE_VALUES[stone], stone))


def option_entry(item: Product, label: str, position: int, value_label: str = "") -> dict[str, str]:
    """One element of an event's `option` list; the ids belong to the article, as in the shop's own tables."""
    offset = 0 if label == "alloy" else 1
    return {
        "option_label": label,
        "option_id": str(300_000 + 2 * item.index + offset),
        "value_label": value_label,
        "value_id": str(2_700_000 + 40 * item.index + 20 * offset + position),
    }
