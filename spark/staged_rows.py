"""Validated events to the rows that staging takes: events by natural key, lines of orders, rejected events."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows
from pyspark.sql.types import ArrayType, StructType

from spark.schemas import ORDER, UNKNOWN_KIND
from spark.staging import line_of

ORIGIN = r"^([a-zA-Z][a-zA-Z0-9+.\-]*:)?(//)?[^/]*"
COUNTED = ("topic", "partition", "kind", "events")


def staged_rows(validated: DataFrame, days: tuple[date, date] | None = None) -> DataFrame:
    """One row for each row read: the structs `event` and `rejected`, one of them at most, and the array `order_lines`.

    All are NULL for what is of no known kind. With `days` only events of these days, both included, are staged or
    rejected.
    """
    is_wanted, is_broken = F.col("kind") != UNKNOWN_KIND, F.col("broken").isNotNull()
    if days is not None:
        is_wanted &= F.coalesce(F.col("event_date").between(*map(F.lit, days)), F.lit(False))
    is_order = is_wanted & ~is_broken & (F.col("kind") == ORDER)
    return validated.select(
        *COUNTED,
        F.when(is_wanted & ~is_broken, _event()).alias("event"),
        F.when(is_order, F.transform("lines", _order_line)).alias("order_lines"),
        F.when(is_wanted & is_broken, _rejection()).alias("rejected"),
    )


def row_types(rows: DataFrame) -> tuple[StructType, StructType]:
    """The fields of an event and of a line of an order in `staged_rows`."""
    event, lines = rows.schema["event"].dataType, rows.schema["order_lines"].dataType
    assert isinstance(event, StructType) and isinstance(lines, ArrayType) and isinstance(lines.elementType, StructType)
    return event, lines.elementType


def staging_lines(rows: DataFrame) -> DataFrame:
    """The rows of `staged_rows` with `event` and each of `order_lines` as COPY takes them; without lines, no NULL."""
    event, line = row_types(rows)
    # For each row, Spark measures its batch, and Arrow then counts through the NULLs of an array: 40 us an event.
    nothing = F.array().cast("array<string>")
    return rows.select(
        *COUNTED,
        F.when(F.col("event").isNotNull(), line_of(F.col("event"), event)).alias("event"),
        F.coalesce(F.transform("order_lines", lambda each: line_of(each, line)), nothing).alias("order_lines"),
        "rejected",
    )


def _event() -> Column:
    """An event, its wide texts beside their MD5, by which the members of dimensions are found."""
    return F.struct(
        "event_id",
        "event_time",
        _date_key().alias("date_key"),
        "kind",
        "product_id",
        "store_id",
        F.coalesce(F.regexp_extract("address", ORIGIN, 0), F.lit("")).alias("origin"),
        "page",
        "referrer",
        F.md5("referrer").alias("referrer_hash"),
        "device_id",
        "raw_device_id",
        "user_agent",
        F.md5("user_agent").alias("user_agent_hash"),
        "visitor",
        "user_hash",
        "options",
        "choices",
        F.md5("choices").alias("option_group_hash"),
        "utm_source",
        "utm_medium",
        "campaign",
        F.md5("campaign").alias("campaign_hash"),
        "price",
        "currency",
        "currency_sent",
        "order_id",
        "search_terms",
        "recommended_product_id",
        "recommendation_position",
        "arrival",
        *_position(),
    )


def _order_line(line: Column, place: Column) -> Column:
    """A line of the cart of an event that tells of an order."""
    return F.struct(
        F.col("event_id"),
        (place + 1).alias("line_number"),
        *(line[name].alias(name) for name in ("product_id", "amount", "price", "currency", "currency_sent", "choices")),
        F.md5(line["choices"]).alias("option_group_hash"),
        *_position(),
    )


def _rejection() -> Column:
    """A rejected event without its original."""
    return F.struct(*_position(), "broken.rule", "broken.field", "broken.value", "kind", "event_date")


def _position() -> list[Column]:
    return [F.col(name).alias(f"bus_{name}") for name in ("topic", "partition", "offset")]


def _date_key() -> Column:
    date = F.col("event_date")
    return F.year(date) * 10_000 + F.month(date) * 100 + F.dayofmonth(date)
