"""A session converts by the event that makes an order; sessions are made anew since 24 hours last cut them.

A stored session whose only order is another session's, because its page was loaded again, has no order any more. Of
months that retention removed no session tells which order was its own: they stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

CHAIN = {
    "chain_started_at": "Start of the unbroken activity that from_time cuts; null where it cuts none",
    "chain_until": "Until then the first event from from_time on goes on with it; null where what was before is gone",
}
# What an order has of its earliest event.
OF_ORDERS = "SELECT session_id, min(event_time) AS ordered_at FROM fact_order GROUP BY session_id"
OF_PAGES = """
SELECT session_id, min(event_time) AS ordered_at
FROM (
    SELECT session_id, event_time FROM fact_event WHERE order_key IS NOT NULL
    UNION ALL
    SELECT session_id, event_time FROM etl.carried_event WHERE order_key IS NOT NULL
) AS told
GROUP BY session_id
"""
ORDERED = """
UPDATE fact_session AS visit
SET reached_order = told.ordered_at IS NOT NULL,
    seconds_to_order = extract(epoch FROM told.ordered_at - visit.started_at)
FROM fact_session AS same
LEFT JOIN ({told}) AS told USING (session_id)
WHERE same.session_id = visit.session_id AND visit.visitor IS NOT NULL
  AND (visit.reached_order OR told.ordered_at IS NOT NULL)
  AND (visit.reached_order, visit.seconds_to_order)
      IS DISTINCT FROM (told.ordered_at IS NOT NULL, extract(epoch FROM told.ordered_at - visit.started_at)::integer)
"""
VERSION = """
UPDATE etl.definition SET value = '{version}'
WHERE name = 'version' AND run_id = (SELECT max(run_id) FROM etl.definition WHERE name = 'version')
"""


def upgrade() -> None:
    for name, comment in CHAIN.items():
        op.add_column("touched_visitor", sa.Column(name, sa.DateTime(True), comment=comment), schema="staging")
    op.execute(ORDERED.format(told=OF_ORDERS))
    op.execute(VERSION.format(version=2))


def downgrade() -> None:
    op.execute(VERSION.format(version=1))
    op.execute(ORDERED.format(told=OF_PAGES))
    for name in CHAIN:
        op.drop_column("touched_visitor", name, schema="staging")
