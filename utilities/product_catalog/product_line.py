"""What a catalogue's line must hold to be a product."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from utilities.record_file.fields import FieldError, currency_of, number_text_of, storable, text_of
from utilities.record_file.reading import BadLine, FileKind, Record, read_records

COLUMNS = ("product_id", "name", "category", "price", "currency", "active")
CATALOGUE = FileKind("catalogue", COLUMNS)
# The longest that the ETL takes of an event (spark/transforms.py): a longer id would never meet a view.
LONGEST_PRODUCT_ID = 100
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


def read_catalog(path: Path) -> Iterator[Record | BadLine]:
    """The lines of a catalogue, as `read_records` does; raises what it does."""
    return read_records(path, CATALOGUE)


def catalog_product(record: Record) -> CatalogProduct | BadLine:
    """The record as a product, or the first rule that it breaks."""
    values = record.values
    try:
        return CatalogProduct(
            line_number=record.line,
            product_id=_product_id(values["product_id"]),
            product_name=_name(values["name"]),
            category=text_of("category", values["category"]),
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
    product_id = storable("product_id", value or "").strip()
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
    name = text_of("name", value)
    if name is None:
        raise FieldError("name", "is missing")
    return name


def _price(value: Any) -> str | None:
    text = number_text_of("price", value)
    if text is None or PRICE.fullmatch(text):
        return text
    if text.startswith("-") and PRICE.fullmatch(text[1:]):
        raise FieldError("price", "is negative")
    raise FieldError("price", "is no price such as 1234.50 (a point, two decimals at most, below 10^12)")


def _currency(value: Any, is_needed: bool) -> str | None:
    text = text_of("currency", value)
    if text is None:
        if is_needed:
            raise FieldError("currency", "is missing, but there is a price")
        return None
    return currency_of("currency", text)


def _active(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, str | int) else ""
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise FieldError("active", "is neither true nor false" if value not in (None, "") else "is missing")
