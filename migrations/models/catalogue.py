"""The product catalogue: what it says of a product, since when, and the ledger of its loads."""

import datetime
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy import column as expression
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped

from migrations.models.base import Base, column, dimension_key
from migrations.models.ledger import Ledger

CATALOGUE = "catalogue"
LOAD = "etl.catalog_load.load_id"
VERSION = "dim_product_version"


def no_gap(side: str, neighbour: str, bound: str) -> ForeignKeyConstraint:
    """A version's `neighbour` is the `bound` of another version of its product, by the end of the transaction."""
    return ForeignKeyConstraint(
        ["product_key", neighbour],
        [f"{VERSION}.product_key", f"{VERSION}.{bound}"],
        name=f"{VERSION}_no_gap_{side}",
        deferrable=True,
        initially="DEFERRED",
    )


class DimProductVersion(Base):
    """One row per product and interval in which the catalogue said the same of it, without gaps or overlaps"""

    __tablename__ = VERSION
    extras = (
        CheckConstraint("valid_from < valid_to", name=f"{VERSION}_not_empty"),
        UniqueConstraint("product_key", "valid_from", name=f"{VERSION}_from"),
        UniqueConstraint("product_key", "valid_to", name=f"{VERSION}_to"),
        ExcludeConstraint(
            (expression("product_key"), "="),
            (text("tstzrange(valid_from, valid_to)"), "&&"),
            name=f"{VERSION}_no_overlap",
            using="gist",
        ),
        no_gap("before", "previous_valid_to", "valid_to"),
        no_gap("after", "next_valid_from", "valid_from"),
    )

    product_version_key: Mapped[int] = column("Surrogate", "generated", Identity(always=True), primary_key=True)
    product_key: Mapped[int] = dimension_key("dim_product.product_key", "Product", CATALOGUE)
    product_name: Mapped[str] = column("As the catalogue has it", CATALOGUE)
    category: Mapped[str | None] = column("As the catalogue has it", CATALOGUE)
    price: Mapped[Decimal | None] = column("As the catalogue has it, in currency", CATALOGUE)
    currency: Mapped[str | None] = column("ISO 4217", CATALOGUE)
    is_active: Mapped[bool] = column("False once withdrawn", CATALOGUE)
    valid_from: Mapped[datetime.datetime] = column(
        "First instant; -infinity in a product's first version", "`--valid-from` of the load"
    )
    valid_to: Mapped[datetime.datetime] = column(
        "First instant after it; infinity in the newest version", "valid_from of the next version"
    )
    previous_valid_to: Mapped[datetime.datetime | None] = column(
        "Where the version before it ends; null in the first",
        "valid_from",
        Computed("nullif(valid_from, '-infinity'::timestamptz)", persisted=True),
    )
    next_valid_from: Mapped[datetime.datetime | None] = column(
        "Where the version after it begins; null in the newest",
        "valid_to",
        Computed("nullif(valid_to, 'infinity'::timestamptz)", persisted=True),
    )
    catalogued_at: Mapped[datetime.datetime] = column(
        "valid_from of the catalogue that said so first; later than the version's only in a first version",
        "`--valid-from` of the load",
    )
    load_id: Mapped[int | None] = column(
        "Load that said so (etl.catalog_load); null of the members -1 and -2",
        "utilities.load_product_catalog",
        ForeignKey(LOAD),
    )


class CatalogLoad(Ledger):
    """One row per load of a product catalogue"""

    __tablename__ = "catalog_load"

    load_id: Mapped[int] = column("Load of a catalogue", "", Identity(always=True), primary_key=True)
    file_name: Mapped[str] = column("The file's name, without its folder")
    valid_from: Mapped[datetime.datetime] = column("Since when its products are as it says")
    loaded_at: Mapped[datetime.datetime] = column("UTC", server_default=func.now())
    products: Mapped[int] = column("Products named")
    new_products: Mapped[int] = column("Unknown before", server_default="0")
    changed_products: Mapped[int] = column("Described anew", server_default="0")
    skipped_lines: Mapped[int] = column("Bad lines, left out by --skip-bad")


class CatalogProduct(Ledger):
    """One row per product that a catalogue names: the newest that does, whether it changed anything or not"""

    __tablename__ = "catalog_product"

    product_key: Mapped[int] = dimension_key(
        "dim_product.product_key", "Product", "", primary_key=True, autoincrement=False
    )
    stated_at: Mapped[datetime.datetime] = column("valid_from of the newest catalogue that names it")
    load_id: Mapped[int] = column("Load that said so (etl.catalog_load)", "", ForeignKey(LOAD))


class ProductPage(Ledger):
    """One row per product and page of the shop that it was seen on: what dim_product is described by"""

    __tablename__ = "product_page"

    product_key: Mapped[int] = dimension_key(
        "dim_product.product_key", "Product", "", primary_key=True, autoincrement=False
    )
    page: Mapped[str] = column("Host and path, as in fact_event", primary_key=True)
    views: Mapped[int] = column("Product views of it that were loaded, those of removed months too")
    product_name: Mapped[str | None] = column("What its slug says; null while it has not been read")
    language: Mapped[str | None] = column("ISO 639-1, of the page")
    category: Mapped[str | None] = column("Kind of categories.csv that it names")
    category_path: Mapped[str | None] = column("Its folders, in its own words")
    read_by: Mapped[str] = column("Fingerprint of the rules that it was read by; empty while it has not been read")
