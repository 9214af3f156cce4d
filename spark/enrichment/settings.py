"""What enrichment must be told of the shop: its hosts, what it sells, and which language and store come first."""

import csv
import re
from pathlib import Path

from pydantic import field_validator

from config.errors import ConfigurationError
from config.reference import reference_rows
from config.settings import Settings
from spark.enrichment.product_category import Vocabulary
from spark.enrichment.product_url import PageRules

VOCABULARY_TABLES = ("categories.csv", "category_words.csv", "compound_parts.csv")


class EnrichmentSettings(Settings):
    """The shop's identity for enrichment."""

    shop_domains: str = "shop.example"
    """Comma-separated label sequences that stand directly before the public suffix in every host of the shop."""

    product_languages: str = "en,de,fr,es,it"
    """Comma-separated ISO 639-1 codes: a product is described by its pages in the first of these languages that it
    has; other languages follow, the most frequent first. The first is also that of hosts of no country (`.com`)."""
    preferred_stores: str = "41"
    """Comma-separated store ids: `dim_product` shows a product's price in the first of these stores that has one; other
    stores follow by their id."""
    product_vocabulary: Path | None = None
    """Folder of a shop that sells something else than jewellery, with `categories.csv`, `category_words.csv` and
    `compound_parts.csv` as in `config/reference`, which is the default."""

    @field_validator("shop_domains")
    @classmethod
    def _names_a_domain(cls, value: str) -> str:
        if not split_shop_domains(value):
            raise ValueError("must name at least one domain, without its public suffix")
        return value

    @field_validator("product_languages")
    @classmethod
    def _names_languages(cls, value: str) -> str:
        if not value.strip() or any(not re.fullmatch(r"[a-z]{2}", code) for code in listed(value)):
            raise ValueError("must be codes of two letters such as en,de")
        return value

    @property
    def languages(self) -> list[str]:
        """The preferred languages in their order."""
        return listed(self.product_languages)

    @property
    def stores(self) -> list[str]:
        """The ids of the preferred stores in their order."""
        return listed(self.preferred_stores)

    def page_rules(self) -> PageRules:
        """How product pages are read; raises ConfigurationError where the vocabulary's folder is not usable."""
        try:
            tables = [vocabulary_rows(name, self.product_vocabulary) for name in VOCABULARY_TABLES]
            vocabulary = Vocabulary.of(*tables)
        except (OSError, UnicodeError, KeyError, ValueError) as error:
            where = f"{self.product_vocabulary}: " if self.product_vocabulary else ""
            raise ConfigurationError("PRODUCT_VOCABULARY", f"{where}{error!r}") from None
        return PageRules(self.shop_domain_names, vocabulary, self.languages[0])

    @property
    def shop_domain_names(self) -> tuple[str, ...]:
        """The sequences as the enrichment functions take them, such as `("shop.example",)`."""
        return split_shop_domains(self.shop_domains)


def split_shop_domains(text: str) -> tuple[str, ...]:
    """`"shop.example, Other"` -> `("shop.example", "other")`."""
    return tuple(domain for part in text.split(",") if (domain := part.strip().strip(".").lower()))


def listed(text: str) -> list[str]:
    """`"en, de,"` -> `["en", "de"]`."""
    return [each for part in text.split(",") if (each := part.strip())]


def vocabulary_rows(name: str, folder: Path | None) -> list[dict[str, str]]:
    """The rows of one of the vocabulary's tables, of the folder or else of `config/reference`."""
    if folder is None:
        return reference_rows(name)
    with (folder / name).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))
