"""What the address of a product page tells of the product: name, language, category and the page's own path.

The catalogue itself is not in the feed: the slug (the last segment of the path) names the product in the page's
language, the folders before it are the page's own category. Only the shop's pages describe: a proxy, a cache or a saved
copy has paths of its own. Oddities and their counts are in docs/events.md; the conventions decided here are in
docs/enrichment.md.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from urllib.parse import unquote

from kafka.scrubbing.marks import with_few_marks
from kafka.scrubbing.scrub import MASK
from spark.enrichment.page_language import host_language, is_staging_host, language_prefix, store_view_language
from spark.enrichment.product_category import Vocabulary, folded
from spark.enrichment.web_address import is_shop_host, parse_web_address

# Of these rules: another number has every page of the evidence read again (sql/load/052).
RULES_VERSION = 2

_PAGE_SUFFIX = re.compile(r"\.(?:html?|php|aspx?)\Z", re.IGNORECASE)
# Of links without a question mark: `ring.html&utm_source=mail`.
_PARAMETERS = re.compile(r"[&;][^&;=]+=.*")
_WORD_BREAK = re.compile(r"[\s\-_+]+")
_WORD = re.compile(r"[^\W_]+")
_CARATS = re.compile(r"\A([0-9]+(?:[.,][0-9]+)?)crt\Z")
_DIGITS = re.compile(r"[0-9]+")
# The shop's own number of the article, at the end of the slug: skug100645, skue1554-002, sku-110359.
_STOCK_NUMBER = re.compile(r"\Asku(?:[a-z]?[0-9]\w*)?\Z")
# Shorter trailing numbers belong to the name: alloys (375), years (2020), model numbers (2).
_SHORTEST_CATALOGUE_ID = 5
# Folders that say "a product follows" and not which kind.
_PLAIN_FOLDERS = frozenset({"catalog", "catalogue", "product", "products", "p", "item", "items", "shop", "store"})
_SITE_PAGES = frozenset({"", "index", "home"})
_SITE_FOLDERS = frozenset({"catalogsearch", "checkout", "customer", "review", "sales", "wishlist"})
# Anywhere in the path: /county/recommendation/list/id/98360/alloy/white-585/price/836.00 lists other products.
_LISTS = frozenset({"recommendation", "recommendations"})
# Magento's address of a product without a rewritten URL: /catalog/product/view/id/86704[/s/slug][/category/12]
_MAGENTO_VIEW = ("catalog", "product", "view")
_LONGEST_PATH = 2_000
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class ProductPage:
    """What the address of one of the shop's product pages tells; None where it does not.

    `language` is an ISO 639-1 code, `category` one of the vocabulary's, `category_path` the page's own folders
    (`appliances/environment/water_heater`).
    """

    product_name: str
    language: str
    category: str | None
    category_path: str | None


@dataclass(frozen=True)
class PageRules:
    """How to read a page: `shop_domains` as in `is_shop_host`; `default_language` is that of hosts of no country."""

    shop_domains: tuple[str, ...]
    vocabulary: Vocabulary
    default_language: str

    @property
    def fingerprint(self) -> str:
        """16 hex digits: the same for rules that read every page alike."""
        text = repr((RULES_VERSION, self.shop_domains, self.vocabulary.fingerprint, self.default_language))
        return sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def _brands(self) -> tuple[tuple[str, ...], ...]:
        """The shop's names as slugs write them: `shop`, or `ring-paare`, whose words are no kind of product."""
        labels = {label for domain in self.shop_domains for label in domain.lower().split(".")}
        return tuple(sorted(tuple(label.split("-")) for label in labels if self.vocabulary.category([label]) is None))

    def read(self, url: str | None) -> ProductPage | None:
        """What a page tells of its product.

        None for what is no web page of the shop (`file://`, a proxy), for its other pages (a cart being configured, a
        list of recommendations) and for a slug that is only a number, or that the scrubber has masked.
        """
        address = parse_web_address(url or "")
        if address.scheme not in {"", "http", "https"} or not is_shop_host(address.host, self.shop_domains):
            return None
        segments, language = self._in_language(_segments(address.path[:_LONGEST_PATH]), address.host)
        folders, slug = _magento_view(segments) or (segments[:-1], segments[-1] if segments else "")
        slug = _PAGE_SUFFIX.sub("", _PARAMETERS.sub("", slug))
        if slug in _SITE_PAGES or MASK in slug or _is_no_product(folders):
            return None
        name = _product_name([word for word in _WORD_BREAK.split(slug) if word])
        if name is None:
            return None
        path = [folder for folder in folders if folder not in _PLAIN_FOLDERS and MASK not in folder]
        category = self._category(path, slug)
        return ProductPage(name, language, category, "/".join(path)[:_LONGEST_NAME] or None)

    def _in_language(self, segments: list[str], host: str) -> tuple[list[str], str]:
        """The segments without the folders that say which language, or which store, is shown; and the language."""
        language = host_language(host) or self.default_language
        if segments and is_staging_host(host) and (shown := store_view_language(segments[0])):
            segments, language = segments[1:], shown
        if segments and (prefix := language_prefix(segments[0])):
            segments, language = segments[1:], prefix
        return segments, language

    def _category(self, path: list[str], slug: str) -> str | None:
        """The kind that the nearest folder names, else the slug: folders are the shop's own order of its products."""
        for text in (*reversed(path), slug):
            category = self.vocabulary.category(list(self._deciding(text)))
            if category is not None:
                return category
        return None

    def _deciding(self, text: str) -> Iterator[str]:
        """The words that can name a kind: no sizes, no numbers, no name of the shop."""
        words = [word for word in _WORD.findall(folded(text)) if not any(map(str.isdigit, word))]
        at = 0
        while at < len(words):
            brand = next((name for name in self._brands if tuple(words[at : at + len(name)]) == name), ())
            if not brand:
                yield words[at]
            at += len(brand) or 1


