"""The one transaction of a load: the file into staging, then `sql/catalog/` in the order of its names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from config.errors import TerminalError
from config.settings import PROJECT_ROOT
from spark.enrichment.settings import EnrichmentSettings
from utilities.product_catalog.product_line import CatalogProduct, catalog_product, read_catalog
from utilities.record_file.bad_lines import SHOWN_LINES, BadFileError, BadLines
from utilities.record_file.reading import BadLine

CATALOG_FOLDER = PROJECT_ROOT / "sql" / "catalog"
EMPTY_STAGING = "TRUNCATE staging.catalog_product"
COPY_STAGING = f"COPY staging.catalog_product ({', '.join(CatalogProduct._fields)}) FROM STDIN"
ANALYZE_STAGING = "SELECT etl.analyze_staging(ARRAY['catalog_product'])"
# The interval of a version is checked at the end of the transaction; here an error still has its place.
CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE"


@dataclass(frozen=True)
class Catalog:
    """What to load; `valid_from` None is the time of the load, by the warehouse's clock."""

    path: Path
    valid_from: datetime | None = None
    skip_bad: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class LoadFigures:
    """What a load found and changed; `products` = new + changed + unchanged."""

    valid_from: datetime
    products: int
    new_products: int
    changed_products: int
    new_versions: int
    bad: BadLines

    @property
    def unchanged_products(self) -> int:
        return self.products - self.new_products - self.changed_products


def load_catalog(connection: psycopg.Connection, catalog: Catalog) -> LoadFigures:
    """Merge the catalogue into dim_product and dim_product_version, within the caller's transaction.

    A dry run does the same and takes it back. Raises BadFileError where a line is bad and may not be skipped, and
    TerminalError where the file cannot be read or holds no product, where `valid_from` lies in the future, or where a
    catalogue of a later time names one of its products.
    """
    with connection.transaction(force_rollback=catalog.dry_run):
        valid_from = _valid_from(connection, catalog.valid_from)
        bad = _stage(connection, catalog.path)
        if bad.number and not catalog.skip_bad:
            raise BadFileError(catalog.path.name, bad, "; --skip-bad loads the others")
        figures = _merge(connection, catalog.path.name, valid_from, bad)
        connection.execute(CHECK_NOW)
        connection.execute(EMPTY_STAGING)
    return figures


def _valid_from(connection: psycopg.Connection, asked: datetime | None) -> datetime:
    now: datetime = connection.execute("SELECT now()").fetchall()[0][0]
    if asked is not None and asked > now:
        raise TerminalError(
            f"--valid-from {asked.isoformat()} lies in the future: load the catalogue once it is valid, so that"
            " dim_product shows what is true today"
        )
    return asked or now


def _stage(connection: psycopg.Connection, path: Path) -> BadLines:
    """Copy the valid lines into staging, each product once."""
    bad = BadLines()
    connection.execute(EMPTY_STAGING)
    with connection.cursor().copy(COPY_STAGING) as copy:
        for product in _products(path, bad):
            copy.write_row(product)
    connection.execute(ANALYZE_STAGING)
    repeated = _run(connection, "010_repeated_product", {"shown": SHOWN_LINES}).fetchall()
    for line, product_id, first_line, _ in repeated:
        bad.add(BadLine(line, "product_id", product_id, f"is in line {first_line} already"))
    if repeated:
        bad.number += repeated[0][-1] - len(repeated)
    return bad


def _products(path: Path, bad: BadLines) -> Iterator[CatalogProduct]:
    for record in read_catalog(path):
        product = record if isinstance(record, BadLine) else catalog_product(record)
        if isinstance(product, BadLine):
            bad.add(product)
        else:
            yield product


def _merge(connection: psycopg.Connection, file_name: str, valid_from: datetime, bad: BadLines) -> LoadFigures:
    groups = EnrichmentSettings.load().page_rules().vocabulary.groups
    values: dict[str, Any] = {
        "file_name": file_name,
        "valid_from": valid_from,
        "skipped_lines": bad.number,
        "category_groups": Jsonb(dict(groups)),
    }
    if later := _run(connection, "020_later_statement", values).fetchone():
        product_id, stated_at, products = later
        raise TerminalError(
            f"{file_name}: valid from {valid_from.isoformat()}, but a catalogue of {stated_at.isoformat()} was loaded"
            f" that names {products} of its products, {product_id} among them; load catalogues in the order of time"
        )
    values["load_id"], products = _run(connection, "030_catalog_load", values).fetchall()[0]
    if not products:
        raise TerminalError(f"{file_name}: no product in it, nothing was loaded")
    rows = {
        name: _run(connection, name, values).rowcount
        for name in (
            "040_dim_product_new",
            "041_staged_product_key",
            "050_version_restated",
            "051_version_reopened",
            "052_version_ended",
            "053_version_new",
        )
    }
    values["from_key"] = _run(connection, "054_changed_from", values).fetchall()[0][0]
    for fact in ("055_fact_product_view_event", "056_fact_cart_event", "057_fact_order_line"):
        _run(connection, fact, values)
    for name in ("060_dim_product", "070_catalog_product"):
        rows[name] = _run(connection, name, values).rowcount
    new, described = rows["040_dim_product_new"], rows["060_dim_product"]
    values |= {"new_products": new, "changed_products": described - new}
    _run(connection, "080_catalog_load_counts", values)
    return LoadFigures(valid_from, products, new, described - new, rows["053_version_new"], bad)


def _run(connection: psycopg.Connection, name: str, values: dict[str, Any]) -> psycopg.Cursor[tuple[Any, ...]]:
    statement = (CATALOG_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return connection.execute(statement.encode(), values)
