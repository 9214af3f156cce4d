"""The catalogue's file: what is a product, and one clear line for what is none."""

import gzip
import json
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.errors import TerminalError
from spark.rules import LONGEST_KEY
from utilities.load_product_catalog import instant
from utilities.product_catalog.merge import CATALOG_FOLDER
from utilities.product_catalog.product_line import (
    COLUMNS,
    LONGEST_PRODUCT_ID,
    CatalogProduct,
    catalog_product,
    read_catalog,
)
from utilities.record_file import reading
from utilities.record_file.bad_lines import SHOWN_LINES, BadLines
from utilities.record_file.reading import BadLine

HEADER = ",".join(COLUMNS)
RING = {
    "product_id": "86704",
    "name": "Ring Aurora",
    "category": "rings",
    "price": "1234.50",
    "currency": "EUR",
    "active": "true",
}
AURORA = CatalogProduct(2, "86704", "Ring Aurora", "rings", "1234.50", "EUR", True)


def products(path: Path, content: bytes) -> list[CatalogProduct | BadLine]:
    """What the command makes of a file of this content."""
    path.write_bytes(content)
    return [record if isinstance(record, BadLine) else catalog_product(record) for record in read_catalog(path)]


def csv_products(path: Path, *lines: str) -> list[CatalogProduct | BadLine]:
    return products(path, "\n".join([HEADER, *lines]).encode("utf-8", "surrogateescape"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog"


def test_csv_and_json_lines_plain_or_gzip_tell_the_same(path: Path) -> None:
    as_csv = f"{HEADER}\n{','.join(RING.values())}\n".encode()
    as_json = json.dumps(RING).encode() + b"\n"
    assert products(path, as_csv) == products(path, gzip.compress(as_csv)) == [AURORA]
    expected = [AURORA._replace(line_number=1)]
    assert products(path, as_json) == products(path, gzip.compress(as_json)) == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_any_spreadsheet_ends_them(path: Path, end: str) -> None:
    assert products(path, end.join([HEADER, ",".join(RING.values()), ""]).encode()) == [AURORA]


@pytest.mark.parametrize("sent", ["8.67E+04", "8,67e+04", "86704.0", "=1+1"])
def test_what_a_spreadsheet_made_of_an_id_is_no_id(path: Path, sent: str) -> None:
    (bad,) = csv_products(path, f'"{sent}",Ring,,,,1')
    assert isinstance(bad, BadLine)
    assert bad.field == "product_id"
    assert "spreadsheets" in bad.problem or "formula" in bad.problem


def test_json_takes_numbers_booleans_and_null(path: Path) -> None:
    line = {**RING, "product_id": 86704, "price": 1234.5, "active": True, "category": None}
    (product,) = products(path, json.dumps(line).encode())
    assert product == CatalogProduct(1, "86704", "Ring Aurora", None, "1234.5", "EUR", True)


def test_columns_may_come_in_any_order_with_quotes_line_feeds_and_a_byte_order_mark(path: Path) -> None:
    names = list(reversed(COLUMNS))
    row = {**RING, "name": '"Ring\n""Aurora"""'}
    text = f"{','.join(names)}\r\n{','.join(row[name] for name in names)}\r\n\r\n"
    assert products(path, b"\xef\xbb\xbf" + text.encode()) == [AURORA._replace(product_name='Ring "Aurora"')]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("product_id", " ", "is missing"),
        ("product_id", "9" * 101, "has 101 characters; 100 are allowed"),
        ("product_id", "8\x076", "holds a control character"),
        ("product_id", 8.5, "is no text"),
        ("name", None, "is missing"),
        ("name", "a\0b", "holds U+0000"),
        ("name", ["Ring"], "is no text"),
        ("category", "x" * 1001, "has 1001 characters; 1000 are allowed"),
        ("price", "-3", "is negative"),
        ("price", "12,50", "is no price such as 1234.50"),
        ("price", "1.999", "is no price such as 1234.50"),
        ("price", "1234567890123", "is no price such as 1234.50"),
        ("price", "NaN", "is no price such as 1234.50"),
        ("price", 1e30, "is no price such as 1234.50"),
        ("price", True, "is no text"),
        ("currency", "EURO", "is no currency of ISO 4217"),
        ("currency", "$", "is no currency of ISO 4217"),
        ("currency", "", "is missing, but there is a price"),
        ("active", "maybe", "is neither true nor false"),
        ("active", None, "is missing"),
    ],
)
def test_a_bad_value_is_named_with_its_line_field_and_rule(path: Path, field: str, value: Any, problem: str) -> None:
    lines = [RING, {**RING, field: value}]
    _, bad = products(path, "\n".join(json.dumps(line) for line in lines).encode())
    assert isinstance(bad, BadLine)
    assert (bad.line, bad.field, bad.value) == (2, field, value)
    assert bad.problem.startswith(problem)
    assert "\n" not in str(bad) and len(str(bad)) < 200


