"""Marts: what `sql/marts` creates, and the function that computes the materialized ones anew."""

from alembic import op

from migrations.marts import read_marts

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Runs as the owner, as REFRESH must. CONCURRENTLY: analysts read the former rows until the new ones are committed.
# A grouping of five million rows in memory needs 256 MB; in 64 MB it spills and takes twice as long.
REFRESH_MARTS = """
CREATE FUNCTION etl.refresh_marts() RETURNS TABLE (mart text, rows bigint, seconds numeric)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET work_mem = '256MB' SET jit = off AS $$
DECLARE
    started timestamptz;
BEGIN
    FOR mart IN SELECT matviewname FROM pg_matviews WHERE schemaname = 'mart' ORDER BY matviewname LOOP
        started := clock_timestamp();
        EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY mart.%I', mart);
        EXECUTE format('SELECT count(*) FROM mart.%I', mart) INTO rows;
        seconds := round(extract(epoch FROM clock_timestamp() - started), 1);
        RETURN NEXT;
    END LOOP;
END
$$
"""


def upgrade() -> None:
    for mart in read_marts():
        op.execute(mart.statement)
        if mart.unique:
            # Without a unique index a materialized view cannot be refreshed while others read it.
            op.execute(f"CREATE UNIQUE INDEX {mart.name}_key ON mart.{mart.name} ({mart.unique})")
        for comment in mart.comments():
            op.execute(comment)
    op.execute(REFRESH_MARTS)
    op.execute("COMMENT ON FUNCTION etl.refresh_marts IS 'Computes every materialized mart anew; rows and seconds of each'")
    op.execute("REVOKE ALL ON FUNCTION etl.refresh_marts FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION etl.refresh_marts TO warehouse_etl")


def downgrade() -> None:
    op.execute("DROP FUNCTION IF EXISTS etl.refresh_marts()")
    for mart in reversed(read_marts()):
        op.execute(f"DROP {mart.kind} IF EXISTS mart.{mart.name}{mart.signature}")
