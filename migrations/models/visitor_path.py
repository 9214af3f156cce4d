"""The visitor's path: every event, and what it tells of carts, orders, searches and recommendations."""

import datetime
import uuid
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped

from migrations.models.base import Base, Int2, Int4, column, dimension_key
from migrations.models.facts import (
    DAY,
    DEVICE,
    EVENT_TIME,
    PRODUCT,
    REFERRER,
    STORE,
    USER_AGENT,
    VISITOR,
    AtomicFact,
    EventDimensions,
    PathEvent,
    run_day,
)

CART = "event `cart_products`"
ORDER_KEY = "MD5 of `order_id` (else the event), `visitor`, `store_id` and `cart_products`"
CURRENCY = "`currency`; a symbol of several is the store's, by `etl.iso_currency`"


class Priced:
    """A price of one piece, as events of the cart and lines of an order have it."""

    price: Mapped[Decimal | None] = column("Price of one piece, in currency", "`price`, in the locale's spelling")
    currency: Mapped[str | None] = column("ISO 4217; null where the symbol and the store tell none", CURRENCY)


class FactEvent(AtomicFact, Base):
    """One row per event of any kind"""

    __tablename__ = "fact_event"
    extras = (
        Index("fact_event_visitor_time", "visitor", "event_time"),
        Index("fact_event_order", "order_key", postgresql_where=text("order_key IS NOT NULL")),
        run_day("fact_event"),
    )
    options = {"postgresql_partition_by": "RANGE (date_key)"}  # noqa: RUF012  as the base declares it

    event_time: Mapped[datetime.datetime] = column("When it happened", EVENT_TIME)
    product_key: Mapped[int] = column(
        "Product it is about; -1 is none or Unknown", PRODUCT, references="dim_product.product_key"
    )
    country_key: Mapped[int] = column(
        "Store, and its country (dim_country)", STORE, references="dim_country.country_key"
    )
    referrer_key: Mapped[int] = column(
        "Page that led here (dim_referrer)", REFERRER, references="dim_referrer.referrer_key"
    )
    device_key: Mapped[int] = column("Visitor's device (dim_device)", DEVICE, references="dim_device.device_key")
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
    order_id: Mapped[str | None] = column("The shop's order id, on a checkout_success", "event `order_id`")


class FactCartEvent(PathEvent, Priced, Base):
    """One row per product put into a cart (add_to_cart_action)"""

    __tablename__ = "fact_cart_event"
    extras = (Index("fact_cart_event_date", "date_key"),)

    product_key: Mapped[int] = dimension_key("dim_product.product_key", "Product it is about; -1 is Unknown", PRODUCT)
    option_group_key: Mapped[int] = dimension_key(
        "dim_option_group.option_group_key", "Options chosen together; -1 is Unknown", "event `option`"
    )


class FactOrder(EventDimensions, Base):
    """One row per order"""

    __tablename__ = "fact_order"
    extras = (Index("fact_order_date", "date_key"),)

    order_key: Mapped[uuid.UUID] = column("MD5 of order id, visitor, store and cart", ORDER_KEY, primary_key=True)
    order_id: Mapped[str | None] = column(
        "The shop's id; not unique: some are used again for another cart", "event `order_id`"
    )
    event_id: Mapped[uuid.UUID] = column("The earliest event that tells of the order", "fact_event")
    event_time: Mapped[datetime.datetime] = column("Time of that event", EVENT_TIME)
    visitor: Mapped[uuid.UUID | None] = column("As in fact_event", VISITOR)
    is_bot: Mapped[bool] = column("Whether the event's user agent is a robot's", USER_AGENT)
    events: Mapped[int] = column("Events that tell of it: the page may be reloaded", "count of fact_event")
    lines: Mapped[int] = column("Lines of the cart", "count of fact_order_line")
    items: Mapped[int] = column("Pieces: sum of the lines' amount", "sum of fact_order_line")
    revenue: Mapped[Decimal | None] = column(
        "Sum of amount x price, in currency; null where a line has no price", "sum of fact_order_line"
    )
    currency: Mapped[str | None] = column(
        "ISO 4217; null where lines have different ones or none is known", "fact_order_line"
    )


class FactOrderLine(Priced, Base):
    """One row per line of an order"""

    __tablename__ = "fact_order_line"
    extras = (Index("fact_order_line_product", "product_key"),)

    order_key: Mapped[uuid.UUID] = column(
        "Order (fact_order)", ORDER_KEY, ForeignKey("fact_order.order_key", ondelete="CASCADE"), primary_key=True
    )
    line_number: Mapped[Int4] = column("Place in the cart, from 1", CART, primary_key=True)
    product_key: Mapped[int] = dimension_key("dim_product.product_key", "Product it is about; -1 is Unknown", CART)
    option_group_key: Mapped[int] = dimension_key(
        "dim_option_group.option_group_key", "Options chosen together; -1 is Unknown", CART
    )
    amount: Mapped[Int4] = column("Pieces", CART)


class FactSearch(PathEvent, Base):
    """One row per search (search_box_action)"""

    __tablename__ = "fact_search"
    extras = (Index("fact_search_date", "date_key"),)

    search_terms: Mapped[str | None] = column("As typed, lower-case, single-spaced", "event `key_search`")


class FactRecommendation(PathEvent, Base):
    """One row per recommendation seen, noticed or clicked; product_key is the product then viewed"""

    __tablename__ = "fact_recommendation"
    extras = (Index("fact_recommendation_date", "date_key"),)

    product_key: Mapped[int] = dimension_key("dim_product.product_key", "Product it is about; -1 is Unknown", PRODUCT)
    recommended_product_key: Mapped[int] = dimension_key(
        "dim_product.product_key", "Product that was recommended; -1 is Unknown", "event `recommendation_product_id`"
    )
    place: Mapped[str] = column("product_detail, listing_page or landing_page", "event `collection`")
    step: Mapped[str] = column("visible, noticed or clicked", "event `collection`")
    recommendation_position: Mapped[Int4 | None] = column(
        "Place in the row of recommendations, from 1", "event `recommendation_clicked_position`"
    )
