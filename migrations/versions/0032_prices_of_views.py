"""Views keep the price that they showed.

With its price a view that goes takes its part of dim_product_price along. Stored views have none: what they showed
stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

VIEWS = "fact_product_view_event"


def upgrade() -> None:
    shown = "Price of one piece that the page showed, in currency; null where none was sent, and before revision 0032"
    currency = "ISO 4217, or the symbol as sent where it names no single currency"
    op.add_column(VIEWS, sa.Column("price", sa.Numeric, comment=shown))
    op.add_column(VIEWS, sa.Column("currency", sa.Text, comment=currency))


def downgrade() -> None:
    op.drop_column(VIEWS, "currency")
    op.drop_column(VIEWS, "price")
