"""What rejects an event: the rules, in the order in which they are asked, and the bounds that they hold it against."""

from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows

from spark.carts import IMPOSSIBLE_AMOUNT, IMPOSSIBLE_PRICE, IMPOSSIBLE_TOTAL, TOO_MANY_LINES
from spark.schemas import CART, PRODUCT_VIEW

FIRST_DATE, LAST_DATE = "2015-01-01", "2040-12-31"  # the days of dim_date
FIRST_SECOND = 1_420_070_400  # 2015-01-01T00:00:00Z
# Beyond year 2100 no time zone can bring a time back into dim_date, and Spark need not convert it.
LAST_CONVERTIBLE_SECOND = 4_102_444_800
ALLOWED_LEAD_SECONDS = 3_600
# No id of the feed is longer than 36; a unique index takes 2,704 bytes at most.
LONGEST_KEY = 100


@dataclass(frozen=True)
class Rule:
    """What an event must not be: `broken` holds for the rejected, `value` is the column shown for `field`."""

    name: str
    field: str
    value: str
    broken: Column


def rules(kept_from: date | None = None) -> list[Rule]:
    """In the order in which they are asked: the first broken one rejects the event.

    `kept_from` is the first day whose facts retention has left: of an older event nobody can tell whether it was
    loaded before.

    Times are held against the record's own time on the bus, never against the clock of the run, so that a rerun
    rejects the same events. Where the bus has no usable time, only the bounds of dim_date count.
    """
    leads = F.col("event_seconds") > F.col("bus_seconds") + ALLOWED_LEAD_SECONDS
    early = (F.col("event_seconds") < 0) | (F.col("event_date") < F.lit(FIRST_DATE).cast("date"))
    late = (F.col("event_seconds") > LAST_CONVERTIBLE_SECOND) | (F.col("event_date") > F.lit(LAST_DATE).cast("date"))
    forgotten = F.col("event_date") < F.lit(kept_from or FIRST_DATE).cast("date")
    names_product = F.col("kind").isin(PRODUCT_VIEW, CART)
    no_price = F.col("sent_price").isNotNull() & F.col("price").isNull()
    carts = (IMPOSSIBLE_PRICE, IMPOSSIBLE_AMOUNT, IMPOSSIBLE_TOTAL, TOO_MANY_LINES)
    return [
        Rule("malformed_id", "id", "sent_id", F.col("event_id").isNull()),
        Rule("no_usable_time", "time_stamp", "sent_time", F.col("event_seconds").isNull()),
        Rule("time_before_2015", "time_stamp", "sent_time", early),
        Rule("time_in_future", "time_stamp", "sent_time", late | F.coalesce(leads, F.lit(False))),
        Rule("before_retention", "time_stamp", "sent_time", forgotten),
        Rule("no_product", "product_id", "sent_product", names_product & F.col("product_id").isNull()),
        Rule("malformed_product_id", "product_id", "sent_product", F.length("product_id") > LONGEST_KEY),
        Rule(IMPOSSIBLE_PRICE, "price", "sent_price", no_price),
        *(Rule(name, "cart_products", "sent_cart", F.col("cart_problem") == name) for name in carts),
    ]
