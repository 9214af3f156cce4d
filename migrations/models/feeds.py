"""The feeds beside the main one: who acts in them, and one fact each, as config/feeds declares them."""

import datetime
import uuid
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, declared_attr

from migrations.models.base import FIRST, Base, Int2, Int4, column, dimension_key, surrogate_key
from migrations.models.facts import BUS, RUN

TIMESTAMP = "event `timestamp`"
DAY = "`timestamp` in `BUSINESS_TIME_ZONE`"
REGISTRATION = "event `user_registration`"
USER = "HMAC-SHA256 of `user_id`"
AGENT = "`user_agent` by [rule](enrichment.md)"
REFERRER = "`referrer` by [rule](enrichment.md)"


class DimUser(Base):
    """One row per user whom an event of the feeds names: what the registration tells, null where none is loaded"""

    __tablename__ = "dim_user"
    extras = (
        CheckConstraint("(event_id IS NULL) = (run_id IS NULL)", name="dim_user_registration"),
        CheckConstraint("(event_id IS NULL) = (bus_offset IS NULL)", name="dim_user_position"),
    )

    user_key: Mapped[int] = surrogate_key()
    user_hash: Mapped[uuid.UUID | None] = column(
        "Keyed hash of the user id, as in fact_event; null of member -1, Unknown", USER, unique=True
    )
    age_group: Mapped[str | None] = column(
        "At registration: under 18, 18-24, 25-34, 35-44, 45-54 or 55+", f"{REGISTRATION}, by `age`"
    )
    city: Mapped[str | None] = column("City of residence, as told", REGISTRATION)
    country: Mapped[str | None] = column("Country of residence, as told", REGISTRATION)
    registered_at: Mapped[datetime.datetime | None] = column("When the person registered, UTC", TIMESTAMP)
    date_key: Mapped[Int4] = dimension_key(
        "dim_date.date_key",
        "Day of the registration in the business time zone, yyyymmdd; -1 is Unknown",
        DAY,
        server_default="-1",
    )
    event_id: Mapped[uuid.UUID | None] = column(
        "Identity of the registration", "keyed hash of the event's id", unique=True
    )
    bus_topic: Mapped[str | None] = column("Topic of the registration on the bus", BUS)
    bus_partition: Mapped[Int4 | None] = column("Partition of the topic", BUS)
    bus_offset: Mapped[int | None] = column("Offset on the bus", BUS)
    run_id: Mapped[int | None] = column("Run of the ETL that loaded the registration (etl.feed_run)", RUN)


class FeedFact:
    """What every fact of a feed has: identity, time, day, place on the bus."""

    event_id: Mapped[uuid.UUID] = column(
        "Identity of the event: one that is sent again counts once",
        "keyed hash of the event's id",
        primary_key=True,
        sort_order=FIRST,
    )
    event_time: Mapped[datetime.datetime] = column("When it happened, UTC", TIMESTAMP)
    date_key: Mapped[Int4] = dimension_key(
        "dim_date.date_key", "Day of the event in the business time zone, yyyymmdd; -1 is Unknown", DAY
    )
    bus_topic: Mapped[str] = column("Topic of the bus", BUS)
    bus_partition: Mapped[Int4] = column("Partition of the topic", BUS)
    bus_offset: Mapped[int] = column("Offset on the bus", BUS)
    run_id: Mapped[int] = column("Run of the ETL that loaded it (etl.feed_run)", RUN)


class OfUser:
    """Whose event it is."""

    @declared_attr
    def user_key(cls) -> Mapped[int]:  # noqa: N805  SQLAlchemy gives the class
        """The user's key."""
        return dimension_key("dim_user.user_key", "User; -1 where the event names none", "the feed's `personField`")


def day_and_user(table: str, has_user: bool = True) -> tuple[Index, ...]:
    """The indexes of a feed's fact: by day, and by user, as an erasure finds rows."""
    by_day = Index(f"{table}_date", "date_key", postgresql_using="brin")
    return (by_day, Index(f"{table}_user", "user_key")) if has_user else (by_day,)