@pytest.mark.parametrize("price", ["0", "0.00", "331.5", "12.5000", "999999999999.99", ""])
def test_a_price_that_the_warehouse_can_hold_is_taken(path: Path, price: str) -> None:
    (product,) = products(path, json.dumps({**RING, "price": price}).encode())
    assert isinstance(product, CatalogProduct)
    assert product.price == (price or None)


@pytest.mark.parametrize(("sent", "active"), [("true", True), ("YES", True), ("1", True), ("f", False), ("0", False)])
def test_spellings_of_a_boolean(path: Path, sent: str, active: bool) -> None:
    (product,) = products(path, json.dumps({**RING, "active": sent}).encode())
    assert isinstance(product, CatalogProduct)
    assert product.is_active is active


def test_a_currency_that_is_gone_by_now_is_known(path: Path) -> None:
    found = csv_products(path, "1,Ring,,10,hrk,1", "2,Ring,,10,BGN,1", "3,Ring,,10,DEM,1")
    assert [isinstance(product, BadLine) for product in found] == [False, False, True]


def test_a_bad_line_leaves_the_lines_around_it(path: Path) -> None:
    found = csv_products(path, "1,Ring,,,,1", "2,Ring,,,1", '3,"Ring"x,,,,1', "4,Ring \udcff,,,,1", "5,Ring,,,,1")
    assert [type(product) for product in found] == [CatalogProduct, BadLine, BadLine, BadLine, CatalogProduct]
    bad = [str(line) for line in found if isinstance(line, BadLine)]
    assert bad[0] == "line 3: columns '2,Ring,,,1': has 5 of 6 columns"
    assert bad[1].startswith("line 4: line '': is no CSV")
    assert bad[2] == "line 5: name 'Ring \\udcff': is not UTF-8"


def test_a_json_line_that_is_no_product_is_named(path: Path) -> None:
    lines = [json.dumps(RING).encode(), b"{", b"[1]", b'{"product_id": "\xff"}', b'{"product_id": "1"}', b""]
    found = products(path, b"\n".join(lines))
    assert [line.problem.split(" (")[0] for line in found if isinstance(line, BadLine)] == [
        "is no JSON",
        "is no JSON object",
        "is not UTF-8",
        "name, category, price, currency, active missing",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"product_id,name\n1,Ring\n", "wrong columns in line 1: category, price, currency, active missing"),
        (f"{HEADER},colour\n".encode(), "'colour' unknown"),
        (f"{HEADER},name\n".encode(), "one is named twice"),
        (HEADER.replace(",", ";").encode(), "wrong columns"),
        (f'{HEADER}\n1,"Ring,,,,1\n2,Ring,,,,1\n'.encode(), "a quote that begins in line 2 runs to line 3"),
        (gzip.compress(HEADER.encode(), mtime=0)[:-4], "cannot read"),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused_as_a_whole(path: Path, content: bytes, problem: str) -> None:
    with pytest.raises(TerminalError, match=problem):
        products(path, content)


def test_a_line_without_an_end_does_not_fill_the_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_LINE", 1_000)
    with pytest.raises(TerminalError, match="line 2 is longer than 1000 bytes"):
        csv_products(path, "x" * 1_001)


def test_an_empty_file_has_no_products(path: Path) -> None:
    assert products(path, b"") == []


def test_only_the_first_bad_lines_are_kept_and_all_are_counted() -> None:
    bad = BadLines()
    for number in range(1_000):
        bad.add(BadLine(number, "name", "", "is missing"))
    assert (bad.number, len(bad.first)) == (1_000, SHOWN_LINES)


def test_an_instant_without_an_offset_is_utc() -> None:
    assert instant("2026-03-01") == datetime(2026, 3, 1, tzinfo=UTC)
    assert instant("2026-03-01T02:00:00+02:00") == instant("2026-03-01T00:00:00Z")
    for wrong in ("yesterday", "2026-13-01", "0001-01-01T00:00:00+05:00"):
        with pytest.raises(ArgumentTypeError, match="is no time"):
            instant(wrong)


def test_ids_are_as_long_as_those_of_events() -> None:
    assert LONGEST_PRODUCT_ID == LONGEST_KEY


def test_each_file_of_sql_is_one_statement_with_its_grain_in_the_first_line() -> None:
    statements = sorted(CATALOG_FOLDER.glob("*.sql"))
    assert statements
    for file in statements:
        first, *rest = file.read_text(encoding="utf-8").splitlines()
        assert first.startswith("-- One row"), file.name
        assert ";" not in "".join(rest), file.name
