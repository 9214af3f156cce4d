"""Valid events to the rows that staging takes: the events by natural key, and each dimension's members.

Enrichment runs on distinct values only; PostgreSQL joins its results back by the hashes made here.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows
from pyspark.sql.types import StringType, StructField, StructType

from kafka.event_text import as_text
from spark.enrichment.product_url import PageRules
from spark.enrichment.referrer import normalize_referrer
from spark.enrichment.store import store_country
from spark.enrichment.user_agent import parse_user_agent
from spark.enrichment.web_address import parse_web_address
from spark.schemas import ORDER, PRODUCT_VIEW

PAGE = ("product_name", "language", "category", "category_path")
COUNTRY = ("country_name", "country_code", "region", "continent", "currency", "time_zone")
REFERRER = ("referrer_url", "referrer_domain", "referrer_type", "referrer_name")
CAMPAIGN = ("source", "medium", "campaign", "term", "content", "click_id_kind")
DEVICE = ("device_type", "browser_info", "os", "is_bot")
ORIGIN = r"^([a-zA-Z][a-zA-Z0-9+.\-]*:)?(//)?[^/]*"
# Characters of what a mart's unique index holds: a DNS name has at most 253, no browser or system that many.
LONGEST_DOMAIN = 253
LONGEST_DEVICE_NAME = 100
NEWEST = ("event_time", "event_id")


def staged_events(events: DataFrame) -> DataFrame:
    """One row per event, its wide texts replaced by their MD5."""
    date = F.col("event_date")
    return events.select(
        "event_id",
        "event_time",
        (F.year(date) * 10_000 + F.month(date) * 100 + F.dayofmonth(date)).alias("date_key"),
        "kind",
        "product_id",
        "store_id",
        "page",
        F.md5("referrer").alias("referrer_hash"),
        "device_id",
        F.md5("user_agent").alias("user_agent_hash"),
        "visitor",
        "user_hash",
        "options",
        F.md5("choices").alias("option_group_hash"),
        "utm_source",
        "utm_medium",
        F.md5("campaign").alias("campaign_hash"),
        "price",
        "currency",
        "currency_sent",
        "order_id",
        "search_terms",
        "recommended_product_id",
        "recommendation_position",
        F.col("topic").alias("bus_topic"),
        F.col("partition").alias("bus_partition"),
        F.col("offset").alias("bus_offset"),
    )


def order_lines(events: DataFrame) -> DataFrame:
    """One row per event that tells of an order, and line of its cart."""
    lines = events.where(F.col("kind") == ORDER).select("event_id", F.posexplode("lines"))
    return lines.select(
        "event_id",
        (F.col("pos") + 1).alias("line_number"),
        "col.product_id",
        "col.amount",
        "col.price",
        "col.currency",
        "col.currency_sent",
        F.md5("col.choices").alias("option_group_hash"),
    )


def option_groups(events: DataFrame) -> DataFrame:
    """One row per set of options that was chosen, on a page or in a cart."""
    in_carts = events.where(F.col("kind") == ORDER).select(F.explode("lines.choices").alias("choices"))
    chosen = events.select("choices").union(in_carts).where(F.col("choices").isNotNull()).distinct()
    return chosen.select(F.md5("choices").alias("option_group_hash"), "choices")


def products(events: DataFrame, rules: PageRules) -> DataFrame:
    """One row per product and page that it was seen on, with what the page's address tells, if anything.

    Product views alone describe a product; those that only other events name have one row without a page.
    """
    views = events.where(F.col("kind") == PRODUCT_VIEW)
    pages = views.groupBy("product_id", "page").agg(F.min("event_date").alias("first_date"))

    def read(page: str | None) -> tuple[Any, ...]:
        found = rules.read(page)
        return tuple(getattr(found, name, None) for name in PAGE)

    described_pages = described(pages, ("page",), read, PAGE).select("product_id", "page", *PAGE, "first_date")
    return described_pages.unionByName(_named_products(events), allowMissingColumns=True)


def _named_products(events: DataFrame) -> DataFrame:
    """The products that events of other kinds name, with the first day of each."""
    others = events.where(F.col("kind") != PRODUCT_VIEW)
    named = [
        others.select("product_id", "event_date"),
        others.select(F.col("recommended_product_id").alias("product_id"), "event_date"),
        others.where(F.col("kind") == ORDER).select(F.explode("lines.product_id").alias("product_id"), "event_date"),
    ]
    return (
        named[0]
        .union(named[1])
        .union(named[2])
        .where(F.length("product_id") > 0)
        .groupBy("product_id")
        .agg(F.min("event_date").alias("first_date"))
        .select("product_id", "first_date")
    )


def stores(events: DataFrame, shop_domains: tuple[str, ...]) -> DataFrame:
    """One row per store and host, with the country that both tell of."""
    origins = (
        events.where(F.col("store_id").isNotNull())
        .groupBy("store_id", F.coalesce(F.regexp_extract("address", ORIGIN, 0), F.lit("")).alias("origin"))
        .agg(F.max(F.struct(*NEWEST)).alias("described"))
    )

    def country(store_id: str, origin: str) -> tuple[Any, ...]:
        found = store_country(store_id, parse_web_address(origin).host, shop_domains)
        return tuple(getattr(found, name, None) for name in COUNTRY)

    return described(origins, ("store_id", "origin"), country, COUNTRY).select(
        "store_id",
        *COUNTRY,
        F.col("described.event_time").alias("described_at"),
        F.col("described.event_id").alias("described_by"),
    )


def referrers(events: DataFrame, shop_domains: tuple[str, ...]) -> DataFrame:
    """One row per referrer as sent (without its query), normalised."""

    def normalised(referrer: str) -> tuple[Any, ...]:
        found = normalize_referrer(referrer, shop_domains)
        return tuple(getattr(found, name) for name in REFERRER)

    distinct = events.select("referrer").distinct()
    return described(distinct, ("referrer",), normalised, REFERRER).select(
        F.md5("referrer").alias("referrer_hash"),
        "referrer_url",
        F.substring("referrer_domain", 1, LONGEST_DOMAIN).alias("referrer_domain"),
        "referrer_type",
        "referrer_name",
    )


def campaigns(events: DataFrame) -> DataFrame:
    """One row per campaign that a landing page names."""
    distinct = events.where(F.col("campaign").isNotNull()).select("campaign").distinct()
    told = F.from_json("campaign", "array<string>")
    return distinct.select(
        F.md5("campaign").alias("campaign_hash"), *(told[place].alias(name) for place, name in enumerate(CAMPAIGN))
    )


def user_agents(events: DataFrame) -> DataFrame:
    """One row per user agent, with the device behind it."""
    distinct = events.where(F.col("user_agent").isNotNull()).select("user_agent").distinct()
    return described(distinct, ("user_agent",), _device, DEVICE).select(
        F.md5("user_agent").alias("user_agent_hash"),
        *(F.substring(name, 1, LONGEST_DEVICE_NAME).alias(name) for name in DEVICE[:-1]),
        F.col("is_bot").cast("boolean").alias("is_bot"),
    )


def devices(events: DataFrame) -> DataFrame:
    """One row per device: its keyed hash, its id, which no analyst sees, and its newest user agent."""
    newest = F.struct(*NEWEST, F.md5("user_agent").alias("user_agent_hash"))
    return (
        events.where(F.col("device_id").isNotNull())
        .groupBy("device_id")
        .agg(
            F.max(_when_present("user_agent", newest)).alias("described"), F.max("raw_device_id").alias("raw_device_id")
        )
        .select(
            "device_id",
            "raw_device_id",
            F.col("described.user_agent_hash").alias("user_agent_hash"),
            F.col("described.event_time").alias("described_at"),
            F.col("described.event_id").alias("described_by"),
        )
    )


def described(
    frame: DataFrame, inputs: tuple[str, ...], describe: Callable[..., tuple[Any, ...]], names: tuple[str, ...]
) -> DataFrame:
    """Adds the text columns `names` that `describe` tells of the `inputs`, called once a row in Python."""
    schema = StructType([*frame.schema.fields, *(StructField(name, StringType()) for name in names)])

    def describe_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            values = zip(*(batch.column(name).to_pylist() for name in inputs), strict=True)
            rows = [describe(*row) for row in values]
            columns = zip(*rows, strict=True) if rows else [()] * len(names)
            arrays = [pa.array(map(as_text, column), type=pa.string()) for column in columns]
            yield pa.RecordBatch.from_arrays([*batch.columns, *arrays], names=[*batch.schema.names, *names])

    return frame.mapInArrow(describe_batches, schema)


def _when_present(name: str, value: Column) -> Column:
    return F.when(F.col(name).isNotNull(), value)


def _device(user_agent: str) -> tuple[Any, ...]:
    found = parse_user_agent(user_agent)
    return tuple(getattr(found, name) for name in DEVICE)
