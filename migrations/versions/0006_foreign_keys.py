"""Foreign keys of both facts, always checked: 6 us a key and row, the price of a fact that cannot point nowhere."""

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


def upgrade() -> None:
    for fact in FACTS:
        for key, dimension in DIMENSION_KEYS.items():
            op.create_foreign_key(f"{fact}_{key}_fkey", fact, dimension, [key], [key])


def downgrade() -> None:
    for fact in FACTS:
        for key in DIMENSION_KEYS:
            op.drop_constraint(f"{fact}_{key}_fkey", fact, type_="foreignkey")
