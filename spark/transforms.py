"""Raw events to validated ones: pure functions DataFrame -> DataFrame, each ending in its contract."""

from datetime import date
from functools import lru_cache, reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows

from spark.orders import order_lines_of
from spark.rules import FIRST_SECOND, LAST_CONVERTIBLE_SECOND, LONGEST_KEY, rules
from spark.schemas import UNKNOWN_KIND

UUID_TEXT = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
OBJECT_ID_TEXT = "^[0-9a-fA-F]{24}$"

LONGEST_PAGE = 500
LONGEST_URL = 32_768  # as the reader cuts it
LINE_ENDS = "\n\r\u0085\u2028\u2029"  # what a regular expression of Java ends a line at
LONGEST_SEARCH = 200
LONGEST_VALUE = 1_000  # of a rejected event's field; the original is kept beside it
MOST_SELECTIONS = 8

POSITION = ("topic", "partition", "offset")
EVENT_COLUMNS = (
    "event_id",
    "event_time",
    "event_date",
    "product_id",
    "store_id",
    "address",
    "page",
    "referrer",
    "device_id",
    "raw_device_id",
    "user_agent",
    "visitor",
    "user_hash",
    "options",
    "choices",
    "utm_source",
    "utm_medium",
    "campaign",
    "price",
    "currency",
    "currency_sent",
    "order_id",
    "lines",
    "search_terms",
    "recommended_product_id",
    "recommendation_position",
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
    return F.substring_index(F.substring_index(F.trim(F.col(name)), "?", 1), "#", 1)


def page(url: Column) -> Column:
    """Host and path of a web page; only the scheme of another (a file's path can hold a person's name), else NULL."""
    rest = F.when(url.startswith("https://"), F.substring(url, 9, LONGEST_URL)).when(
        url.startswith("http://"), F.substring(url, 8, LONGEST_URL)
    )
    host = F.substring_index(rest, "/", 1)
    path = F.substring(rest, F.length(host) + 1, F.lit(LONGEST_URL))
    # Not by rtrim: Spark warns of its second parameter in each run.
    path = F.when(path.endswith("/"), F.regexp_replace(path, r"(?<!/)/++\z", "")).otherwise(path)
    # Nearly all are plain, and then four regular expressions need not be matched: 14 us an event, 3 without them.
    is_plain = (host != "") & ~reduce(Column.__or__, [host.contains(mark) for mark in "@:"])
    is_plain &= ~reduce(Column.__or__, [rest.contains(end) for end in LINE_ENDS])
    return F.when(is_plain, F.substring(F.concat(F.lower(host), path), 1, LONGEST_PAGE)).otherwise(any_page(url))


def any_page(url: Column) -> Column:
    """`page` of any address, by regular expressions."""
    scheme = F.lower(F.regexp_extract(url, r"^([a-zA-Z][a-zA-Z0-9+.\-]*):", 1))
    web = r"^[a-zA-Z]+://(?:[^/@]*@)?([^/:]+)(?::\d*)?(.*?)/*$"
    spelled = F.concat(F.lower(F.regexp_extract(url, web, 1)), F.regexp_extract(url, web, 2))
    return F.when(scheme.isin("http", "https"), F.nullif(F.substring(spelled, 1, LONGEST_PAGE), F.lit(""))).when(
        scheme != "", F.concat(scheme, F.lit("://"))
    )


def search_terms(name: str) -> Column:
    """What was searched for: lower-case, single-spaced, cut at LONGEST_SEARCH; NULL where nothing is left."""
    spaced = F.trim(F.regexp_replace(F.lower(F.col(name)), r"\s+", " "))
    return F.nullif(F.substring(spaced, 1, LONGEST_SEARCH), F.lit(""))


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
    return events.select(*_parsed(time_zone))


# To build these takes thousands of calls of the JVM, whose objects they are, and the stream selects them every second.
@lru_cache(maxsize=MOST_SELECTIONS)
def _parsed(time_zone: str) -> tuple[str | Column, ...]:
    seconds = F.col("event_seconds")
    convertible = seconds.between(0, LAST_CONVERTIBLE_SECOND)
    event_time = F.when(convertible, F.timestamp_seconds(seconds))
    bus_seconds = F.floor(F.col("bus_milliseconds") / 1000).cast("bigint")
    return (
        "arrival",
        *POSITION,
        "kind",
        "events",
        F.when(bus_seconds >= FIRST_SECOND, bus_seconds).alias("bus_seconds"),
        "bus_milliseconds",
        F.coalesce(filled("id"), filled("object_id")).alias("sent_id"),
        F.col("time_stamp").alias("sent_time"),
        F.col("product_id").alias("sent_product"),
        filled("price_sent").alias("sent_price"),
        F.col("cart").alias("sent_cart"),
        "cart_problem",
        "event_seconds",
        event_identity().alias("event_id"),
        event_time.alias("event_time"),
        F.to_date(F.from_utc_timestamp(event_time, time_zone)).alias("event_date"),
        *_fields(),
    )


def _fields() -> list[Column]:
    """What an event tells, apart from who and when it is."""
    return [
        filled("product_id").alias("product_id"),
        key_text("store_id").alias("store_id"),
        address("current_url").alias("address"),
        page(address("current_url")).alias("page"),
        F.coalesce(address("referrer_url"), F.lit("")).alias("referrer"),
        key_text("device_id").alias("device_id"),
        F.col("raw_device_id"),
        # A header that is sent empty tells something: a browser never does.
        F.trim("user_agent").alias("user_agent"),
        F.col("visitor"),
        F.col("user_hash"),
        F.col("options"),
        F.col("choices"),
        filled("utm_source").alias("utm_source"),
        filled("utm_medium").alias("utm_medium"),
        F.col("campaign"),
        F.col("price"),
        F.col("currency"),
        F.col("currency_sent"),
        key_text("order_id").alias("order_id"),
        order_lines_of("cart").alias("lines"),
        search_terms("search_terms").alias("search_terms"),
        key_text("recommended_product_id").alias("recommended_product_id"),
        F.col("recommendation_position").try_cast("int").alias("recommendation_position"),
    ]


def validate(parsed: DataFrame, kept_from: date | None = None) -> DataFrame:
    """Adds `broken`: the rule, field and value that reject an event, NULL for a valid one or an unknown kind."""
    return parsed.select(*_validated(kept_from))


@lru_cache(maxsize=MOST_SELECTIONS)
def _validated(kept_from: date | None) -> tuple[str | Column, ...]:
    is_known = F.col("kind") != UNKNOWN_KIND
    found = [
        F.when(
            is_known & rule.broken,
            F.struct(
                F.lit(rule.name).alias("rule"),
                F.lit(rule.field).alias("field"),
                F.substring(F.col(rule.value), 1, LONGEST_VALUE).alias("value"),
            ),
        )
        for rule in rules(kept_from)
    ]
    of_bus = ("bus_seconds", "bus_milliseconds")
    return ("arrival", *POSITION, "kind", "events", *of_bus, F.coalesce(*found).alias("broken"), *EVENT_COLUMNS)
