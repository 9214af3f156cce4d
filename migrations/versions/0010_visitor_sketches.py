"""Sketches of visitors that can be merged over any range: HyperLogLog, by the extension hll.

2^11 registers of 5 bits, the extension's defaults: a relative standard error of 1.04 / sqrt(2048) = 2.3 %.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import UserDefinedType

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SKETCHES = {
    "fact_product_visitors": ("product_key", sa.BigInteger, "dim_product", "Product"),
    "fact_country_visitors": ("country_key", sa.BigInteger, "dim_country", "Store, and its country"),
    "fact_referrer_type_visitors": ("referrer_type", sa.Text, None, "Type of referrer, as in dim_referrer"),
}
MISSING_EXTENSION = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'hll') THEN
        RAISE EXCEPTION 'the extension hll is not installed on the server'
            USING HINT = 'On Debian: apt-get install postgresql-<version>-hll';
    END IF;
END $$
"""


class Hll(UserDefinedType[bytes]):
    """The extension's type."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "hll"


def upgrade() -> None:
    op.execute(MISSING_EXTENSION)
    # Only a superuser may: python -m utilities.bootstrap has done it, and then this does nothing.
    op.execute("CREATE EXTENSION IF NOT EXISTS hll")
    for table, (member, kind, dimension, comment) in SKETCHES.items():
        target = [sa.ForeignKey(f"{dimension}.{member}")] if dimension else []
        op.create_table(
            table,
            sa.Column(
                "date_key",
                sa.Integer,
                sa.ForeignKey("dim_date.date_key"),
                primary_key=True,
                autoincrement=False,
                comment="Day in the business time zone, yyyymmdd (dim_date)",
            ),
            sa.Column(member, kind, *target, primary_key=True, autoincrement=False, comment=comment),
            sa.Column(
                "visitors",
                Hll,
                nullable=False,
                comment="Sketch of those who viewed a product: hll_cardinality(hll_union_agg(visitors)), error 2.3 %",
            ),
            comment=f"One row per day and {member.removesuffix('_key').replace('_', ' ')}: its visitors as a sketch",
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO warehouse_etl")


def downgrade() -> None:
    for table in reversed(SKETCHES):
        op.drop_table(table)
