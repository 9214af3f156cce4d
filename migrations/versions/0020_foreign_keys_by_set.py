"""Foreign keys of a run are proved by set: what they refer to is locked meanwhile, which only its owner may do.

The right to turn off row triggers in one's own session is the server's, not this database's: utilities/bootstrap.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# Others may read, and check their own foreign keys, but not write, so that no member goes. In one order for everybody.
LOCK_REFERENCED_TABLES = """
CREATE FUNCTION etl.lock_referenced_tables() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    referenced text;
BEGIN
    FOR referenced IN
        SELECT DISTINCT format('%I.%I', namespace.nspname, class.relname)
        FROM pg_constraint AS key
        JOIN pg_class AS class ON class.oid = key.confrelid
        JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
        WHERE key.contype = 'f' AND key.conparentid = 0 AND key.connamespace = 'public'::regnamespace
        ORDER BY 1
    LOOP
        EXECUTE 'LOCK TABLE ' || referenced || ' IN SHARE ROW EXCLUSIVE MODE';
    END LOOP;
END
$$
"""


def upgrade() -> None:
    op.execute(LOCK_REFERENCED_TABLES)
    op.execute(
        "COMMENT ON FUNCTION etl.lock_referenced_tables IS"
        " 'Until the transaction ends nobody else writes a table that a foreign key refers to'"
    )
    op.execute("REVOKE ALL ON FUNCTION etl.lock_referenced_tables FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION etl.lock_referenced_tables TO warehouse_etl")


def downgrade() -> None:
    op.execute("DROP FUNCTION etl.lock_referenced_tables()")
