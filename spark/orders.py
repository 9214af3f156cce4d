"""The lines of an order's cart as columns (`spark.carts` reads them; `sql/load` makes orders of them)."""

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows

# As spark/carts.py writes them.
CART_LINES = (
    "array<struct<product_id: string, amount: string, price: string, currency: string, currency_sent: string,"
    " choices: string>>"
)


def order_lines_of(cart: str) -> Column:
    """The lines of the column `cart` as an array of structs; amount and price are decimal numbers as text."""
    return F.from_json(F.col(cart), CART_LINES)
