"""How analysts reach it: pages and steps of sessions, the product version on facts, a schema for marts computed ahead.

A session whose events retention has removed in part keeps nulls: nobody knows its pages any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

PAGE_TYPES = {
    "view_landing_page": "landing",
    "view_home_page": "home",
    "view_static_page": "static",
    "view_listing_page": "listing",
    "view_product_detail": "product",
    "view_all_recommend": "recommendations",
    "view_shopping_cart": "cart",
    "checkout": "checkout",
    "checkout_success": "order",
    "view_my_account": "account",
}
SESSION_COLUMNS = (
    ("pages", sa.Integer, "Pages shown; null where retention had removed its events before they were counted"),
    ("entry_page_type", sa.Text, "Type of the first page shown (dim_event_kind.page_type); null where none was"),
    ("next_page_type", sa.Text, "Type of the second page shown; null where there was one at most"),
    ("exit_page_type", sa.Text, "Type of the last page shown; null where none was"),
    ("seconds_to_view", sa.Integer, "From the first event to the first product view; null without one"),
    ("seconds_to_cart", sa.Integer, "From the first event to the first cart addition; null without one"),
    ("seconds_to_checkout", sa.Integer, "From the first event to the first opening of the checkout; null without one"),
    ("seconds_to_order", sa.Integer, "From the first event to the first order; null without one"),
)
PATHS_OF_SESSIONS = """
UPDATE fact_session AS session
SET pages = coalesce(cardinality(told.page_types), 0),
    entry_page_type = told.page_types[1],
    next_page_type = told.page_types[2],
    exit_page_type = told.page_types[cardinality(told.page_types)],
    seconds_to_view = extract(epoch FROM told.viewed_at - session.started_at),
    seconds_to_cart = extract(epoch FROM told.carted_at - session.started_at),
    seconds_to_checkout = extract(epoch FROM told.checked_out_at - session.started_at),
    seconds_to_order = extract(epoch FROM told.ordered_at - session.started_at)
FROM (
    SELECT session_id, count(*) AS events,
           array_agg(kind.page_type ORDER BY event_time, bus_partition, bus_offset)
               FILTER (WHERE kind.page_type IS NOT NULL) AS page_types,
           min(event_time) FILTER (WHERE kind.step = 'view') AS viewed_at,
           min(event_time) FILTER (WHERE kind.step = 'cart') AS carted_at,
           min(event_time) FILTER (WHERE kind.step = 'checkout') AS checked_out_at,
           min(event_time) FILTER (WHERE kind.step = 'order') AS ordered_at
    FROM fact_event
    JOIN dim_event_kind AS kind USING (kind_key)
    WHERE session_id IS NOT NULL
    GROUP BY session_id
) AS told
WHERE told.session_id = session.session_id AND told.events = session.events
"""

VERSIONED = ("fact_product_view_event", "fact_cart_event", "fact_order_line")
VERSION_COMMENT = "Version of the product valid at the time; -1 where no catalogue names it (dim_product_version)"
VERSIONS_OF_EVENTS = """
UPDATE {fact} AS fact
SET product_version_key = version.product_version_key
FROM dim_product_version AS version
WHERE version.product_key = fact.product_key AND version.product_key > 0
  AND version.valid_from <= fact.event_time AND version.valid_to > fact.event_time
"""
VERSIONS_OF_LINES = """
UPDATE fact_order_line AS line
SET product_version_key = version.product_version_key
FROM fact_order AS purchase, dim_product_version AS version
WHERE purchase.order_key = line.order_key AND version.product_key = line.product_key AND version.product_key > 0
  AND version.valid_from <= purchase.event_time AND version.valid_to > purchase.event_time
"""
MEMBERS = """
INSERT INTO dim_product_version (
    product_version_key, product_key, product_name, is_active, valid_from, valid_to, catalogued_at
) OVERRIDING SYSTEM VALUE
VALUES (-1, -1, 'Unknown', true, '-infinity', 'infinity', '-infinity'),
       (-2, -2, 'Not applicable', true, '-infinity', 'infinity', '-infinity')
"""
# A table with rows that a deferred key has still to check cannot be altered.
CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE"
LOAD_COMMENTS = (
    "Load that said so (etl.catalog_load)",
    "Load that said so (etl.catalog_load); null of the members -1 and -2",
)


def say(what: str, comment: str) -> None:
    quoted = comment.replace("'", "''")
    op.execute(f"COMMENT ON {what} IS '{quoted}'")


def create_materialized() -> None:
    op.execute("CREATE SCHEMA materialized")
    say("SCHEMA materialized", "What the marts of the same names show, computed ahead; analysts read mart")
    # For the proof of an erasure, which looks into all that the ETL's login may read.
    op.execute("GRANT USAGE ON SCHEMA materialized TO warehouse_etl")
    op.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA materialized GRANT SELECT ON TABLES TO warehouse_etl")


def add_page_types() -> None:
    comment = "Type of the page that an event of the kind shows; null where it shows none"
    op.add_column("dim_event_kind", sa.Column("page_type", sa.Text, comment=comment))
    for kind, page_type in PAGE_TYPES.items():
        op.execute(f"UPDATE dim_event_kind SET page_type = '{page_type}' WHERE kind = '{kind}'")


def add_paths() -> None:
    for name, kind, comment in SESSION_COLUMNS:
        op.add_column("fact_session", sa.Column(name, kind, comment=comment))
    op.execute(PATHS_OF_SESSIONS)


def add_versions() -> None:
    op.alter_column("dim_product_version", "load_id", nullable=True)
    say("COLUMN dim_product_version.load_id", LOAD_COMMENTS[1])
    op.execute(MEMBERS)
    op.execute(CHECK_NOW)
    for fact in VERSIONED:
        column = sa.Column(
            "product_version_key", sa.BigInteger, nullable=False, server_default="-1", comment=VERSION_COMMENT
        )
        op.add_column(fact, column)
        op.execute(VERSIONS_OF_LINES if fact == "fact_order_line" else VERSIONS_OF_EVENTS.format(fact=fact))
    op.add_column("resolved_event", sa.Column("product_version_key", sa.BigInteger), schema="staging")


def upgrade() -> None:
    create_materialized()
    add_page_types()
    add_paths()
    add_versions()


def downgrade() -> None:
    op.drop_column("resolved_event", "product_version_key", schema="staging")
    for fact in reversed(VERSIONED):
        op.drop_column(fact, "product_version_key")
    op.execute("DELETE FROM dim_product_version WHERE product_version_key < 0")
    op.execute(CHECK_NOW)
    say("COLUMN dim_product_version.load_id", LOAD_COMMENTS[0])
    op.alter_column("dim_product_version", "load_id", nullable=False)
    for name, *_ in reversed(SESSION_COLUMNS):
        op.drop_column("fact_session", name)
    op.drop_column("dim_event_kind", "page_type")
    op.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA materialized REVOKE SELECT ON TABLES FROM warehouse_etl")
    op.execute("DROP SCHEMA materialized")
