"""Product name and category from the address of a product page.

The catalogue itself is not in the feed: the slug (the last segment of the path) names the product in the store's
language, the folders before it are the category. Oddities and their counts are in docs/events.md; the
conventions decided here are in docs/enrichment.md.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

from config.reference import reference_rows
from spark.enrichment.web_address import parse_web_address

# ISO 639-1: the languages that a first path segment such as /fr/ or /de-ch/ can name.
_LANGUAGE_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo "
    "es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka "
    "kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng "
    "nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su "
    "sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
_LANGUAGES = frozenset(_LANGUAGE_CODES.split())
_LANGUAGE_PREFIX = re.compile(r"([a-z]{2})(?:[-_][a-z]{2})?", re.IGNORECASE)
_PAGE_SUFFIX = re.compile(r"\.(?:html?|php|aspx?)\Z", re.IGNORECASE)
_WORD_BREAK = re.compile(r"[\s\-_+]+")
_CARATS = re.compile(r"\A([0-9]+(?:[.,][0-9]+)?)crt\Z")
_DIGITS = re.compile(r"[0-9]+")
# Shorter trailing numbers belong to the name: alloys (375), years (2020), model numbers (2).
_SHORTEST_CATALOGUE_ID = 5
# Folders that say "a product follows" and not which kind.
_PLAIN_FOLDERS = frozenset({"catalog", "catalogue", "product", "products", "p", "item", "items", "shop", "store"})
_SITE_PAGES = frozenset({"", "index", "home"})
_SITE_FOLDERS = frozenset({"catalogsearch", "checkout", "customer", "review", "sales", "wishlist"})
# Magento's address of a product without a rewritten URL: /catalog/product/view/id/86704[/s/slug][/category/12]
_MAGENTO_VIEW = ("catalog", "product", "view")
_LONGEST_PATH = 2_000


@dataclass(frozen=True, slots=True)
class ProductPage:
    """What the address of a product page tells; None where it does not.

    `path` is percent-normalised without trailing slash, `slug` is decoded and lower-case, `category` is a path of
    folders (`appliances/environment/water_heater`) or the kind of jewellery that the slug names (`rings`).
    """

    host: str
    path: str
    slug: str | None
    product_name: str | None
    category: str | None


def parse_product_url(url: str | None) -> ProductPage | None:
    """The product page at the URL; None where it is no web page (`file://`, `content://`, empty, no host)."""
    if not url:
        return None
    address = parse_web_address(url)
    if address.scheme not in {"", "http", "https"} or not address.host:
        return None
    segments = _segments(address.path[:_LONGEST_PATH])
    folders, slug = _magento_view(segments) or (segments[:-1], segments[-1] if segments else "")
    slug = _PAGE_SUFFIX.sub("", slug)
    if slug in _SITE_PAGES or (folders and folders[0] in _SITE_FOLDERS):
        return ProductPage(address.host, address.path, None, None, None)
    words = [word for word in _WORD_BREAK.split(slug) if word]
    category = "/".join(_kind_of(folder) or folder for folder in folders if folder not in _PLAIN_FOLDERS)
    return ProductPage(address.host, address.path, slug, _product_name(words), category or _category_in(words))


def _segments(path: str) -> list[str]:
    """Decoded, lower-case segments without empty ones and without the language prefix."""
    segments = [segment for part in path.split("/") if (segment := _readable(unquote(part)))]
    prefix = _LANGUAGE_PREFIX.fullmatch(segments[0]) if segments else None
    return segments[1:] if prefix and prefix[1] in _LANGUAGES else segments


def _readable(text: str) -> str:
    """Lower-case and composed, as PostgreSQL takes it: a control character or a lone surrogate becomes a space."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return unicodedata.normalize("NFC", printable).strip().lower()


def _magento_view(segments: list[str]) -> tuple[list[str], str] | None:
    """No folders and the slug (`""` where the address has only the id) of a product without a rewritten URL."""
    if tuple(segments[:3]) != _MAGENTO_VIEW:
        return None
    pairs = dict(zip(segments[3::2], segments[4::2], strict=False))
    return [], pairs.get("s", "")


def _product_name(words: list[str]) -> str | None:
    """`["aqua", "water", "heater", "3900821"]` -> `"Aqua Water Heater"`; a bare id is no name."""
    if words and _DIGITS.fullmatch(words[-1]) and len(words[-1]) >= _SHORTEST_CATALOGUE_ID:
        words = words[:-1]
    capitalised = (word[:1].upper() + word[1:] for word in words)
    return " ".join(_CARATS.sub(r"\1 ct", word) for word in capitalised) or None


def _category_in(words: list[str]) -> str | None:
    """The first word of the slug that names a kind of product."""
    return next((kind for kind in map(_kind_of, words) if kind), None)


def _kind_of(word: str) -> str | None:
    """`rings` for `anillo`, `ringe` or `bague`."""
    return _category_words().get(_without_accents(word))


def _without_accents(word: str) -> str:
    return "".join(mark for mark in unicodedata.normalize("NFKD", word) if not unicodedata.combining(mark))


@cache
def _category_words() -> dict[str, str]:
    return {_without_accents(row["word"]): row["category"] for row in reference_rows("category_words.csv")}
