"""The tables of the feeds beside the main one, declared once: erasure, reconciliation and the ETL go by this list.

Apart from `migrations/facts.py`, whose facts are all made of the main feed's events.
"""

from dataclasses import dataclass

USERS = "dim_user"
"""Also the table of the registrations: a user whom another feed named first has none yet."""


@dataclass(frozen=True)
class FeedTable:
    """The table that has a row for each event of a feed; `is_of_users` where the row names a user."""

    name: str
    is_of_users: bool = True

    @property
    def rows(self) -> str:
        """The rows that are an event, as a FROM clause with its condition."""
        return f"{self.name} WHERE event_id IS NOT NULL"


FEED_TABLES = {
    "user-events": FeedTable(USERS),
    "purchase-events": FeedTable("fact_purchase"),
    "click-events": FeedTable("fact_page_click"),
    "customer-events": FeedTable("fact_customer_event"),
    "user_clickstream": FeedTable("fact_session_step"),
    "sensor-readings": FeedTable("fact_sensor_reading", is_of_users=False),
}
"""By feed; the registrations first, so that a run knows most users before others name them."""


def facts_of_users() -> list[str]:
    """The facts whose rows name a user by key."""
    return [table.name for table in FEED_TABLES.values() if table.is_of_users and table.name != USERS]
