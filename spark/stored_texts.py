"""Texts that were stored before the scrubber was what it is, scrubbed once: nothing has to be loaded again for it."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson
import psycopg
from psycopg import sql

from config.settings import PROJECT_ROOT
from kafka.event_text import as_json
from kafka.scrubbing.scrub import MASK, scrubbed_id, scrubbed_json, scrubbed_option, scrubbed_text, scrubbed_url
from spark.definitions import stored_shop_domains
from spark.enrichment.product_url import PageRules
from spark.event_text import scrubbed_again
from spark.ledger import EMPTY_STAGING
from spark.load import LOAD_FOLDER
from spark.product_pages import ProductDescription, read_pages_anew

logger = logging.getLogger(__name__)

SCRUBBER = 6
"""Its version: a greater one has the next run scrub again what is stored."""
SCRUB_FOLDER = PROJECT_ROOT / "sql" / "scrub"
SCRUBBED_PAGES = SCRUB_FOLDER / "products" / "000_product_page.sql"
PRODUCTS_OF_GONE_PAGES = SCRUB_FOLDER / "products" / "010_touched_product.sql"
UNDESCRIBED = SCRUB_FOLDER / "products" / "029_dim_product.sql"
DESCRIBED_ANEW = [
    LOAD_FOLDER / f"{name}.sql"
    for name in ("054_dim_product_name", "054_dim_product_name_unsaid", "057_dim_product_description")
]
VALUES_AT_ONCE = 10_000
CHOICES_OF_LINES = '"choices":"['
DONE = "SELECT max(scrubber) FROM etl.scrubbing"
DO = "INSERT INTO etl.scrubbing (scrubber) VALUES (%s)"
Scrub = Callable[[str], str]


def scrubbed_stored_json(text: str) -> str:
    """JSON text, the same where it has nothing to scrub: jsonb is printed with spaces that are not ours."""
    value = orjson.loads(text)
    scrubbed = scrubbed_json(value)
    return text if scrubbed == value else as_json(scrubbed)


def scrubbed_stored_value(text: str) -> str:
    """A rejected value; MASK for the lines of a cart with their choices, whose labels an earlier scrubber has read.

    They are cut, so that they can be read no more; the original beside it has them.
    """
    return MASK if CHOICES_OF_LINES in text else scrubbed_text(text)


COLUMNS: tuple[tuple[str, str, Scrub], ...] = (
    ("fact_event", "page", scrubbed_url),
    ("fact_event", "order_id", scrubbed_id),
    ("etl.carried_event", "page", scrubbed_url),
    ("etl.carried_event", "order_id", scrubbed_id),
    ("fact_session", "entry_page", scrubbed_url),
    ("fact_session", "exit_page", scrubbed_url),
    ("fact_order", "order_id", scrubbed_id),
    ("fact_search", "search_terms", scrubbed_text),
    ("fact_product_view_event", "utm_source", scrubbed_text),
    ("fact_product_view_event", "utm_medium", scrubbed_text),
    ("fact_product_view_event", "options", scrubbed_stored_json),
    ("dim_referrer", "referrer_url", scrubbed_url),
    *(
        (table, column, scrubbed_text)
        for table in ("dim_device", "dim_user_agent")
        for column in ("browser_info", "os")
    ),
    *(("dim_campaign", column, scrubbed_text) for column in ("source", "medium", "campaign", "term", "content")),
    *((table, "currency_sent", scrubbed_id) for table in ("fact_cart_event", "fact_order_line", "etl.sent_order_line")),
    ("etl.rejected_event", "value", scrubbed_stored_value),
    ("etl.rejected_event", "original", scrubbed_again),
    # Of the other feeds, as kafka/feeds/scrubbed.py reads their fields.
    ("fact_purchase", "purchase_id", scrubbed_id),
    ("fact_purchase", "product_name", scrubbed_text),
    ("fact_page_click", "page_url", scrubbed_url),
    ("fact_customer_event", "product_id", scrubbed_id),
    *(("fact_customer_event", column, scrubbed_text) for column in ("product_category", "location")),
    ("fact_session_step", "page", scrubbed_url),
    ("fact_session_step", "error", scrubbed_text),
    ("fact_sensor_reading", "sensor_id", scrubbed_id),
    *(("dim_user", column, scrubbed_text) for column in ("city", "country")),
    ("etl.rejected_feed_event", "value", scrubbed_text),
    ("etl.rejected_feed_event", "original", scrubbed_stored_json),
)
PAGES = "SELECT DISTINCT page FROM etl.product_page"
FORGET_PAGES = "DELETE FROM etl.product_page WHERE page = ANY(%s)"
# The hash is that of the texts as they were; the next event that has them makes a member of its own.
HASHES = {"dim_referrer": "referrer_sha256", "dim_campaign": "campaign_hash"}
OPTIONS = "SELECT option_key, option_label, option_value FROM dim_option"


def scrub_stored_texts(connection: psycopg.Connection, description: ProductDescription) -> None:
    """Scrub every text that is stored, in the caller's transaction, where that was not done by this scrubber.

    What was read from a page goes with it: products are named by what their pages say once they are scrubbed, to the
    domains that the stored data have. A run that brings others may yet fail, and they would delete pages.
    """
    (done,) = connection.execute(DONE).fetchone() or (None,)
    if done is not None and done >= SCRUBBER:
        return
    changed = sum(_scrub_column(connection, *column) for column in COLUMNS)
    changed += _scrub_pages(connection)
    _describe_products(connection, description)
    changed += _scrub_options(connection)
    connection.execute(DO, [SCRUBBER])
    if changed:
        logger.info("stored texts scrubbed texts=%d", changed)


def _scrub_column(connection: psycopg.Connection, table: str, column: str, scrub: Scrub) -> int:
    names = {"table": sql.Identifier(*table.split(".")), "column": sql.Identifier(column)}
    query = sql.SQL("SELECT DISTINCT {column}::text FROM {table} WHERE {column} IS NOT NULL").format(**names)
    pairs = list(_changed(connection, query.as_string().encode(), scrub))
    kind = sql.SQL("jsonb" if column == "options" else "text")
    update = sql.SQL(
        "UPDATE {table} AS stored SET {column} = fresh.new::{kind}"
        " FROM unnest(%s::text[], %s::text[]) AS fresh (old, new) WHERE stored.{column} = fresh.old::{kind}"
    ).format(kind=kind, **names)
    for first in range(0, len(pairs), VALUES_AT_ONCE):
        old, new = zip(*pairs[first : first + VALUES_AT_ONCE], strict=True)
        connection.execute(update, [list(old), list(new)])
        if table in HASHES:
            unhash = sql.SQL("UPDATE {table} SET {hash} = NULL WHERE {column} = ANY(%s)")
            connection.execute(unhash.format(hash=sql.Identifier(HASHES[table]), **names), [list(new)])
    return len(pairs)


def _scrub_options(connection: psycopg.Connection) -> int:
    """Choices that become one are one member; the sets that they are in are described anew, and keep their keys."""
    found: list[tuple[Any, ...]] = []
    for key, label, value in connection.execute(OPTIONS).fetchall():
        if (scrubbed := scrubbed_option(label, value)) != (label, value):
            found.append((key, *scrubbed))
    if found:
        keys, labels, values = (list(each) for each in zip(*found, strict=True))
        for statement in sorted(SCRUB_FOLDER.glob("*.sql")):
            text = statement.read_text(encoding="utf-8")
            connection.execute(text.encode(), {"keys": keys, "labels": labels, "values": values})
    return len(found)


def _scrub_pages(connection: psycopg.Connection) -> int:
    pages = dict(_changed(connection, PAGES.encode(), scrubbed_url))
    connection.execute(SCRUBBED_PAGES.read_bytes(), {"old": list(pages), "new": list(pages.values())})
    connection.execute(FORGET_PAGES, [list(pages)])
    return len(pages)


def _describe_products(connection: psycopg.Connection, description: ProductDescription) -> None:
    """Also by pages that other rules have read, and of products whose pages were forgotten by an earlier scrubber."""
    connection.execute(EMPTY_STAGING)
    read_pages_anew(connection, _by_stored_domains(connection, description.rules))
    for file in (PRODUCTS_OF_GONE_PAGES, UNDESCRIBED, *DESCRIBED_ANEW):
        connection.execute(file.read_bytes(), description.values())
    connection.execute(EMPTY_STAGING)


def _by_stored_domains(connection: psycopg.Connection, rules: PageRules) -> PageRules:
    domains = stored_shop_domains(connection)
    return rules if domains is None or {*domains} == {*rules.shop_domains} else replace(rules, shop_domains=domains)


def _changed(connection: psycopg.Connection, query: bytes, scrub: Scrub) -> Iterator[tuple[str, str]]:
    """What is stored and what the scrubber makes of it, where that is another text."""
    with connection.cursor(name="stored") as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(VALUES_AT_ONCE):
            yield from ((old, new) for (old,) in rows if (new := scrub(old)) != old)
