"""What products are described by: the pages of `etl.product_page`, and what is preferred among what they tell."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from spark.enrichment.product_url import PageRules
from spark.enrichment.settings import EnrichmentSettings

logger = logging.getLogger(__name__)

# Bounds a product that is seen under ever new addresses: 86 stores with a few spellings each stay below it.
MOST_PAGES = 500
PAGES_AT_ONCE = 10_000
READ_OTHERWISE = "SELECT DISTINCT page FROM etl.product_page WHERE read_by <> %s"
TOUCHED = """
INSERT INTO staging.touched_product (product_key)
SELECT DISTINCT product_key FROM etl.product_page WHERE read_by <> %s
"""
READ_ANEW = """
UPDATE etl.product_page AS known
SET product_name = read.product_name, language = read.language, category = read.category,
    category_path = read.category_path, read_by = %(read_by)s
FROM unnest(%(page)s::text[], %(product_name)s::text[], %(language)s::text[], %(category)s::text[],
            %(category_path)s::text[]) AS read (page, product_name, language, category, category_path)
WHERE known.page = read.page
"""
TELLS_NOTHING = "DELETE FROM etl.product_page WHERE product_name IS NULL"
TOLD = ("product_name", "language", "category", "category_path")


@dataclass(frozen=True)
class ProductDescription:
    """How products are described: by the pages that `rules` read, languages and stores in the order of preference."""

    rules: PageRules
    languages: Sequence[str]
    stores: Sequence[str]

    @classmethod
    def of(cls, settings: EnrichmentSettings) -> "ProductDescription":
        """As the settings say; raises ConfigurationError where the vocabulary is not usable."""
        return cls(settings.page_rules(), settings.languages, settings.stores)

    def values(self) -> dict[str, Any]:
        """What the statements of `sql/load/05*` refer to by name."""
        return {
            "page_rules": self.rules.fingerprint,
            "languages": list(self.languages),
            "stores": list(self.stores),
            "category_groups": Jsonb(dict(self.rules.vocabulary.groups)),
            "most_pages": MOST_PAGES,
        }


def read_pages_anew(connection: psycopg.Connection, rules: PageRules) -> None:
    """Read the pages that other rules have read, or none; what tells nothing is forgotten.

    After a change of the vocabulary or of SHOP_DOMAINS, and after the upgrade that began to keep pages: nothing has to
    be loaded again for it.
    """
    fingerprint = rules.fingerprint
    pages = [page for (page,) in connection.execute(READ_OTHERWISE, [fingerprint]).fetchall()]
    if not pages:
        return
    connection.execute(TOUCHED, [fingerprint])
    for values in _read(pages, rules):
        connection.execute(READ_ANEW, {**values, "read_by": fingerprint})
    forgotten = connection.execute(TELLS_NOTHING).rowcount
    logger.info("product pages read by new rules pages=%d told_nothing=%d", len(pages), forgotten)


def _read(pages: Sequence[str], rules: PageRules) -> Iterator[dict[str, list[str | None]]]:
    """By column: some of the pages, and what each tells."""
    for first in range(0, len(pages), PAGES_AT_ONCE):
        some = pages[first : first + PAGES_AT_ONCE]
        told = [rules.read(page) for page in some]
        yield {"page": list(some), **{name: [getattr(page, name, None) for page in told] for name in TOLD}}
