"""Raw events to valid, unique product views: pure functions DataFrame -> DataFrame, each ending in its contract."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows

from spark.prices import currency_code, parse_price
from spark.schemas import PRODUCT_VIEW

UNIQUE, DUPLICATE, REJECTED, OTHER_KIND = "unique", "duplicate", "rejected", "other kind"
FIRST_DATE, LAST_DATE = "2015-01-01", "2040-12-31"  # the days of dim_date
FIRST_SECOND = 1_420_070_400  # 2015-01-01T00:00:00Z
# Beyond year 2100 no time zone can bring a time back into dim_date, and Spark need not convert it.
LAST_CONVERTIBLE_SECOND = 4_102_444_800
ALLOWED_LEAD_SECONDS = 3_600
# No id of the feed is longer than 36; a unique index takes 2,704 bytes at most.
LONGEST_KEY = 100
UUID_TEXT = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
OBJECT_ID_TEXT = "^[0-9a-fA-F]{24}$"

POSITION = ("topic", "partition", "offset")
VIEW_COLUMNS = (
    "event_id",
    "event_time",
    "event_date",
    "product_id",
    "store_id",
    "page",
    "referrer",
    "device_id",
    "user_agent",
    "visitor",
    "options",
    "utm_source",
    "utm_medium",
    "price",
    "currency",
)


def filled(name: str) -> Column:
    """The trimmed text of a column; NULL where nothing is left."""
    return F.nullif(F.trim(F.col(name)), F.lit(""))


def key_text(name: str) -> Column:
    """A natural key: filled and of sane length, else NULL, which is the unknown member."""
    value = filled(name)
    return F.when(F.length(value) <= LONGEST_KEY, value)


def address(name: str) -> Column:
    """A URL up to its query or fragment, which name neither a page nor a referrer."""
    return F.regexp_extract(F.trim(F.col(name)), r"^[^?#]*", 0)


def event_identity() -> Column:
    """32 hex digits: `id` if it is a UUID; without `id` the MD5 of `_id`; without either, of the event.

    NULL where the one that is there is malformed.
    """
    event_id, object_id = filled("id"), filled("object_id")
    return (
        F.when(event_id.rlike(UUID_TEXT), F.lower(F.replace(event_id, F.lit("-"), F.lit(""))))
        .when(event_id.isNull() & object_id.rlike(OBJECT_ID_TEXT), F.md5(F.lower(object_id)))
        .when(event_id.isNull() & object_id.isNull(), F.col("content_hash"))
    )


def parse(events: DataFrame, time_zone: str) -> DataFrame:
    """Typed columns beside the raw ones that rules report; the day is the one of `time_zone`."""
    seconds = F.col("time_stamp").try_cast("double").try_cast("bigint")
    convertible = seconds.between(0, LAST_CONVERTIBLE_SECOND)
    event_time = F.when(convertible, F.timestamp_seconds(seconds))
    bus_seconds = F.floor(F.col("bus_milliseconds") / 1000).cast("bigint")
    return events.select(
        *POSITION,
        "kind",
        "events",
        F.when(bus_seconds >= FIRST_SECOND, bus_seconds).alias("bus_seconds"),
        F.coalesce(filled("id"), filled("object_id")).alias("sent_id"),
        F.col("time_stamp").alias("sent_time"),
        F.col("product_id").alias("sent_product"),
        seconds.alias("event_seconds"),
        event_identity().alias("event_id"),
        event_time.alias("event_time"),
        F.to_date(F.from_utc_timestamp(event_time, time_zone)).alias("event_date"),
        filled("product_id").alias("product_id"),
        key_text("store_id").alias("store_id"),
        address("current_url").alias("page"),
        F.coalesce(address("referrer_url"), F.lit("")).alias("referrer"),
        key_text("device_id").alias("device_id"),
        filled("user_agent").alias("user_agent"),
        "visitor",
        "options",
        filled("utm_source").alias("utm_source"),
        filled("utm_medium").alias("utm_medium"),
        parse_price("price").alias("price"),
        currency_code("currency").alias("currency"),
    )


@dataclass(frozen=True)
class Rule:
    """What a product view must not be: `broken` holds for the rejected, `value` is the column shown for `field`."""

    name: str
    field: str
    value: str
    broken: Column


def rules() -> list[Rule]:
    """In the order in which they are asked: the first broken one rejects the event.

    Times are held against the record's own time on the bus, never against the clock of the run, so that a rerun
    rejects the same events. Where the bus has no usable time, only the bounds of dim_date count.
    """
    leads = F.col("event_seconds") > F.col("bus_seconds") + ALLOWED_LEAD_SECONDS
    early = (F.col("event_seconds") < 0) | (F.col("event_date") < F.lit(FIRST_DATE).cast("date"))
    late = (F.col("event_seconds") > LAST_CONVERTIBLE_SECOND) | (F.col("event_date") > F.lit(LAST_DATE).cast("date"))
    return [
        Rule("malformed_id", "id", "sent_id", F.col("event_id").isNull()),
        Rule("no_usable_time", "time_stamp", "sent_time", F.col("event_seconds").isNull()),
        Rule("time_before_2015", "time_stamp", "sent_time", early),
        Rule("time_in_future", "time_stamp", "sent_time", late | F.coalesce(leads, F.lit(False))),
        Rule("no_product", "product_id", "sent_product", F.col("product_id").isNull()),
        Rule("malformed_product_id", "product_id", "sent_product", F.length("product_id") > LONGEST_KEY),
    ]


def validate(parsed: DataFrame) -> DataFrame:
    """Adds `broken`: the rule, field and value that reject a product view, NULL for a valid view or another kind."""
    is_view = F.col("kind") == PRODUCT_VIEW
    found = [
        F.when(
            is_view & rule.broken,
            F.struct(
                F.lit(rule.name).alias("rule"), F.lit(rule.field).alias("field"), F.col(rule.value).alias("value")
            ),
        )
        for rule in rules()
    ]
    return parsed.select(*POSITION, "kind", "events", F.coalesce(*found).alias("broken"), *VIEW_COLUMNS)


def classify(validated: DataFrame) -> DataFrame:
    """Adds `outcome`; of the valid views with one event id, the first on the bus is UNIQUE, the others DUPLICATE."""
    is_valid = (F.col("kind") == PRODUCT_VIEW) & F.col("broken").isNull()
    # What takes no part in the search for duplicates is spread over the tasks by its own position.
    identity = F.when(is_valid, F.col("event_id")).otherwise(F.concat_ws(":", "kind", *POSITION))
    rank = F.row_number().over(Window.partitionBy("identity").orderBy(*POSITION))
    outcome = (
        F.when(F.col("kind") != PRODUCT_VIEW, OTHER_KIND)
        .when(F.col("broken").isNotNull(), REJECTED)
        .when(F.col("rank") > 1, DUPLICATE)
        .otherwise(UNIQUE)
    )
    return (
        validated.withColumn("identity", identity)
        .withColumn("rank", rank)
        .select(*POSITION, "kind", "events", outcome.alias("outcome"), "broken", *VIEW_COLUMNS)
    )


def outcomes(classified: DataFrame) -> DataFrame:
    """One row per partition, kind and outcome: how many events."""
    return (
        classified.groupBy("topic", "partition", "kind", "outcome")
        .agg(F.sum("events").alias("events"))
        .select("topic", "partition", "kind", "outcome", "events")
    )
