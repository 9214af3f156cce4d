"""Prices as shops print them (docs/events.md: `754,00`, `1,725.00`, `4.990,00`, `4 576,00`; `€`, `AU $`, `CHF '`)."""

from itertools import chain

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows

PRICE_TYPE = "decimal(14,2)"
GROUPING = r"[\s\u00a0\u202f']"
GROUPED = r"^\d{1,3}([.,]\d{3})+([.,]\d{1,2})?$"
PLAIN = r"^\d+([.,]\d+)?$"
FRACTION = r"[.,](\d{1,2})$"
# Symbols that mean one currency only; `$` alone, `kr` and other shared ones stay as sent, and become that of the
# store where it has one of that symbol: etl.iso_currency, in revision 0008.
CURRENCY_OF_SYMBOL = {
    "€": "EUR",
    "£": "GBP",
    "лв": "BGN",
    "zł": "PLN",
    "Ft": "HUF",
    "lei": "RON",
    "Lei": "RON",
    "Kč": "CZK",
    "₺": "TRY",
    "₪": "ILS",
    "₹": "INR",
    "¥": "JPY",
    "US $": "USD",
    "AU $": "AUD",
    "CA $": "CAD",
    "NZ $": "NZD",
    "SG $": "SGD",
    "HK $": "HKD",
    "MX $": "MXN",
    "MXN $": "MXN",
    "CLP $": "CLP",
    "CL $": "CLP",
    "COL $": "COP",
    "R$": "BRL",
    "CHF": "CHF",
    "CHF '": "CHF",
}


def parse_price(sent: Column) -> Column:
    """The number in a locale's spelling; NULL where it is none.

    A mark followed by one or two last digits is the decimal mark; one followed by groups of three is a thousands mark.
    """
    text = F.regexp_replace(F.trim(sent), GROUPING, "")
    whole = F.regexp_replace(F.regexp_replace(text, FRACTION, ""), "[.,]", "")
    grouped = F.concat(whole, F.lit("."), F.regexp_extract(text, FRACTION, 1))
    plain = F.replace(text, F.lit(","), F.lit("."))
    return F.when(text.rlike(GROUPED), grouped.try_cast(PRICE_TYPE)).when(text.rlike(PLAIN), plain.try_cast(PRICE_TYPE))


def currency_code(sent: Column) -> Column:
    """The ISO 4217 code that a symbol stands for; a code, or a symbol of several currencies, as sent."""
    symbol = F.nullif(F.trim(sent), F.lit(""))
    codes = F.create_map(*map(F.lit, chain.from_iterable(CURRENCY_OF_SYMBOL.items())))
    return F.coalesce(F.try_element_at(codes, symbol), F.substring(symbol, 1, 10))


def impossible_price(sent: Column) -> Column:
    """Whether a price was sent that is no number, is negative, or has more than twelve digits before the mark."""
    return F.nullif(F.trim(sent), F.lit("")).isNotNull() & parse_price(sent).isNull()