def _segments(path: str) -> list[str]:
    """Decoded, lower-case segments without empty ones."""
    return [segment for part in path.split("/") if (segment := _readable(unquote(part)))]


def _readable(text: str) -> str:
    """Lower-case and composed, as PostgreSQL takes it: a control character or a lone surrogate becomes a space."""
    if text.isascii() and text.isprintable():
        return text.strip().lower()
    printable = "".join(character if character.isprintable() else " " for character in text)
    return unicodedata.normalize("NFC", with_few_marks(printable)).strip().lower()


def _magento_view(segments: list[str]) -> tuple[list[str], str] | None:
    """No folders and the slug (`""` where the address has only the id) of a product without a rewritten URL."""
    if tuple(segments[:3]) != _MAGENTO_VIEW:
        return None
    pairs = dict(zip(segments[3::2], segments[4::2], strict=False))
    return [], pairs.get("s", "")


def _is_no_product(folders: list[str]) -> bool:
    return bool(folders) and (folders[0] in _SITE_FOLDERS or not _LISTS.isdisjoint(folders))


def _product_name(words: list[str]) -> str | None:
    """`["aqua", "water", "heater", "3900821"]` -> `"Aqua Water Heater"`; numbers alone are no name."""
    stock_number = next((at for at, word in enumerate(words) if _STOCK_NUMBER.match(word)), len(words))
    words = words[: stock_number or len(words)]
    if words and _DIGITS.fullmatch(words[-1]) and len(words[-1]) >= _SHORTEST_CATALOGUE_ID:
        words = words[:-1]
    if all(map(_DIGITS.fullmatch, words)):
        return None
    capitalised = (word[:1].upper() + word[1:] for word in words)
    return " ".join(_CARATS.sub(r"\1 ct", word) for word in capitalised)[:_LONGEST_NAME]