class FactPurchase(FeedFact, OfUser, Base):
    """One row per purchase of a product"""

    __tablename__ = "fact_purchase"
    extras = day_and_user(__tablename__)

    purchase_id: Mapped[str | None] = column("The purchase, scrubbed", "event `purchase_id`")
    product_name: Mapped[str | None] = column(
        "Name of the product as shown to the buyer, scrubbed", "event `product_name`"
    )
    category: Mapped[str] = column("electronics, clothing, books or home", "event `category`")
    price: Mapped[Decimal] = column("Price of one piece, in the shop's currency", "event `price`")
    quantity: Mapped[Int4] = column("Pieces bought", "event `quantity`")
    total_amount: Mapped[Decimal] = column("Price of all pieces, in the shop's currency", "`price` x `quantity`")


class FactPageClick(FeedFact, OfUser, Base):
    """One row per click that opens a page of the shop, those of robots included"""

    __tablename__ = "fact_page_click"
    extras = day_and_user(__tablename__)

    page_url: Mapped[str | None] = column("Address of the opened page, scrubbed", "event `page_url`")
    device_type: Mapped[str] = column(
        "Desktop, Mobile, Tablet, TV, Console, Bot, Other; Unknown where no user agent was sent", AGENT
    )
    browser: Mapped[str | None] = column("Browser and major version", AGENT)
    os: Mapped[str | None] = column("Operating system", AGENT)
    is_bot: Mapped[bool] = column("Whether the user agent is a robot's", AGENT)
    referrer_type: Mapped[str] = column("Search Engine, Social Media, Email, Internal, Direct, Other", REFERRER)
    referrer_name: Mapped[str | None] = column("The service that the referrer belongs to", REFERRER)
    referrer_domain: Mapped[str | None] = column("Host of the page before; null where there was none", REFERRER)


class FactCustomerEvent(FeedFact, OfUser, Base):
    """One row per act of a customer, in the web shop or a store"""

    __tablename__ = "fact_customer_event"
    extras = day_and_user(__tablename__)

    event_type: Mapped[str] = column("The act, such as view, add_to_cart, purchase, return", "event `event_type`")
    product_category: Mapped[str | None] = column("Category of the product", "event `product_category`")
    product_id: Mapped[str | None] = column("The product, as the feed names it", "event `product_id`")
    amount: Mapped[Decimal | None] = column("Money that changed hands, in the shop's currency", "event `amount`")
    quantity: Mapped[Int4 | None] = column("Pieces that it is about", "event `quantity`")
    location: Mapped[str | None] = column("Where it happened: a store's city, or web", "event `location`")


class FactSessionStep(FeedFact, OfUser, Base):
    """One row per step of a session in the feed user_clickstream; no session of fact_session"""

    __tablename__ = "fact_session_step"
    extras = day_and_user(__tablename__)

    session_hash: Mapped[uuid.UUID | None] = column("Keyed hash of the session's id", "HMAC-SHA256 of `session_id`")
    page: Mapped[str | None] = column("Path of the page, scrubbed", "event `page`")
    action: Mapped[str] = column("What the visitor did there, such as view, click, submit", "event `action`")
    status: Mapped[Int2 | None] = column("HTTP status of the answer", "event `status`")
    error: Mapped[str | None] = column("What went wrong, scrubbed; null where nothing did", "event `error`")
    is_error: Mapped[bool] = column("Whether status is 400 or above, or error says something", "`status`, `error`")


class FactSensorReading(FeedFact, Base):
    """One row per reading of a sensor"""

    __tablename__ = "fact_sensor_reading"
    extras = day_and_user(__tablename__, has_user=False)

    sensor_id: Mapped[str | None] = column("The sensor, scrubbed; no visitor's device", "event `device_id`")
    temperature: Mapped[Decimal] = column("Degrees Celsius", "event `temperature`")
    humidity: Mapped[Decimal] = column("Relative humidity in percent", "event `humidity`")
