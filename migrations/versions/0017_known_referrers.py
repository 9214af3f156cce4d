"""Names of referrers; types AI Assistant and Spam, whose events are apart from people's as robots' are.

Existing referrers are named, and typed anew, when an event of theirs is loaded the next time; until then the name is
null.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NAME = "What people call the site or application: Google, ChatGPT, Gmail; null where it is not known"
TYPES = "Search Engine, Social Media, Email, AI Assistant, Spam, Internal, Direct, Other or Unknown"
FORMER_TYPES = "Search Engine, Social Media, Email, Internal, Direct, Other or Unknown"
EVENT = "Whether the event's user agent is a robot's, or its referrer is spam"
FORMER_EVENT = "Whether the event's user agent is a robot's"
SESSION = "Whether some event's user agent is a robot's, or its referrer is spam"
FORMER_SESSION = "Whether some event's user agent is a robot's"
EVENT_FACTS = (
    "fact_event",
    "fact_product_view_event",
    "fact_cart_event",
    "fact_search",
    "fact_recommendation",
    "fact_order",
)


def upgrade() -> None:
    op.add_column("dim_referrer", sa.Column("referrer_name", sa.Text, comment=NAME))
    op.add_column("referrer", sa.Column("referrer_name", sa.Text), schema="staging")
    describe(TYPES, EVENT, SESSION)


def downgrade() -> None:
    """The types stay as they were loaded: an older reader takes the new ones for what they say."""
    op.drop_column("referrer", "referrer_name", schema="staging")
    op.drop_column("dim_referrer", "referrer_name")
    describe(FORMER_TYPES, FORMER_EVENT, FORMER_SESSION)


def describe(types: str, event: str, session: str) -> None:
    op.alter_column("dim_referrer", "referrer_type", comment=types)
    for fact in EVENT_FACTS:
        op.alter_column(fact, "is_bot", comment=event)
    op.alter_column("fact_session", "is_bot", comment=session)
    text = event.replace("'", "''")
    op.execute(f"COMMENT ON COLUMN mart.product_view_versioned.is_bot IS '{text}'")
