"""The product catalogue: what it says of a product, since when, and the product as it was at the time of a view.

A product's versions lie side by side from -infinity to infinity. The exclusion constraint forbids overlaps; two
deferred foreign keys forbid gaps: each version begins where another ends and ends where another begins.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ExcludeConstraint

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
MISSING_EXTENSION = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gist') THEN
        RAISE EXCEPTION 'the extension btree_gist is not installed on the server'
            USING HINT = 'It comes with PostgreSQL''s contrib modules; on Debian: apt-get install postgresql-contrib';
    END IF;
END $$
"""

# What the product pages told stays where no catalogue names the product.
PRODUCT_COMMENTS = {
    "product_name": "From the catalogue; for products it does not name, the slug of the newest product page seen",
    "category": "From the catalogue; for products it does not name, path or slug of the newest product page seen",
    "price": "From the catalogue; for products it does not name, the newest price sent with a view; in currency",
    "created_date": "Day of the first event, in the business time zone; null where only the catalogue knows it",
}
FORMER_COMMENTS = {
    "product_name": "From the slug of the newest product page seen",
    "category": "From the path or the slug of the newest product page seen",
    "price": "Newest price sent with a view, in currency",
    "created_date": "Day of the first view, in the business time zone",
}

PRODUCT_VIEW_VERSIONED = """
CREATE VIEW mart.product_view_versioned AS
SELECT fact.event_id, fact.event_time, fact.date_key, fact.product_key, version.product_version_key,
       product.product_id,
       CASE WHEN version.product_version_key IS NULL THEN product.product_name ELSE version.product_name END
           AS product_name,
       CASE WHEN version.product_version_key IS NULL THEN product.category ELSE version.category END AS category,
       CASE WHEN version.product_version_key IS NULL THEN product.price ELSE version.price END AS price,
       CASE WHEN version.product_version_key IS NULL THEN product.currency ELSE version.currency END AS currency,
       coalesce(version.is_active, product.is_active) AS is_active,
       fact.country_key, fact.referrer_key, fact.device_key, fact.option_group_key, fact.visitor, fact.is_bot
FROM fact_product_view_event AS fact
JOIN dim_product AS product USING (product_key)
LEFT JOIN dim_product_version AS version
    ON version.product_key = fact.product_key
   AND version.valid_from <= fact.event_time
   AND version.valid_to > fact.event_time
"""
VIEW_COMMENT = "One row per product view, with the product as the catalogue had it at the time of the view"
VIEW_COMMENTS = {
    "event_id": "Identity of the event (fact_product_view_event)",
    "event_time": "When the page was seen",
    "date_key": "Day of the event in the business time zone, yyyymmdd (dim_date)",
    "product_key": "Product seen (dim_product)",
    "product_version_key": "Version valid at event_time (dim_product_version); null where no catalogue names it",
    "product_id": "The shop's id of the product",
    "product_name": "Of the version; of dim_product where there is none",
    "category": "Of the version; of dim_product where there is none",
    "price": "Of the version, in currency; of dim_product where there is none",
    "currency": "Of the version, ISO 4217; of dim_product where there is none",
    "is_active": "Whether the product was sold at the time of the view",
    "country_key": "Store, and its country (dim_country)",
    "referrer_key": "Page that led here (dim_referrer)",
    "device_key": "Visitor's device (dim_device)",
    "option_group_key": "Options chosen together; -1 is none (dim_option_group)",
    "visitor": "Keyed hash of the user id, else of the device id; null where neither",
    "is_bot": "Whether the event's user agent is a robot's",
}


