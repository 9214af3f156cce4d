"""Months that are made beside readers, a lock that is counted, and what defines the stored data, kept with it.

A partition made by PARTITION OF locks the whole fact against everybody, readers too. One that is made by itself and
then attached does not, unless the fact has a default partition, whose readers it waits for. No event is ever without
its month (spark/load.py has it made first), so there is none any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

FACTS = ("fact_event", "fact_product_view_event")
# ATTACH locks the fact against other changes of its shape only; what it has to check of an empty table takes no time.
ENSURE_MONTH_PARTITION = """
CREATE OR REPLACE FUNCTION etl.ensure_month_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', month)::date;
    next_month date := (first_day + interval '1 month')::date;
    fact text;
    partition_name text;
    is_new boolean := false;
BEGIN
    FOREACH fact IN ARRAY ARRAY['fact_event', 'fact_product_view_event'] LOOP
        partition_name := fact || to_char(first_day, '_YYYY_MM');
        IF to_regclass(format('public.%I', partition_name)) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL EXCLUDING COMMENTS)', partition_name, fact);
            EXECUTE format(
                'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%s) TO (%s)',
                fact, partition_name, to_char(first_day, 'YYYYMMDD'), to_char(next_month, 'YYYYMMDD'));
            EXECUTE format(
                'COMMENT ON TABLE public.%I IS %L', partition_name, 'Month ' || to_char(first_day, 'YYYY-MM'));
            is_new := true;
        END IF;
    END LOOP;
    RETURN is_new;
END
$$
"""
ENSURE_MONTH_PARTITION_OF = """
CREATE OR REPLACE FUNCTION etl.ensure_month_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', month)::date;
    next_month date := (first_day + interval '1 month')::date;
    fact text;
    partition_name text;
    is_new boolean := false;
BEGIN
    FOREACH fact IN ARRAY ARRAY['fact_event', 'fact_product_view_event'] LOOP
        partition_name := fact || to_char(first_day, '_YYYY_MM');
        IF to_regclass(format('public.%I', partition_name)) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%s) TO (%s)',
                partition_name, fact, to_char(first_day, 'YYYYMMDD'), to_char(next_month, 'YYYYMMDD'));
            EXECUTE format(
                'COMMENT ON TABLE public.%I IS %L', partition_name, 'Month ' || to_char(first_day, 'YYYY-MM'));
            is_new := true;
        END IF;
    END LOOP;
    RETURN is_new;
END
$$
"""
MONTHS_OF = """
SELECT etl.ensure_month_partition(month)
FROM (SELECT DISTINCT date_trunc('month', to_date(date_key::text, 'YYYYMMDD'))::date AS month FROM {default}) AS months
"""
CRASHED = "running, finished, failed (it said why), crashed (who took the lock next found it unfinished)"
FORMER_CRASHED = "running, finished, failed (it said why), crashed (a later run found it unfinished)"


def move_to_months() -> None:
    """Rows of the default partitions, which stay empty unless somebody wrote them by hand, get their months."""
    for fact in FACTS:
        op.execute(f"ALTER TABLE {fact} DETACH PARTITION {fact}_default")
    for fact in FACTS:
        op.execute(MONTHS_OF.format(default=f"{fact}_default"))
        op.execute(f"INSERT INTO {fact} SELECT * FROM {fact}_default")
        op.execute(f"DROP TABLE {fact}_default")


def create_definition() -> None:
    op.create_table(
        "definition",
        sa.Column(
            "name", sa.Text, primary_key=True, comment="business time zone, visitor key, shop domains or version"
        ),
        sa.Column(
            "run_id",
            sa.BigInteger,
            sa.ForeignKey("etl.run.run_id"),
            primary_key=True,
            autoincrement=False,
            comment="First run of the ETL that loaded under it",
        ),
        sa.Column("value", sa.Text, nullable=False, comment="As set; of the visitor key a keyed check value"),
        schema="etl",
        comment="One row per definition and run since which it holds: what the stored data mean",
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON etl.definition TO warehouse_etl")


def create_run_lock() -> None:
    op.create_table(
        "run_lock",
        sa.Column(
            "taken",
            sa.BigInteger,
            primary_key=True,
            autoincrement=False,
            comment="How many commands took it to change something; who finds another number than its own lost it",
        ),
        schema="etl",
        comment="One row: the advisory lock of the runs, which ends with its connection",
    )
    op.execute("INSERT INTO etl.run_lock VALUES (0)")
    op.execute("GRANT SELECT, UPDATE ON etl.run_lock TO warehouse_etl")


def upgrade() -> None:
    op.execute(ENSURE_MONTH_PARTITION)
    move_to_months()
    create_definition()
    create_run_lock()
    op.alter_column("run", "status", schema="etl", comment=CRASHED)


def downgrade() -> None:
    op.alter_column("run", "status", schema="etl", comment=FORMER_CRASHED)
    op.drop_table("run_lock", schema="etl")
    op.drop_table("definition", schema="etl")
    op.execute(ENSURE_MONTH_PARTITION_OF)
    for fact in FACTS:
        op.execute(f"CREATE TABLE {fact}_default PARTITION OF {fact} DEFAULT")
        op.execute(f"COMMENT ON TABLE {fact}_default IS 'Stays empty: the ETL makes each month ahead'")
        op.execute(f"GRANT SELECT ON {fact}_default TO warehouse_etl")
