"""What a catalogue's line must hold to be a product."""

import re
from functools import cache
from typing import Any, NamedTuple

from config.reference import reference_rows
from utilities.product_catalog.catalog_file import BadLine, CatalogRecord, is_utf8

# The longest that the ETL takes of an event (spark/transforms.py): a longer id would never meet a view.
LONGEST_PRODUCT_ID = 100
LONGEST_TEXT = 1_000
# numeric(14,2), spelled without grouping; zeros beyond the second decimal change nothing.
PRICE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2}0*)?")
# What a spreadsheet makes of an id: 86704 in a narrow column, a number with decimals, a formula.
SPREADSHEET_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+|[0-9]+[.,]0+")
TRUE = frozenset({"true", "t", "yes", "y", "1"})
FALSE = frozenset({"false", "f", "no", "n", "0"})


class CatalogProduct(NamedTuple):
    """A valid line, in the order of the COPY into staging.catalog_product; `price` in `currency`."""

    line_number: int
    product_id: str
    product_name: str
    category: str | None
    price: str | None
    currency: str | None
    is_active: bool


class FieldError(Exception):
    """A value breaks the rule of its field; `problem` says which."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(problem)


def catalog_product(record: CatalogRecord) -> CatalogProduct | BadLine:
    """The record as a product, or the first rule that it breaks."""
    values = record.values
    try:
        return CatalogProduct(
            line_number=record.line,
            product_id=_product_id(values["product_id"]),
            product_name=_name(values["name"]),
            category=_text("category", values["category"]),
            price=(price := _price(values["price"])),
            currency=_currency(values["currency"], is_needed=price is not None),
            is_active=_active(values["active"]),
        )
    except FieldError as error:
        return BadLine(record.line, error.field, values[error.field], error.problem)


def _product_id(value: Any) -> str:
    if type(value) is int:
        value = str(value)
    if value is not None and not isinstance(value, str):
        raise FieldError("product_id", "is no text")
    product_id = _checked("product_id", value or "").strip()
    if not product_id:
        raise FieldError("product_id", "is missing")
    if len(product_id) > LONGEST_PRODUCT_ID:
        raise FieldError("product_id", f"has {len(product_id)} characters; {LONGEST_PRODUCT_ID} are allowed")
    if SPREADSHEET_NUMBER.fullmatch(product_id):
        raise FieldError("product_id", "is a number as spreadsheets write it: format the column as text")
    if product_id.startswith("="):
        raise FieldError("product_id", "is a formula")
    if not product_id.isprintable():
        raise FieldError("product_id", "holds a control character")
    return product_id


def _name(value: Any) -> str:
    name = _text("name", value)
    if name is None:
        raise FieldError("name", "is missing")
    return name


def _text(field: str, value: Any) -> str | None:
    """Single-spaced text; None where it is blank."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise FieldError(field, "is no text")
    text = " ".join(_checked(field, value).split())
    if len(text) > LONGEST_TEXT:
        raise FieldError(field, f"has {len(text)} characters; {LONGEST_TEXT} are allowed")
    return text or None


def _checked(field: str, text: str) -> str:
    if not is_utf8(text):
        raise FieldError(field, "is not UTF-8")
    if "\0" in text:
        raise FieldError(field, "holds U+0000")
    return text


def _price(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = repr(value)
    text = _text("price", value)
    if text is None or PRICE.fullmatch(text):
        return text
    if text.startswith("-") and PRICE.fullmatch(text[1:]):
        raise FieldError("price", "is negative")
    raise FieldError("price", "is no price such as 1234.50 (a point, two decimals at most, below 10^12)")


def _currency(value: Any, is_needed: bool) -> str | None:
    text = _text("currency", value)
    if text is None:
        if is_needed:
            raise FieldError("currency", "is missing, but there is a price")
        return None
    code = text.upper()
    if code not in known_currencies():
        raise FieldError("currency", "is no currency of ISO 4217 that was legal tender since 2015")
    return code


def _active(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, str | int) else ""
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise FieldError("active", "is neither true nor false" if value not in (None, "") else "is missing")


@cache
def known_currencies() -> frozenset[str]:
    """The codes of config/reference/currencies.csv."""
    return frozenset(row["currency"] for row in reference_rows("currencies.csv"))
