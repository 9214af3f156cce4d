"""Orders by id, store, device or person, and time; money as sent; what PostgreSQL refuses.

Orders that were two because the success page was loaded again with another cart, or after login, become one. What is
frozen here is what `sql/load` did to the orders of a run when this revision was written.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

from migrations.marts import MARTS_0020, read_marts

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Columns that hold money or amounts, which may have more than two decimals.
ALTERED = (
    ("dim_product", "price"),
    ("dim_product_version", "price"),
    ("fact_cart_event", "price"),
    ("fact_order", "revenue"),
    ("fact_order_line", "price"),
)
MEMBERS = ("order_line", "product", "store", "referrer", "device", "user_agent", "option_group", "event")
# Of each changed column, its comment before and after.
COMMENTS = {
    ("fact_order", "order_key"): (
        "MD5 of order id, visitor, store and cart",
        "Id of the earliest event that tells of it",
    ),
    ("fact_order", "order_id"): (
        "The shop's id; not unique: some are used again for another cart",
        "The shop's id; not unique: some are used again for another order",
    ),
    ("fact_order", "revenue"): (
        "Sum of amount x price, in currency; null where a line has no price",
        "Sum of amount x price, in currency; null where revenue_missing says why",
    ),
    ("fact_order_line", "amount"): (
        "Pieces",
        "Pieces: also none, a fraction, or fewer than none; null where none was sent",
    ),
    ("fact_order_line", "price"): (
        "Price of one piece, in currency",
        "Price of one piece, in currency; null where none was sent",
    ),
    ("fact_cart_event", "price"): (
        "Price of one piece, in currency",
        "Price of one piece, in currency; null where none was sent",
    ),
}
LINE_GRAIN = (
    "One row per line of each order of the run",
    "One row per line of the cart of each event of the run that tells of an order",
)
SENT_CURRENCY = "The currency as sent; null where none was"
REVENUE_MISSING = "Why there is no revenue: empty cart, no price, no amount, unknown currency or several currencies"
CART_EVENT = "The earliest event that tells of it and whose cart is not empty: its lines count"

# Views, materialized or not, that read a column, and what reads those.
DEPENDENTS = """
WITH RECURSIVE reading (oid) AS (
    SELECT rule.ev_class
    FROM pg_depend AS link
    JOIN pg_rewrite AS rule ON rule.oid = link.objid
    JOIN pg_attribute AS read ON read.attrelid = link.refobjid AND read.attnum = link.refobjsubid
    WHERE link.classid = 'pg_rewrite'::regclass
      AND (link.refobjid::regclass::text, read.attname) IN ({columns})
    UNION
    SELECT rule.ev_class
    FROM reading
    JOIN pg_depend AS link ON link.refobjid = reading.oid AND link.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS rule ON rule.oid = link.objid AND rule.ev_class <> reading.oid
)
SELECT view.relname, view.relkind = 'm', pg_get_viewdef(view.oid), obj_description(view.oid, 'pg_class'),
       (SELECT jsonb_object_agg(attname, col_description(view.oid, attnum)) FROM pg_attribute
        WHERE attrelid = view.oid AND attnum > 0 AND col_description(view.oid, attnum) IS NOT NULL)
