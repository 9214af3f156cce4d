"""Orders: their identity and the lines of their carts."""

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows

from spark.prices import currency_code, impossible_price, parse_price

# As spark/choices.py writes them.
SENT_LINES = "array<struct<product_id: string, amount: string, price: string, currency: string, choices: string>>"
LARGEST_AMOUNT = 1_000_000
LONGEST_PRODUCT_ID = 100


def order_key(event_id: Column) -> Column:
    """32 hex digits: MD5 of order id, visitor, store and cart.

    The feed uses some order ids again for another cart, and that is another order; the same page loaded twice is not.
    Without an order id, each event is an order of its own.
    """
    order_id = F.coalesce(F.nullif(F.trim("order_id"), F.lit("")), event_id)
    parts = [F.coalesce(part, F.lit("")) for part in (order_id, F.col("visitor"), F.col("store_id"), F.col("cart"))]
    return F.md5(F.concat_ws("\n", *parts))


def order_lines_of(cart: str) -> Column:
    """The lines as an array of structs: typed amount (1 where it is no number from 1), price and currency.

    `impossible` tells a price that is none.
    """

    def typed(line: Column) -> Column:
        amount = line["amount"].try_cast("double").try_cast("int")
        return F.struct(
            F.substring(F.trim(line["product_id"]), 1, LONGEST_PRODUCT_ID).alias("product_id"),
            F.when(amount.between(1, LARGEST_AMOUNT), amount).otherwise(1).alias("amount"),
            parse_price(line["price"]).alias("price"),
            currency_code(line["currency"]).alias("currency"),
            line["choices"].alias("choices"),
            impossible_price(line["price"]).alias("impossible"),
        )

    return F.transform(F.from_json(F.col(cart), SENT_LINES), typed)
