"""Events of every kind: the atomic fact that all others are made of, partitioned by month."""

import datetime
import uuid

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from migrations.models.base import Base, Int2, Int4, column
from migrations.models.facts import (
    AGENT,
    CAMPAIGN,
    DAY,
    DEVICE,
    EVENT_TIME,
    ORDER_KEY,
    PRODUCT,
    REFERRER,
    STORE,
    AtomicFact,
    run_day,
)


class FactEvent(AtomicFact, Base):
    """One row per event of any kind"""

    __tablename__ = "fact_event"
    extras = (
        Index("fact_event_visitor_time", "visitor", "event_time"),
        # By which a person's events are found (PERSON_OF_EVENT in migrations/facts.py): 5 % of them name a user.
        Index("fact_event_user", "user_hash", postgresql_where=text("user_hash IS NOT NULL")),
        Index("fact_event_order", "order_key", postgresql_where=text("order_key IS NOT NULL")),
        Index("fact_event_order_id", "order_id", postgresql_where=text("order_id IS NOT NULL")),
        run_day("fact_event"),
    )
    options = {"postgresql_partition_by": "RANGE (date_key)"}  # noqa: RUF012  as the base declares it

    event_time: Mapped[datetime.datetime] = column("When it happened", EVENT_TIME)
    product_key: Mapped[int] = column(
        "Product it is about (dim_product); -1 is Unknown, -2 where the kind names none",
        PRODUCT,
        references="dim_product.product_key",
    )
    country_key: Mapped[int] = column("Store, and its country (dim_store)", STORE, references="dim_store.country_key")
    referrer_key: Mapped[int] = column(
        "Page that led here (dim_referrer)", REFERRER, references="dim_referrer.referrer_key"
    )
    device_key: Mapped[int] = column("Visitor's device (dim_device)", DEVICE, references="dim_device.device_key")
    user_agent_key: Mapped[int] = column(
        "User agent of the event; -1 is Unknown (dim_user_agent)",
        AGENT,
        references="dim_user_agent.user_agent_key",
        server_default="-1",
    )
    order_key: Mapped[uuid.UUID | None] = column(
        "The order that a checkout_success tells of (fact_order)", ORDER_KEY, references="fact_order.order_key"
    )
    date_key: Mapped[Int4] = column(
        "Day of the event in the business time zone, yyyymmdd (dim_date)",
        DAY,
        references="dim_date.date_key",
        primary_key=True,
    )
    kind_key: Mapped[Int2] = column(
        "Kind of event (dim_event_kind)", "event `collection`", references="dim_event_kind.kind_key"
    )
    page: Mapped[str | None] = column(
        "Host and path of the page; only the scheme where it is no web page", "event `current_url`"
    )
    campaign_key: Mapped[int] = column(
        "Campaign that its page's address names (dim_campaign); -1 is Unknown, -2 where it names none",
        CAMPAIGN,
        references="dim_campaign.campaign_key",
        server_default="-1",
    )
    order_id: Mapped[str | None] = column("The shop's order id, on a checkout_success", "event `order_id`")