FROM reading
JOIN pg_class AS view USING (oid)
ORDER BY view.oid
"""

ISO_CURRENCY = """
CREATE FUNCTION etl.iso_currency(sent text, of_store text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN sent = 'kr' THEN CASE WHEN of_store IN ('DKK', 'ISK', 'NOK', 'SEK') THEN of_store END
    WHEN sent = '$' THEN CASE
        WHEN of_store IN ('ARS', 'AUD', 'CAD', 'CLP', 'COP', 'HKD', 'MXN', 'NZD', 'SGD', 'USD', 'UYU') THEN of_store
        ELSE 'USD'
    END
    WHEN sent ~ '^[A-Z]{3}$' THEN sent
END
$$
"""

# The longest that unique indexes of marts and the reader (spark/event_text.py, spark/staged_rows.py) take.
BOUNDS = (
    "UPDATE fact_product_view_event SET utm_source = left(utm_source, 200), utm_medium = left(utm_medium, 200)"
    " WHERE length(utm_source) > 200 OR length(utm_medium) > 200",
    "UPDATE dim_device SET browser_info = left(browser_info, 100), os = left(os, 100)"
    " WHERE length(browser_info) > 100 OR length(os) > 100",
    "UPDATE dim_referrer SET referrer_domain = left(referrer_domain, 253) WHERE length(referrer_domain) > 253",
    # A symbol of several currencies is none of ISO 4217; it was sent by views, and is not kept.
    "UPDATE dim_product SET currency = NULL WHERE currency !~ '^[A-Z]{3}$'",
)

# Lines were those of the order's first event. Every order is made anew; what retention left without events is kept.
SENT_LINES = """
INSERT INTO etl.sent_order_line (
    event_id, line_number, date_key, product_key, option_group_key, amount, price, currency
)
SELECT purchase.event_id, line.line_number, purchase.date_key, line.product_key, line.option_group_key, line.amount,
       line.price, line.currency
FROM fact_order AS purchase
JOIN fact_order_line AS line USING (order_key)
WHERE EXISTS (SELECT FROM fact_event AS event WHERE event.order_key = purchase.order_key)
"""
TOUCHED = """
INSERT INTO staging.touched_order (order_key)
SELECT order_key FROM fact_event WHERE order_key IS NOT NULL
EXCEPT
SELECT order_key FROM staging.touched_order
"""
OWN_ORDER = """
UPDATE fact_event AS event SET order_key = event.event_id
FROM fact_order AS known
WHERE known.order_key = event.order_key AND event.order_id IS NULL AND known.date_key >= etl.facts_kept_from()
"""
ORDER_OF_EVENT = """
WITH told AS (
    SELECT event.event_id, event.date_key, event.order_id, event.country_key, event.event_time, event.bus_topic,
           event.bus_partition, event.bus_offset,
           coalesce(event.visitor::text, 'device ' || event.device_key) AS person,
           coalesce(nullif(event.device_key, -1)::text, event.visitor::text, '') AS device
    FROM fact_event AS event
    JOIN staging.touched_order AS touched USING (order_key)
    LEFT JOIN fact_order AS known USING (order_key)
    -- Of an order whose first events retention removed nothing can be told anew.
    WHERE event.order_id IS NOT NULL
      AND coalesce(known.date_key >= (SELECT etl.facts_kept_from()), true)
),
by_device AS (
    SELECT *, min(person) OVER (PARTITION BY order_id, country_key, device) AS of_device FROM told
),
by_person AS (
    SELECT *, min(of_device) OVER (PARTITION BY order_id, country_key, person) AS of_person FROM by_device
),
by_buyer AS (
    SELECT *, min(of_person) OVER (PARTITION BY order_id, country_key, device) AS buyer FROM by_person
),
in_time AS (
    SELECT *, event_time - lag(event_time) OVER buyers > interval '24 hours' AS is_later
    FROM by_buyer
    WINDOW buyers AS (
        PARTITION BY order_id, country_key, buyer ORDER BY event_time, bus_topic, bus_partition, bus_offset
    )
),
chained AS (
    SELECT *, count(*) FILTER (WHERE is_later) OVER (
        PARTITION BY order_id, country_key, buyer ORDER BY event_time, bus_topic, bus_partition, bus_offset
    ) AS chain
    FROM in_time
),
named AS (
    SELECT event_id, date_key, first_value(event_id) OVER (
        PARTITION BY order_id, country_key, buyer, chain ORDER BY event_time, bus_topic, bus_partition, bus_offset
    ) AS order_key
    FROM chained
),
renamed AS (
    UPDATE fact_event AS event
    SET order_key = named.order_key
    FROM named
    WHERE event.event_id = named.event_id AND event.date_key = named.date_key
      AND event.order_key IS DISTINCT FROM named.order_key
    RETURNING event.order_key
)
INSERT INTO staging.touched_order (order_key)
SELECT order_key FROM renamed
EXCEPT
SELECT order_key FROM staging.touched_order
"""
ORDERS_REMOVED = """
DELETE FROM fact_order AS known
USING staging.touched_order AS touched
WHERE known.order_key = touched.order_key AND known.date_key >= (SELECT etl.facts_kept_from())
"""
ORDERS = """
WITH told AS (
    SELECT event.order_key, event.order_id, event.event_id, event.event_time, event.date_key, event.country_key,
           event.referrer_key, event.device_key, event.visitor, event.is_bot,
           row_number() OVER of_order AS place, count(*) OVER (PARTITION BY event.order_key) AS events
    FROM fact_event AS event
    JOIN staging.touched_order AS touched USING (order_key)
    WINDOW of_order AS (
        PARTITION BY event.order_key
        ORDER BY event.event_time, event.bus_topic, event.bus_partition, event.bus_offset
    )
),
cart AS (
    SELECT DISTINCT ON (order_key) order_key, event_id
    FROM told
    WHERE EXISTS (SELECT FROM etl.sent_order_line AS line WHERE line.event_id = told.event_id)
    ORDER BY order_key, place
),
total AS (
    SELECT order_key, event_id, count(*) AS lines, coalesce(sum(amount), 0) AS items, sum(amount * price) AS revenue,
           CASE WHEN count(currency) = count(*) AND count(DISTINCT currency) = 1 THEN min(currency) END AS currency,
           CASE
               WHEN count(price) < count(*) THEN 'no price'
               WHEN count(amount) < count(*) THEN 'no amount'
               WHEN count(currency) < count(*) THEN 'unknown currency'
               WHEN count(DISTINCT currency) > 1 THEN 'several currencies'
           END AS missing
    FROM cart
    JOIN etl.sent_order_line AS line USING (event_id)
    GROUP BY order_key, event_id
)
INSERT INTO fact_order (
    order_key, order_id, event_id, event_time, date_key, country_key, referrer_key, device_key, visitor, is_bot, events,
    lines, items, revenue, currency, cart_event_id, revenue_missing
)
SELECT told.order_key, told.order_id, told.event_id, told.event_time, told.date_key, told.country_key,
       told.referrer_key, told.device_key, told.visitor, told.is_bot, told.events, coalesce(total.lines, 0),
       coalesce(total.items, 0), CASE WHEN total.missing IS NULL THEN total.revenue END, total.currency,
       total.event_id, CASE WHEN total.event_id IS NULL THEN 'empty cart' ELSE total.missing END
FROM told
LEFT JOIN total USING (order_key)
WHERE told.place = 1
-- What 067 kept.
ON CONFLICT (order_key) DO NOTHING
"""
ORDER_LINES = """
INSERT INTO fact_order_line (
    order_key, line_number, product_key, option_group_key, amount, price, currency, currency_sent
)
SELECT order_key, line.line_number, line.product_key, line.option_group_key, line.amount, line.price, line.currency,
       line.currency_sent
FROM staging.touched_order
JOIN fact_order AS purchase USING (order_key)
JOIN etl.sent_order_line AS line ON line.event_id = purchase.cart_event_id
ON CONFLICT DO NOTHING
"""


def alter(kinds: dict[tuple[str, str], str]) -> None:
    """Give columns another type; the views that read them are made anew."""
    columns = ", ".join(f"('{table}', '{name}')" for table, name in kinds)
    views = op.get_bind().execute(sa.text(DEPENDENTS.format(columns=columns))).fetchall()
    for name, is_materialized, *_ in reversed(views):
        op.execute(f"DROP {'MATERIALIZED ' if is_materialized else ''}VIEW mart.{name}")
    for (table, name), kind in kinds.items():
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {kind}")
    marts = {mart.name: mart for mart in read_marts(MARTS_0020)}
    for name, _, definition, comment, comments in views:
        if mart := marts.get(name):
            for statement in mart.creation():
                op.execute(statement)
            continue
        op.execute(f"CREATE VIEW mart.{name} AS {definition}")
        say(f"VIEW mart.{name}", comment)
        for column, text in (comments or {}).items():
            say(f"COLUMN mart.{name}.{column}", text)


def say(target: str, comment: str) -> None:
    quoted = comment.replace("'", "''")
    op.execute(f"COMMENT ON {target} IS '{quoted}'")


def create_tables() -> None:
    op.create_table(
        "sent_order_line",
        sa.Column("event_id", UUID, primary_key=True, comment="Event that tells of an order (fact_event)"),
        sa.Column(
            "line_number", sa.Integer, primary_key=True, autoincrement=False, comment="Place in the cart, from 1"
        ),
        sa.Column("date_key", sa.Integer, nullable=False, comment="Day of the event, yyyymmdd (dim_date)"),
        sa.Column("product_key", sa.BigInteger, nullable=False, comment="Product (dim_product)"),
        sa.Column("option_group_key", sa.BigInteger, nullable=False, comment="Options chosen (dim_option_group)"),
        sa.Column("amount", sa.Numeric, comment="As in fact_order_line"),
        sa.Column("price", sa.Numeric, comment="As in fact_order_line"),
        sa.Column("currency", sa.Text, comment="As in fact_order_line"),
        sa.Column("currency_sent", sa.Text, comment="As in fact_order_line"),
        schema="etl",
        comment="One row per line of the cart of each event that tells of an order; fact_order_line has one event's",
    )
    op.create_index("sent_order_line_date", "sent_order_line", ["date_key"], schema="etl")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON etl.sent_order_line TO warehouse_etl")
    unlogged: dict[str, Any] = {"schema": "staging", "prefixes": ["UNLOGGED"]}
    op.create_table(
        "touched_order", sa.Column("order_key", UUID), comment="One row per order that the run may change", **unlogged
    )
    op.create_table(
        "refused_line",
        *(sa.Column(name, sa.Text) for name in ("table_name", "line_key", "reason", "bus_topic")),
        sa.Column("bus_partition", sa.Integer),
        sa.Column("bus_offset", sa.BigInteger),
        sa.Column("kind", sa.Text),
        sa.Column("date_key", sa.Integer),
        comment="One row per line that PostgreSQL refused, with its key or, of an event, its place on the bus",
        **unlogged,
    )
    for name in ("touched_order", "refused_line"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON staging.{name} TO warehouse_etl")


def alter_staging() -> None:
    for table in MEMBERS:
        op.execute(f"GRANT DELETE ON staging.{table} TO warehouse_etl")
    op.add_column("event", sa.Column("currency_sent", sa.Text), schema="staging")
    op.drop_column("event", "order_key", schema="staging")
    op.add_column("resolved_event", sa.Column("currency_sent", sa.Text), schema="staging")
    op.add_column("removed_event", sa.Column("order_id", sa.Text), schema="staging")
    op.add_column("removed_event", sa.Column("country_key", sa.BigInteger), schema="staging")
    op.drop_column("order_line", "order_key", schema="staging")
    op.add_column("order_line", sa.Column("event_id", UUID), schema="staging")
    op.add_column("order_line", sa.Column("currency_sent", sa.Text), schema="staging")
    op.alter_column("order_line", "amount", type_=sa.Numeric, schema="staging")
    say("TABLE staging.order_line", LINE_GRAIN[1])


def upgrade() -> None:
    create_tables()
    alter_staging()
    for statement in BOUNDS:
        op.execute(statement)
    numeric = dict.fromkeys((*ALTERED, ("fact_order", "items"), ("fact_order_line", "amount")), "numeric")
    alter(numeric)
    op.alter_column("fact_order_line", "amount", nullable=True)
    for table in ("fact_cart_event", "fact_order_line"):
        op.add_column(table, sa.Column("currency_sent", sa.Text, comment=SENT_CURRENCY))
    op.add_column("fact_order", sa.Column("cart_event_id", UUID, comment=CART_EVENT))
    op.add_column("fact_order", sa.Column("revenue_missing", sa.Text, comment=REVENUE_MISSING))
    op.create_index("fact_event_order_id", "fact_event", ["order_id"], postgresql_where=sa.text("order_id IS NOT NULL"))
    for (table, name), (_, comment) in COMMENTS.items():
        say(f"COLUMN {table}.{name}", comment)
    op.execute("DROP FUNCTION etl.iso_currency(text, text)")
    op.execute("TRUNCATE staging.touched_order")
    for statement in (SENT_LINES, TOUCHED, OWN_ORDER, TOUCHED, ORDER_OF_EVENT, ORDERS_REMOVED, ORDERS, ORDER_LINES):
        op.execute(statement)
    op.execute("TRUNCATE staging.touched_order")


def downgrade() -> None:
    op.execute(ISO_CURRENCY)
    say("FUNCTION etl.iso_currency", "ISO 4217 code of a price's currency, given the store's own")
    for (table, name), (comment, _) in COMMENTS.items():
        say(f"COLUMN {table}.{name}", comment)
    op.drop_index("fact_event_order_id", "fact_event")
    op.drop_column("fact_order", "revenue_missing")
    op.drop_column("fact_order", "cart_event_id")
    for table in ("fact_cart_event", "fact_order_line"):
        op.drop_column(table, "currency_sent")
    op.execute("UPDATE fact_order_line SET amount = 0 WHERE amount IS NULL")
    alter(
        dict.fromkeys(ALTERED, "numeric(14, 2)")
        | {("fact_order", "items"): "bigint", ("fact_order_line", "amount"): "integer"}
    )
    op.alter_column("fact_order_line", "amount", nullable=False)
    downgrade_staging()
    op.drop_table("sent_order_line", schema="etl")


def downgrade_staging() -> None:
    for name in ("refused_line", "touched_order"):
        op.drop_table(name, schema="staging")
    op.alter_column("order_line", "amount", type_=sa.Integer, schema="staging")
    op.drop_column("order_line", "currency_sent", schema="staging")
    op.drop_column("order_line", "event_id", schema="staging")
    op.add_column("order_line", sa.Column("order_key", UUID), schema="staging")
    say("TABLE staging.order_line", LINE_GRAIN[0])
    op.drop_column("removed_event", "country_key", schema="staging")
    op.drop_column("removed_event", "order_id", schema="staging")
    op.drop_column("resolved_event", "currency_sent", schema="staging")
    op.add_column("event", sa.Column("order_key", UUID), schema="staging")
    op.drop_column("event", "currency_sent", schema="staging")
    for table in MEMBERS:
        op.execute(f"REVOKE DELETE ON staging.{table} FROM warehouse_etl")
