"""The visitor's path: what events tell of carts, orders, searches and recommendations."""

import datetime
import uuid
from decimal import Decimal

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped

from migrations.models.base import Base, Int4, column, dimension_key
from migrations.models.facts import (
    EVENT_TIME,
    ORDER_KEY,
    PRODUCT,
    USER_AGENT,
    EventDimensions,
    Led,
    OfProductVersion,
    PathEvent,
    Who,
)

CART = "event `cart_products`"
CURRENCY = "`currency`, a symbol in the store's locale by CLDR ([rule](definitions.md#revenue))"


class Priced:
    """A price of one piece, as events of the cart and lines of an order have it."""

    price: Mapped[Decimal | None] = column(
        "Price of one piece, in currency; null where none was sent",
        "`price`: a number, or text in the store's locale by CLDR ([rule](definitions.md#revenue))",
    )
    currency: Mapped[str | None] = column("ISO 4217; null where the symbol and the store tell none", CURRENCY)
    currency_sent: Mapped[str | None] = column("The currency as sent; null where none was", "`currency`")


class FactCartEvent(PathEvent, Priced, OfProductVersion, Base):
    """One row per product put into a cart (add_to_cart_action)"""

    __tablename__ = "fact_cart_event"
    extras = (Index("fact_cart_event_date", "date_key"),)

    product_key: Mapped[int] = dimension_key("dim_product.product_key", "Product it is about; -1 is Unknown", PRODUCT)
    option_group_key: Mapped[int] = dimension_key(
        "dim_option_group.option_group_key", "Options chosen together; -1 is Unknown, -2 is none", "event `option`"
    )


class FactOrder(EventDimensions, Who, Led, Base):
    """One row per order"""

    __tablename__ = "fact_order"
    extras = (Index("fact_order_date", "date_key"),)

    order_key: Mapped[uuid.UUID] = column("Id of the earliest event that tells of it", ORDER_KEY, primary_key=True)
    order_id: Mapped[str | None] = column(
        "The shop's id; not unique: some are used again for another order", "event `order_id`"
    )
    event_id: Mapped[uuid.UUID] = column("The earliest event that tells of the order", "fact_event")
    event_time: Mapped[datetime.datetime] = column("Time of that event", EVENT_TIME)
    is_bot: Mapped[bool] = column("Whether the event's user agent is a robot's, or its referrer is spam", USER_AGENT)
    events: Mapped[int] = column("Events that tell of it: the page may be reloaded", "count of fact_event")
    lines: Mapped[int] = column("Lines of the cart", "count of fact_order_line")
    items: Mapped[Decimal] = column("Pieces: sum of the lines' amount", "sum of fact_order_line")
    revenue: Mapped[Decimal | None] = column(
        "Sum of amount x price, in currency; null where revenue_missing says why", "sum of fact_order_line"
    )
    currency: Mapped[str | None] = column(
        "ISO 4217; null where lines have different ones or none is known", "fact_order_line"
    )
    cart_event_id: Mapped[uuid.UUID | None] = column(
        "The earliest event that tells of it and whose cart is not empty: its lines count", "etl.sent_order_line"
    )
    revenue_missing: Mapped[str | None] = column(
        "Why there is no revenue: empty cart, no price, no amount, unknown currency or several currencies", "computed"
    )


class FactOrderLine(Priced, OfProductVersion, Base):
    """One row per line of an order"""

    __tablename__ = "fact_order_line"
    extras = (Index("fact_order_line_product", "product_key"),)

    order_key: Mapped[uuid.UUID] = column(
        "Order (fact_order)", ORDER_KEY, ForeignKey("fact_order.order_key", ondelete="CASCADE"), primary_key=True
    )
    line_number: Mapped[Int4] = column("Place in the cart, from 1", CART, primary_key=True)
    product_key: Mapped[int] = dimension_key("dim_product.product_key", "Product it is about; -1 is Unknown", CART)
    option_group_key: Mapped[int] = dimension_key(
        "dim_option_group.option_group_key", "Options chosen together; -1 is Unknown, -2 is none", CART
    )
    amount: Mapped[Decimal | None] = column(
        "Pieces: also none, a fraction, or fewer than none; null where none was sent", CART
    )


class FactSearch(PathEvent, Base):
    """One row per search (search_box_action)"""

    __tablename__ = "fact_search"
    extras = (Index("fact_search_date", "date_key"),)

    search_terms: Mapped[str | None] = column("As typed, lower-case, single-spaced", "event `key_search`")


class FactRecommendation(PathEvent, Base):
    """One row per recommendation seen, noticed or clicked; product_key is the product then viewed"""

    __tablename__ = "fact_recommendation"
    extras = (Index("fact_recommendation_date", "date_key"),)

    product_key: Mapped[int] = dimension_key(
        "dim_product.product_key", "Product it is about; -1 is Unknown, -2 where the place shows none", PRODUCT
    )
    recommended_product_key: Mapped[int] = dimension_key(
        "dim_product.product_key",
        "Product that was recommended; -1 is Unknown, -2 where none was clicked",
        "event `recommendation_product_id`",
    )
    place: Mapped[str] = column("product_detail, listing_page or landing_page", "event `collection`")
    step: Mapped[str] = column("visible, noticed or clicked", "event `collection`")
    recommendation_position: Mapped[Int4 | None] = column(
        "Place in the row of recommendations, from 1", "event `recommendation_clicked_position`"
    )
