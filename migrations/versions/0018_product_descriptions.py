"""A product has one description: the pages that it rests on, its names by language, its prices by store.

What is known is carried over: the pages of all product views, which the next run of the ETL reads by its rules, and the
newest price, whose view tells the store. A category that was a path becomes `category_path`.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
GROUPS = {
    "rings": "rings",
    "earrings": "earrings",
    "necklaces": "neck jewellery",
    "pendants": "neck jewellery",
    "chains": "neck jewellery",
    "charms": "charms",
    "bracelets": "wrist jewellery",
    "bangles": "wrist jewellery",
    "anklets": "ankle jewellery",
    "brooches": "clothing jewellery",
    "cufflinks": "clothing jewellery",
    "piercings": "body jewellery",
    "watches": "watches",
}
KINDS = ", ".join(f"'{kind}'" for kind in GROUPS)
WHENS = " ".join(f"WHEN '{kind}' THEN '{group}'" for kind, group in GROUPS.items())
COMMENTS = {
    "product_name": (
        "From the catalogue; for products it does not name, the slug of the newest product page seen",
        "From the catalogue; for products it does not name, what the shop's pages in the preferred language say",
    ),
    "category": (
        "From the catalogue; for products it does not name, path or slug of the newest product page seen",
        "From the catalogue; for products it does not name, a kind of categories.csv that its pages name",
    ),
    "price": (
        "From the catalogue; for products it does not name, the newest price sent with a view; in currency",
        "From the catalogue; for products it does not name, the newest in the preferred store; in currency",
    ),
}
# An older path's last folder may name a kind; the ETL reads the pages again and fills in the rest.
CATEGORIES = f"""
UPDATE dim_product
SET category_path = category,
    category = CASE WHEN regexp_replace(category, '^.*/', '') IN ({KINDS}) THEN regexp_replace(category, '^.*/', '') END
WHERE catalogued_at IS NULL AND category NOT IN ({KINDS})
"""
CATEGORY_GROUPS = f"""
UPDATE dim_product SET category_group = CASE category {WHENS} END
WHERE category IN ({KINDS})
"""
PAGES = """
INSERT INTO etl.product_page (product_key, page, views, read_by)
SELECT product_key, page, count(*), ''
FROM fact_event
WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
  AND page IS NOT NULL AND product_key > 0
GROUP BY product_key, page
"""
PRICES = """
INSERT INTO dim_product_price (product_key, country_key, price, currency, valid_from, valid_to)
SELECT product.product_key, coalesce(max(fact.country_key), -1), product.price, coalesce(product.currency, 'XXX'),
       product.priced_at, product.priced_at
