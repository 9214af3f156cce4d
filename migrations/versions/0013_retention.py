"""What retention and the right to be forgotten took away: counted, so that the reconciliation still proves its numbers.

The partitions belong to the owner; the ETL may have a month of them dropped, through one function that counts it first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MODES = "'incremental', 'days', 'full refresh', 'rejected'"
NOW = sa.func.now()

# Drops a month of every fact that has a row an event, and puts into the ledger how many there were. `expected` holds
# the rows of each table as the caller saw them, archived them, and wants them gone: a different number stops it.
REMOVE_MONTH = """
CREATE FUNCTION etl.remove_month(month date, expected jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', month)::date;
    first_key integer := to_char(first_day, 'YYYYMMDD')::integer;
    next_key integer := to_char(first_day + interval '1 month', 'YYYYMMDD')::integer;
    fact text;
    partition_name text;
    found bigint;
BEGIN
    FOREACH fact IN ARRAY ARRAY[
        'fact_event', 'fact_product_view_event', 'fact_cart_event', 'fact_search', 'fact_recommendation'
    ] LOOP
        EXECUTE format('SELECT count(*) FROM public.%I WHERE date_key >= $1 AND date_key < $2', fact)
        INTO found USING first_key, next_key;
        IF found IS DISTINCT FROM (expected ->> fact)::bigint THEN
            RAISE EXCEPTION '% has % rows of %, not %', fact, found, to_char(first_day, 'YYYY-MM'), expected ->> fact;
        END IF;
    END LOOP;
    INSERT INTO etl.removed (what, bus_topic, bus_partition, month, rows, with_visitor, orders, views)
    SELECT 'facts', bus_topic, bus_partition, first_day, event.rows, event.with_visitor, event.orders,
           coalesce(viewed.rows, 0)
    FROM (
        SELECT bus_topic, bus_partition, count(*) AS rows, count(visitor) AS with_visitor,
               count(order_key) AS orders
        FROM public.fact_event
        WHERE date_key >= first_key AND date_key < next_key
        GROUP BY bus_topic, bus_partition
    ) AS event
    LEFT JOIN (
        SELECT bus_topic, bus_partition, count(*) AS rows
        FROM public.fact_product_view_event
        WHERE date_key >= first_key AND date_key < next_key
        GROUP BY bus_topic, bus_partition
    ) AS viewed USING (bus_topic, bus_partition);
    FOREACH fact IN ARRAY ARRAY['fact_cart_event', 'fact_search', 'fact_recommendation'] LOOP
        EXECUTE format('DELETE FROM public.%I WHERE date_key >= $1 AND date_key < $2', fact) USING first_key, next_key;
    END LOOP;
    FOREACH fact IN ARRAY ARRAY['fact_event', 'fact_product_view_event'] LOOP
        partition_name := fact || to_char(first_day, '_YYYY_MM');
        IF to_regclass(format('public.%I', partition_name)) IS NOT NULL THEN
            EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', fact, partition_name);
            EXECUTE format('DROP TABLE public.%I', partition_name);
        END IF;
    END LOOP;
END
$$
"""

# Below it, sums over the facts of single events are not those of the aggregates, which stay.
FACTS_KEPT_FROM = """
CREATE FUNCTION etl.facts_kept_from() RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(to_char(max(month) + interval '1 month', 'YYYYMMDD')::integer, 0) FROM etl.removed WHERE what = 'facts'
$$
"""


def removed_parts() -> list[sa.Column[int]]:
    return [
        sa.Column(
            "with_visitor",
            sa.BigInteger,
            nullable=False,
            server_default="0",
            comment="facts: of these, events that have a visitor",
        ),
        sa.Column(
            "orders",
            sa.BigInteger,
            nullable=False,
            server_default="0",
            comment="facts: of these, events that tell of an order",
        ),
        sa.Column("views", sa.BigInteger, nullable=False, server_default="0", comment="facts: of these, product views"),
        sa.Column(
            "replayed",
            sa.BigInteger,
            nullable=False,
            server_default="0",
            comment="bus records: of these, published again from dead letters",
        ),
    ]


def create_removed() -> None:
    op.create_table(
        "removed",
        sa.Column("removed_id", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment="Surrogate key"),
        sa.Column(
            "what",
            sa.Text,
            sa.CheckConstraint("what IN ('facts', 'raw events', 'bus records')", name="removed_what"),
            nullable=False,
            comment="facts (a month), raw events (MongoDB) or bus records (Kafka), both up to an offset",
        ),
        sa.Column("bus_topic", sa.Text, nullable=False, comment="Topic of the bus"),
        sa.Column("bus_partition", sa.Integer, nullable=False, comment="Partition of the topic"),
        sa.Column("month", sa.Date, comment="facts: first day of the month"),
        sa.Column("until_offset", sa.BigInteger, comment="raw events, bus records: first offset that was kept"),
        sa.Column("rows", sa.BigInteger, nullable=False, comment="Rows of fact_event, documents or records removed"),
        *removed_parts(),
        sa.Column("last_date", sa.Date, comment="raw events: last day that an event among them belongs to"),
        sa.Column("removed_at", sa.DateTime(True), nullable=False, server_default=NOW, comment="UTC"),
        sa.CheckConstraint("(what = 'facts') = (month IS NOT NULL)", name="removed_month"),
        sa.CheckConstraint("(what = 'facts') = (until_offset IS NULL)", name="removed_until"),
        schema="etl",
        comment="One row per removal and partition: what retention took away, and how much",
    )
    op.execute("GRANT SELECT, INSERT ON etl.removed TO warehouse_etl")


def create_archived_file() -> None:
    op.create_table(
        "archived_file",
        sa.Column("path", sa.Text, primary_key=True, comment="Parquet file, absolute"),
        sa.Column("table_name", sa.Text, nullable=False, comment="Fact that its rows are from"),
        sa.Column("month", sa.Date, nullable=False, comment="First day of the month"),
        sa.Column("rows", sa.BigInteger, nullable=False, comment="Rows in the file"),
        sa.Column("sha256", sa.Text, nullable=False, comment="Of the file, as sha256sum prints it"),
        sa.Column("archived_at", sa.DateTime(True), nullable=False, server_default=NOW, comment="UTC"),
        schema="etl",
        comment="One row per file of rows that were removed",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON etl.archived_file TO warehouse_etl")


def change_modes(modes: str) -> None:
    op.drop_constraint("run_mode", "run", schema="etl")
    op.create_check_constraint("run_mode", "run", f"mode IN ({modes})", schema="etl")


def upgrade() -> None:
    create_removed()
    create_archived_file()
    op.execute(REMOVE_MONTH)
    op.execute("COMMENT ON FUNCTION etl.remove_month IS 'Drops a month of the facts of single events, and counts it'")
    op.execute("REVOKE ALL ON FUNCTION etl.remove_month FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION etl.remove_month TO warehouse_etl")
    op.execute(FACTS_KEPT_FROM)
    op.execute("COMMENT ON FUNCTION etl.facts_kept_from IS 'First date_key that retention left the facts of, or 0'")
    # An erasure is a run whose counts say what it took out of the facts.
    change_modes(f"{MODES}, 'erasure'")


def downgrade() -> None:
    op.execute("UPDATE etl.run SET mode = 'rejected' WHERE mode = 'erasure'")
    change_modes(MODES)
    op.execute("DROP FUNCTION etl.facts_kept_from()")
    op.execute("DROP FUNCTION etl.remove_month(date, jsonb)")
    op.drop_table("archived_file", schema="etl")
    op.drop_table("removed", schema="etl")
