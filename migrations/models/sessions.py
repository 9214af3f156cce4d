"""Sessions of visitors, and sketches that count visitors over any range."""

import datetime
import uuid

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped

from migrations.models.base import FIRST, Base, Int4, Sketch, column, dimension_key
from migrations.models.facts import DAY, PERSON, TOUCH, USER_AGENT, VISITOR, Led

EVENTS = "fact_event of the session"
PAGES = "events of the session whose kind shows a page"
VIEWS = "fact_product_view_event"
FIRST_EVENT = "first event of the session"


class FactSession(Led, Base):
    """One row per visitor's session: 30 minutes of silence or another user end it, and 24 hours cut it"""

    __tablename__ = "fact_session"
    extras = (
        Index("fact_session_visitor", "visitor", "started_at"),
        Index("fact_session_date", "date_key"),
        Index("fact_session_person", "person"),
    )

    session_id: Mapped[uuid.UUID] = column(
        "MD5 of visitor and time of the first event; of users in turn, also of which it is; random once retention has"
        " removed its events",
        "computed",
        primary_key=True,
    )
    visitor: Mapped[uuid.UUID | None] = column("As in fact_event; null once retention has removed its events", VISITOR)
    person: Mapped[uuid.UUID | None] = column(
        "The user where any event names one, else the visitor; null once retention has removed its events", PERSON
    )
    started_at: Mapped[datetime.datetime] = column("First event", f"least `event_time` of {EVENTS}")
    ended_at: Mapped[datetime.datetime] = column("Last event", f"greatest `event_time` of {EVENTS}")
    duration_seconds: Mapped[int] = column("Last minus first event", "ended_at - started_at")
    date_key: Mapped[Int4] = dimension_key(
        "dim_date.date_key", "Day of the first event in the business time zone, yyyymmdd; -1 is Unknown", FIRST_EVENT
    )
    country_key: Mapped[int] = dimension_key(
        "dim_store.country_key", "Store of the first event, and its country; -1 is Unknown", FIRST_EVENT
    )
    referrer_key: Mapped[int] = dimension_key(
        "dim_referrer.referrer_key", "Page that led to the first event; -1 is Unknown", FIRST_EVENT
    )
    device_key: Mapped[int] = dimension_key(
        "dim_device.device_key", "Device of the first event; -1 is Unknown", FIRST_EVENT
    )
    user_agent_key: Mapped[int] = dimension_key(
        "dim_user_agent.user_agent_key",
        "User agent of the first event; -1 is Unknown",
        FIRST_EVENT,
        server_default="-1",
    )
    entry_page: Mapped[str | None] = column("Page of the first event: host and path", FIRST_EVENT)
    exit_page: Mapped[str | None] = column("Page of the last event: host and path", "last event of the session")
    events: Mapped[int] = column("Events of any kind", f"count of {EVENTS}")
    views: Mapped[int] = column("Product views", f"count of {EVENTS}")
    distinct_products: Mapped[int] = column("Products among these views", f"distinct `product_key` of {EVENTS}")
    reached_cart: Mapped[bool] = column("Whether something was put into the cart", EVENTS)
    reached_checkout: Mapped[bool] = column("Whether the checkout was opened", EVENTS)
    reached_order: Mapped[bool] = column("Whether an order was placed", EVENTS)
    is_bot: Mapped[bool] = column("Whether some event's user agent is a robot's, or its referrer is spam", EVENTS)
    chain_started_at: Mapped[datetime.datetime] = column(
        "Start of the unbroken activity; before started_at only where 24 hours or another user cut it", "computed"
    )
    touched_at: Mapped[datetime.datetime | None] = column(
        "Start of the session of the last touch; null without one, and once retention has removed its events", TOUCH
    )
    first_touched_at: Mapped[datetime.datetime | None] = column(
        "Start of the session of the first touch; null without one, and once retention has removed its events", TOUCH
    )
    pages: Mapped[Int4 | None] = column(
        "Pages shown; null where retention had removed its events before they were counted", f"count of {PAGES}"
    )
    entry_page_type: Mapped[str | None] = column(
        "Type of the first page shown (dim_event_kind.page_type); null where none was", PAGES
    )
    next_page_type: Mapped[str | None] = column(
        "Type of the second page shown; null where there was one at most", PAGES
    )
    exit_page_type: Mapped[str | None] = column("Type of the last page shown; null where none was", PAGES)
    seconds_to_view: Mapped[Int4 | None] = column(
        "From the first event to the first product view; null without one", EVENTS
    )
    seconds_to_cart: Mapped[Int4 | None] = column(
        "From the first event to the first cart addition; null without one", EVENTS
    )
    seconds_to_checkout: Mapped[Int4 | None] = column(
        "From the first event to the first opening of the checkout; null without one", EVENTS
    )
    seconds_to_order: Mapped[Int4 | None] = column("From the first event to the first order; null without one", EVENTS)


class VisitorSketch:
    """Day, audience and sketches of those who viewed a product."""

    date_key: Mapped[Int4] = dimension_key(
        "dim_date.date_key", "Day in the business time zone, yyyymmdd", DAY, primary_key=True, sort_order=FIRST
    )
    is_bot: Mapped[bool] = column(
        "Of bots, or of people; people of days archived before revision 0021 include bots", USER_AGENT, primary_key=True
    )
    visitors: Mapped[Sketch] = column(
        "Sketch of the visitors who viewed a product: hll_cardinality(hll_union_agg(visitors)), error 2.3 %",
        f"HyperLogLog of `visitor` of {VIEWS}",
    )
    persons: Mapped[Sketch] = column(
        "Sketch of the persons who viewed a product, as visitors", f"HyperLogLog of `person` of {VIEWS}"
    )


class FactProductVisitors(VisitorSketch, Base):
    """One row per day, product and audience: who viewed it, as sketches"""

    __tablename__ = "fact_product_visitors"

    product_key: Mapped[int] = column("Product", VIEWS, ForeignKey("dim_product.product_key"), primary_key=True)


class FactCountryVisitors(VisitorSketch, Base):
    """One row per day, country and audience: who viewed a product, as sketches"""

    __tablename__ = "fact_country_visitors"

    country_key: Mapped[int] = column(
        "Store, and its country", VIEWS, ForeignKey("dim_store.country_key"), primary_key=True
    )


class FactReferrerTypeVisitors(VisitorSketch, Base):
    """One row per day, referrer type and audience: who viewed a product, as sketches"""

    __tablename__ = "fact_referrer_type_visitors"

    referrer_type: Mapped[str] = column("Type of referrer, as in dim_referrer", VIEWS, primary_key=True)
