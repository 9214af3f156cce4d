"""Marts: what `sql/marts` creates, the function that computes the materialized ones anew, and the indexes they need.

Chosen by EXPLAIN (ANALYZE, BUFFERS) on 5.2 million product views of 850,000 visitors.
"""

from pathlib import Path

from alembic import op

from migrations.marts import read_marts

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Marts as they were, of which those of today read columns that later revisions add.
FORMER_MARTS_FOLDER = Path(__file__).with_name("0014_marts")

# Runs as the owner, as REFRESH must. CONCURRENTLY: analysts read the former rows until the new ones are committed.
# A grouping of five million rows in memory needs 256 MB; in 64 MB it spills and takes twice as long. mart.freshness is
# first: a run that finishes meanwhile is not yet in it, and the next refresh does not take the marts for fresh.
REFRESH_MARTS = """
CREATE FUNCTION etl.refresh_marts(even_if_fresh boolean) RETURNS TABLE (mart text, rows bigint, seconds numeric)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET work_mem = '256MB' SET jit = off AS $$
DECLARE
    started timestamptz;
BEGIN
    IF NOT even_if_fresh AND (SELECT run_id FROM mart.freshness)
            = (SELECT coalesce(max(run_id), 0) FROM etl.run WHERE status = 'finished') THEN
        RETURN;
    END IF;
    FOR mart IN
        SELECT matviewname FROM pg_matviews WHERE schemaname = 'mart' ORDER BY matviewname <> 'freshness', matviewname
    LOOP
        started := clock_timestamp();
        EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY mart.%I', mart);
        EXECUTE format('SELECT count(*) FROM mart.%I', mart) INTO rows;
        seconds := round(extract(epoch FROM clock_timestamp() - started), 1);
        RETURN NEXT;
    END LOOP;
END
$$
"""
REFRESH_COMMENT = "Computes the materialized marts anew, or only if a run has finished since; rows and seconds of each"


def create_indexes() -> None:
    # mart.visitors of any days, and the visitors of sql/report/5_days.sql: read from the index alone, by day.
    op.create_index("fact_product_view_event_day_visitor", "fact_product_view_event", ["date_key", "visitor"])
    # The views of each device in sql/report/3_devices.sql: in the index's order, where a hash of all devices spills.
    op.create_index(
        "fact_product_views_device", "fact_product_views", ["device_key"], postgresql_include=["view_count"]
    )


def upgrade() -> None:
    create_indexes()
    former = {mart.name: mart for mart in read_marts(FORMER_MARTS_FOLDER)}
    for mart in (former.get(mart.name, mart) for mart in read_marts()):
        op.execute(mart.statement)
        if mart.unique:
            # Without a unique index a materialized view cannot be refreshed while others read it.
            op.execute(f"CREATE UNIQUE INDEX {mart.name}_key ON mart.{mart.name} ({mart.unique})")
        for comment in mart.comments():
            op.execute(comment)
    op.execute(REFRESH_MARTS)
    op.execute(f"COMMENT ON FUNCTION etl.refresh_marts(boolean) IS '{REFRESH_COMMENT}'")
    op.execute("REVOKE ALL ON FUNCTION etl.refresh_marts(boolean) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION etl.refresh_marts(boolean) TO warehouse_etl")


def downgrade() -> None:
    op.execute("DROP FUNCTION IF EXISTS etl.refresh_marts(boolean)")
    for mart in reversed(read_marts()):
        op.execute(f"DROP {mart.kind} IF EXISTS mart.{mart.name}{mart.signature}")
    op.drop_index("fact_product_views_device", "fact_product_views", if_exists=True)
    op.drop_index("fact_product_view_event_day_visitor", "fact_product_view_event", if_exists=True)
