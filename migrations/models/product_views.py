"""Product views: the atomic fact, partitioned by month, and its daily aggregates: by device, and by type of device."""

import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped

from migrations.models.base import Base, Int4, column, dimension_key
from migrations.models.facts import (
    DAY,
    DEVICE,
    EVENT_TIME,
    REFERRER,
    STORE,
    USER_AGENT,
    AtomicFact,
    EventDimensions,
    OfProductVersion,
    run_day,
)

VIEWS = "fact_product_view_event"
PRODUCT = "event `product_id`"


class FactProductViewEvent(AtomicFact, EventDimensions, OfProductVersion, Base):
    """One row per product view"""

    __tablename__ = "fact_product_view_event"
    extras = (
        Index("fact_product_view_event_day_product", "date_key", "product_key"),
        Index("fact_product_view_event_day_visitor", "date_key", "visitor", postgresql_include=["person", "is_bot"]),
        run_day("fact_product_view_event"),
    )
    options = {"postgresql_partition_by": "RANGE (date_key)"}  # noqa: RUF012  as the base declares it

    event_time: Mapped[datetime.datetime] = column("When the page was seen", EVENT_TIME)
    date_key: Mapped[Int4] = dimension_key(
        "dim_date.date_key", "Day of the event in the business time zone, yyyymmdd", DAY, primary_key=True
    )
    product_key: Mapped[int] = dimension_key("dim_product.product_key", "Product seen; -1 is Unknown", PRODUCT)
    option_group_key: Mapped[int] = dimension_key(
        "dim_option_group.option_group_key",
        "Options chosen together; -1 is Unknown, -2 is none",
        "event `option`",
        server_default="-1",
    )
    utm_source: Mapped[str | None] = column("Campaign source", "event `utm_source`")
    utm_medium: Mapped[str | None] = column("Campaign medium", "event `utm_medium`")
    options_sent: Mapped[dict[str, Any] | None] = column(
        "Options chosen on the page, as sent", "event `option`", name="options"
    )
    price: Mapped[Decimal | None] = column(
        "Price of one piece that the page showed, in currency; null where none was sent, and before revision 0032",
        "event `price`",
    )
    currency: Mapped[str | None] = column(
        "ISO 4217, or the symbol as sent where it names no single currency", "event `currency`"
    )


class FactProductViews(Base):
    """One row per day, product, country, referrer and device"""

    __tablename__ = "fact_product_views"

    date_key: Mapped[Int4] = dimension_key(
        "dim_date.date_key", "Day of the event in the business time zone, yyyymmdd", DAY, primary_key=True
    )
    product_key: Mapped[int] = dimension_key("dim_product.product_key", "Product seen", PRODUCT, primary_key=True)
    country_key: Mapped[int] = dimension_key("dim_store.country_key", "Store, and its country", STORE, primary_key=True)
    referrer_key: Mapped[int] = dimension_key(
        "dim_referrer.referrer_key", "Page that led here", REFERRER, primary_key=True
    )
    device_key: Mapped[int] = dimension_key("dim_device.device_key", "Visitor's device", DEVICE, primary_key=True)
    view_count: Mapped[int] = column("Product views", f"count of {VIEWS}")
    unique_visitors: Mapped[int] = column("Exact at this grain; never sum it", f"distinct `visitor` of {VIEWS}")
    first_view_time: Mapped[datetime.datetime] = column("Earliest view", f"least `event_time` of {VIEWS}")
    last_view_time: Mapped[datetime.datetime] = column("Latest view", f"greatest `event_time` of {VIEWS}")
    view_duration_seconds: Mapped[int] = column("Latest minus earliest view", "last_view_time - first_view_time")
    avg_view_timestamp: Mapped[datetime.datetime] = column("Mean time of the views", f"mean `event_time` of {VIEWS}")
    processed_at: Mapped[datetime.datetime] = column("When the row was last computed", "clock of PostgreSQL")


class FactDailyProductViews(Base):
    """One row per day, product, store, type of referrer, type of device and audience"""

    __tablename__ = "fact_daily_product_views"
    extras = (
        # The product first: by day its rows lie together already, which a block range index tells.
        PrimaryKeyConstraint("product_key", "date_key", "country_key", "referrer_type", "device_type", "is_bot"),
        Index(
            "fact_daily_product_views_day",
            "date_key",
            postgresql_using="brin",
            postgresql_ops={"date_key": "int4_minmax_multi_ops"},
            postgresql_with={"autosummarize": "on"},
        ),
    )

    date_key: Mapped[Int4] = dimension_key(
        "dim_date.date_key", "Day of the event in the business time zone, yyyymmdd", DAY
    )
    product_key: Mapped[int] = dimension_key("dim_product.product_key", "Product seen", PRODUCT)
    country_key: Mapped[int] = dimension_key("dim_store.country_key", "Store, and its country", STORE)
    referrer_type: Mapped[str] = column(
        "Type of the page that led here, as it was when the view was loaded",
        "`dim_referrer.referrer_type`",
    )
    device_type: Mapped[str] = column(
        "Type of the device, as it was when the view was loaded; Unknown where no user agent was sent",
        "`dim_user_agent.device_type`",
    )
    is_bot: Mapped[bool] = column(
        "Of bots, or of people; people of days archived before revision 0029 include bots", USER_AGENT
    )
    views: Mapped[int] = column("Product views; may be summed over anything", f"count of {VIEWS}")
