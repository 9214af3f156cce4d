"""Validated events to the narrow rows that a batch counts: one for each record that is told of."""

from collections.abc import Iterator
from functools import cache, lru_cache, partial

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows
from pyspark.sql.pandas.types import from_arrow_schema

from spark.enrichment.referrer import normalize_referrer
from spark.enrichment.user_agent import parse_user_agent
from spark.live.records import DEAD
from spark.schemas import ORDER

SPAM = "Spam"
Batches = Iterator[pa.RecordBatch]
COUNTED_ROW = pa.schema(
    [
        ("bus_topic", pa.string()),
        ("bus_partition", pa.int32()),
        ("bus_offset", pa.int64()),
        ("bus_seconds", pa.int64()),
        ("bus_milliseconds", pa.int64()),
        ("verdict", pa.string()),
        ("kind", pa.string()),
        ("event_id", pa.string()),
        ("event_seconds", pa.int64()),
        ("product", pa.string()),
        ("store", pa.string()),
        ("visitor", pa.string()),
        ("user_hash", pa.string()),
        ("order_hash", pa.string()),
        ("lines", pa.string()),
        ("referrer_type", pa.string()),
        ("is_bot", pa.bool_()),
    ]
)
"""`verdict` is the rule that rejects the event, or why the record is no event; null for a valid one and for others."""


def counted_rows(validated: DataFrame, shop_domains: tuple[str, ...]) -> DataFrame:
    """Events of spark/transforms.py in the columns of COUNTED_ROW; robots and referrers as the dimensions tell them."""
    rows = validated.select(*_counted())
    return rows.mapInArrow(partial(_described, shop_domains), from_arrow_schema(COUNTED_ROW))


@cache
def _counted() -> tuple[str | Column, ...]:
    is_dead, is_order = F.col("kind").startswith(DEAD), F.col("kind") == ORDER
    reason = F.substring(F.col("kind"), len(DEAD) + 1, 100)
    return (
        F.col("topic").alias("bus_topic"),
        F.col("partition").alias("bus_partition"),
        F.col("offset").alias("bus_offset"),
        "bus_seconds",
        "bus_milliseconds",
        F.when(is_dead, reason).otherwise(F.col("broken.rule")).alias("verdict"),
        "kind",
        "event_id",
        F.unix_timestamp("event_time").alias("event_seconds"),
        F.col("product_id").alias("product"),
        F.col("store_id").alias("store"),
        "visitor",
        "user_hash",
        F.when(is_order & F.col("order_id").isNotNull(), _order_hash()).alias("order_hash"),
        F.when(is_order, F.to_json("lines")).alias("lines"),
        "referrer",
        "user_agent",
    )


def _order_hash() -> Column:
    return F.md5(F.concat_ws("\n", F.coalesce("store_id", F.lit("")), "order_id"))


def _described(shop_domains: tuple[str, ...], batches: Batches) -> Batches:
    """In the place of `referrer` and `user_agent`, the last two columns, what they tell."""
    for batch in batches:
        *kept, referrers, agents = batch.columns
        types = [_referrer_type(referrer, shop_domains) for referrer in referrers.to_pylist()]
        robots = [_is_robot(agent) or kind == SPAM for agent, kind in zip(agents.to_pylist(), types, strict=True)]
        told = [pa.array(types, pa.string()), pa.array(robots, pa.bool_())]
        yield pa.RecordBatch.from_arrays([*kept, *told], schema=COUNTED_ROW)


@lru_cache(maxsize=65_536)
def _referrer_type(referrer: str | None, shop_domains: tuple[str, ...]) -> str:
    return normalize_referrer(referrer, shop_domains).referrer_type


@lru_cache(maxsize=65_536)
def _is_robot(user_agent: str | None) -> bool:
    return parse_user_agent(user_agent).is_bot