FROM dim_product AS product
LEFT JOIN fact_product_view_event AS fact ON fact.event_id = product.priced_by AND fact.event_time = product.priced_at
WHERE product.price IS NOT NULL AND product.priced_at IS NOT NULL AND product.catalogued_at IS NULL
GROUP BY product.product_key
"""
PRICE_STORES = """
UPDATE dim_product AS product
SET price_country_key = price.country_key
FROM dim_product_price AS price
WHERE price.product_key = product.product_key
"""
PRICED_AT = """
UPDATE dim_product AS product
SET priced_at = newest.valid_to
FROM (SELECT product_key, max(valid_to) AS valid_to FROM dim_product_price GROUP BY product_key) AS newest
WHERE newest.product_key = product.product_key AND product.catalogued_at IS NULL
"""


def key(name: str, dimension: str, comment: str, primary_key: bool = True) -> sa.Column[int]:
    return sa.Column(
        name,
        sa.BigInteger,
        sa.ForeignKey(f"{dimension}.{dimension.removeprefix('dim_')}_key"),
        primary_key=primary_key,
        nullable=False,
        autoincrement=False,
        comment=f"{comment} ({dimension})",
    )


def create_pages() -> None:
    op.create_table(
        "product_page",
        key("product_key", "dim_product", "Product"),
        sa.Column("page", sa.Text, primary_key=True, comment="Host and path, as in fact_event"),
        sa.Column(
            "views",
            sa.BigInteger,
            nullable=False,
            comment="Product views of it that were loaded, those of removed months too",
        ),
        sa.Column("product_name", sa.Text, comment="What its slug says; null while it has not been read"),
        sa.Column("language", sa.Text, comment="ISO 639-1, of the page"),
        sa.Column("category", sa.Text, comment="Kind of categories.csv that it names"),
        sa.Column("category_path", sa.Text, comment="Its folders, in its own words"),
        sa.Column(
            "read_by",
            sa.Text,
            nullable=False,
            comment="Fingerprint of the rules that it was read by; empty while it has not been read",
        ),
        schema="etl",
        comment="One row per product and page of the shop that it was seen on: what dim_product is described by",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON etl.product_page TO warehouse_etl")


def create_names() -> None:
    op.create_table(
        "dim_product_name",
        key("product_key", "dim_product", "Product"),
        sa.Column("language", sa.Text, primary_key=True, comment="ISO 639-1, of the pages"),
        sa.Column("product_name", sa.Text, primary_key=True, comment="As the slug spells it, its words capitalised"),
        sa.Column(
            "is_preferred",
            sa.Boolean,
            nullable=False,
            comment="Whether it is the most frequent name in the language",
        ),
        comment="One row per product, language and name that the shop's own pages gave it",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON dim_product_name TO warehouse_etl")


def create_prices() -> None:
    op.create_table(
        "dim_product_price",
        key("product_key", "dim_product", "Product"),
        key("country_key", "dim_country", "Store"),
        sa.Column("price", sa.Numeric(14, 2), primary_key=True, comment="In currency"),
        sa.Column(
            "currency",
            sa.Text,
            primary_key=True,
            comment="ISO 4217, or the symbol as sent where it names no single currency; XXX where none was sent",
        ),
        sa.Column("valid_from", TIME, nullable=False, comment="When a view first showed it"),
        sa.Column("valid_to", TIME, nullable=False, comment="When a view last showed it"),
        comment="One row per product, store and price that views showed there; options make several hold at once",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON dim_product_price TO warehouse_etl")


def change_product() -> None:
    for name, comment in (
        ("language", "ISO 639-1, of the pages that product_name is from; null where it is from the catalogue"),
        ("category_group", "The level above category; null where category is none of categories.csv"),
        ("category_path", "The folders that its pages are in, in their own words"),
    ):
        op.add_column("dim_product", sa.Column(name, sa.Text, comment=comment))
    store = key("price_country_key", "dim_country", "Store that price is of; -1 where it is from the catalogue", False)
    store.server_default = sa.DefaultClause("-1")
    op.add_column("dim_product", store)
    for name, (_, comment) in COMMENTS.items():
        op.alter_column("dim_product", name, comment=comment)


def change_staging() -> None:
    for name in ("described_at", "described_by", "price", "currency", "priced_at", "priced_by"):
        op.drop_column("product", name, schema="staging")
    for name in ("page", "language", "category_path"):
        op.add_column("product", sa.Column(name, sa.Text), schema="staging")
    op.create_table_comment(
        "product",
        "One row per product and page that it was seen on, with what the page's address tells",
        schema="staging",
    )
    op.create_table(
        "touched_product",
        sa.Column("product_key", sa.BigInteger),
        schema="staging",
        prefixes=["UNLOGGED"],
        comment="One row per product that is described anew, or more",
    )
    op.execute("GRANT SELECT, INSERT, TRUNCATE ON staging.touched_product TO warehouse_etl")


def upgrade() -> None:
    create_pages()
    create_names()
    create_prices()
    change_product()
    change_staging()
    for statement in (CATEGORIES, CATEGORY_GROUPS, PAGES, PRICES, PRICE_STORES):
        op.execute(statement)
    for name in ("described_at", "described_by", "priced_at", "priced_by"):
        op.drop_column("dim_product", name)


def restore_product() -> None:
    for name, kind, comment in (
        ("described_at", TIME, "Time of the event that the description is from"),
        ("described_by", UUID, "That event's id: of two at the same time, the greater id describes"),
        ("priced_at", TIME, "Time of the event that the price is from"),
        ("priced_by", UUID, "That event's id"),
    ):
        op.add_column("dim_product", sa.Column(name, kind, comment=comment))
    op.execute(PRICED_AT)
    op.execute("UPDATE dim_product SET category = category_path WHERE category IS NULL AND catalogued_at IS NULL")
    for name in ("language", "category_group", "category_path", "price_country_key"):
        op.drop_column("dim_product", name)
    for name, (comment, _) in COMMENTS.items():
        op.alter_column("dim_product", name, comment=comment)


def restore_staging() -> None:
    op.drop_table("touched_product", schema="staging")
    for name in ("page", "language", "category_path"):
        op.drop_column("product", name, schema="staging")
    for name, kind in (
        ("described_at", TIME),
        ("described_by", UUID),
        ("price", sa.Numeric),
        ("currency", sa.Text),
        ("priced_at", TIME),
        ("priced_by", UUID),
    ):
        op.add_column("product", sa.Column(name, kind), schema="staging")
    op.create_table_comment("product", "One row per product and page path", schema="staging")


def downgrade() -> None:
    restore_product()
    restore_staging()
    op.drop_table("dim_product_price")
    op.drop_table("dim_product_name")
    op.drop_table("product_page", schema="etl")