def product_key(primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(
        "product_key",
        sa.BigInteger,
        sa.ForeignKey("dim_product.product_key"),
        nullable=False,
        primary_key=primary_key,
        autoincrement=False,
        comment="Product (dim_product)",
    )


def load_id() -> sa.Column[int]:
    return sa.Column(
        "load_id",
        sa.BigInteger,
        sa.ForeignKey("etl.catalog_load.load_id"),
        nullable=False,
        comment="Load that said so (etl.catalog_load)",
    )


def create_ledger() -> None:
    op.create_table(
        "catalog_load",
        sa.Column("load_id", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment="Load of a catalogue"),
        sa.Column("file_name", sa.Text, nullable=False, comment="The file's name, without its folder"),
        sa.Column("valid_from", TIME, nullable=False, comment="Since when its products are as it says"),
        sa.Column("loaded_at", TIME, nullable=False, server_default=sa.func.now(), comment="UTC"),
        sa.Column("products", sa.BigInteger, nullable=False, comment="Products named"),
        sa.Column("new_products", sa.BigInteger, nullable=False, server_default="0", comment="Unknown before"),
        sa.Column("changed_products", sa.BigInteger, nullable=False, server_default="0", comment="Described anew"),
        sa.Column("skipped_lines", sa.BigInteger, nullable=False, comment="Bad lines, left out by --skip-bad"),
        schema="etl",
        comment="One row per load of a product catalogue",
    )
    op.create_table(
        "catalog_product",
        product_key(primary_key=True),
        sa.Column("stated_at", TIME, nullable=False, comment="valid_from of the newest catalogue that names it"),
        load_id(),
        schema="etl",
        comment="One row per product that a catalogue names: the newest that does, whether it changed anything or not",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON etl.catalog_load, etl.catalog_product TO warehouse_etl")


def validity() -> list[Any]:
    """The half-open interval of a version, its neighbours, and what keeps it without overlaps and gaps."""
    return [
        sa.Column("valid_from", TIME, nullable=False, comment="First instant; -infinity in a product's first version"),
        sa.Column("valid_to", TIME, nullable=False, comment="First instant after it; infinity in the newest version"),
        sa.Column(
            "previous_valid_to",
            TIME,
            sa.Computed("nullif(valid_from, '-infinity'::timestamptz)", persisted=True),
            comment="Where the version before it ends; null in the first",
        ),
        sa.Column(
            "next_valid_from",
            TIME,
            sa.Computed("nullif(valid_to, 'infinity'::timestamptz)", persisted=True),
            comment="Where the version after it begins; null in the newest",
        ),
        sa.CheckConstraint("valid_from < valid_to", name="dim_product_version_not_empty"),
        sa.UniqueConstraint("product_key", "valid_from", name="dim_product_version_from"),
        sa.UniqueConstraint("product_key", "valid_to", name="dim_product_version_to"),
        ExcludeConstraint(
            (sa.column("product_key"), "="),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            name="dim_product_version_no_overlap",
            using="gist",
        ),
        *(
            sa.ForeignKeyConstraint(
                ["product_key", neighbour],
                ["dim_product_version.product_key", f"dim_product_version.{bound}"],
                name=f"dim_product_version_no_gap_{side}",
                deferrable=True,
                initially="DEFERRED",
            )
            for neighbour, bound, side in (
                ("previous_valid_to", "valid_to", "before"),
                ("next_valid_from", "valid_from", "after"),
            )
        ),
    ]


def create_versions() -> None:
    op.create_table(
        "dim_product_version",
        sa.Column(
            "product_version_key", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment="Surrogate"
        ),
        product_key(),
        sa.Column("product_name", sa.Text, nullable=False, comment="As the catalogue has it"),
        sa.Column("category", sa.Text, comment="As the catalogue has it"),
        sa.Column("price", sa.Numeric(14, 2), comment="As the catalogue has it, in currency"),
        sa.Column("currency", sa.Text, comment="ISO 4217"),
        sa.Column("is_active", sa.Boolean, nullable=False, comment="False once withdrawn"),
        *validity(),
        sa.Column(
            "catalogued_at",
            TIME,
            nullable=False,
            comment="valid_from of the catalogue that said so first; later than the version's only in a first version",
        ),
        load_id(),
        comment="One row per product and interval in which the catalogue said the same of it, without gaps or overlaps",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON dim_product_version TO warehouse_etl")


def comment_product(comments: dict[str, str]) -> None:
    for column, comment in comments.items():
        op.alter_column("dim_product", column, comment=comment)


def upgrade() -> None:
    op.execute(MISSING_EXTENSION)
    # Where it is not there yet, the owner of the database may create it: a trusted extension.
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.add_column(
        "dim_product",
        sa.Column(
            "catalogued_at",
            TIME,
            comment="Since when the catalogue says this of the product; null where it does not name it",
        ),
    )
    comment_product(PRODUCT_COMMENTS)
    create_ledger()
    create_versions()
    op.create_table(
        "catalog_product",
        sa.Column("line_number", sa.BigInteger),
        sa.Column("product_id", sa.Text),
        sa.Column("product_name", sa.Text),
        sa.Column("category", sa.Text),
        sa.Column("price", sa.Numeric(14, 2)),
        sa.Column("currency", sa.Text),
        sa.Column("is_active", sa.Boolean),
        sa.Column("product_key", sa.BigInteger),
        schema="staging",
        prefixes=["UNLOGGED"],
        comment="One row per valid line of the catalogue that is being loaded",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON staging.catalog_product TO warehouse_etl")
    op.execute(PRODUCT_VIEW_VERSIONED)
    op.execute(f"COMMENT ON VIEW mart.product_view_versioned IS '{VIEW_COMMENT}'")
    for column, comment in VIEW_COMMENTS.items():
        text = comment.replace("'", "''")
        op.execute(f"COMMENT ON COLUMN mart.product_view_versioned.{column} IS '{text}'")


def downgrade() -> None:
    op.execute("DROP VIEW mart.product_view_versioned")
    op.drop_table("catalog_product", schema="staging")
    op.drop_table("dim_product_version")
    op.drop_table("catalog_product", schema="etl")
    op.drop_table("catalog_load", schema="etl")
    comment_product(FORMER_COMMENTS)
    op.drop_column("dim_product", "catalogued_at")
