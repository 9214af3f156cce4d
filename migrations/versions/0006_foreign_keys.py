"""Foreign keys of both facts, and leave for the ETL to load in bulk without checking each row against them."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FACTS = ("fact_product_view_event", "fact_product_views")
DIMENSION_KEYS = {
    "date_key": "dim_date",
    "product_key": "dim_product",
    "country_key": "dim_country",
    "referrer_key": "dim_referrer",
    "device_key": "dim_device",
}

# Checking a row costs 6 us a key: 62 s for a million rows of both facts, whose keys the load has just joined from the
# dimensions. Only a superuser, or an owner with grant option, can give this leave; without it a load takes longer.
ALLOW_BULK_LOAD = """
DO $$
BEGIN
    IF has_parameter_privilege('session_replication_role', 'SET WITH GRANT OPTION') THEN
        GRANT SET ON PARAMETER session_replication_role TO warehouse_etl;
    END IF;
END
$$
"""
FORBID_BULK_LOAD = ALLOW_BULK_LOAD.replace("GRANT SET", "REVOKE SET").replace("TO warehouse", "FROM warehouse")


def upgrade() -> None:
    for fact in FACTS:
        for key, dimension in DIMENSION_KEYS.items():
            op.create_foreign_key(f"{fact}_{key}_fkey", fact, dimension, [key], [key])
    op.execute(ALLOW_BULK_LOAD)


def downgrade() -> None:
    op.execute(FORBID_BULK_LOAD)
    for fact in FACTS:
        for key in DIMENSION_KEYS:
            op.drop_constraint(f"{fact}_{key}_fkey", fact, type_="foreignkey")
