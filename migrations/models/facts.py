"""Columns that facts share."""

import datetime
import uuid

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from migrations.models.base import FIRST, Int4, column, dimension_key

EVENT_TIME = "event `time_stamp`"
DAY = "`time_stamp` in `BUSINESS_TIME_ZONE`"
STORE = "event `store_id`"
REFERRER = "event `referrer_url`"
DEVICE = "event `device_id`"
AGENT = "event `user_agent`"
CAMPAIGN = "parameters of `current_url`, by [rule](enrichment.md)"
TOUCH = "sessions of the visitor, by [definition](definitions.md#campaign)"
PRODUCT = "event `product_id`, else `viewing_product_id`"
VISITOR = "HMAC-SHA256 of `device_id`, else of `user_id_db`"
USER = "HMAC-SHA256 of `user_id_db`"
PERSON = "`user_hash` of any event of the session, else `visitor`"
SESSION = "`visitor`, time and `user_hash`, by [definition](definitions.md#session)"
USER_AGENT = "`user_agent` by [rule](enrichment.md)"
ORDER_KEY = "`order_id`, `store_id`, device or person, and time, by [definition](definitions.md#order)"
VERSION = "catalogue, by the time of the event"
BUS = "the record's place in Kafka"
RUN = "the ETL"


def run_day(fact: str) -> Index:
    """The index of a partitioned fact by which checks find a run's or a day's rows."""
    return Index(
        f"{fact}_run_day",
        "date_key",
        "run_id",
        postgresql_using="brin",
        postgresql_ops={"date_key": "int4_minmax_multi_ops"},
        postgresql_with={"autosummarize": "on"},
    )


class Who:
    """Whose event it is: the device, the user, the session and its person."""

    visitor: Mapped[uuid.UUID | None] = column(
        "Keyed hash of the device id, else of the user id; null where neither", VISITOR
    )
    user_hash: Mapped[uuid.UUID | None] = column("Keyed hash of the user id; null where the event names none", USER)
    session_id: Mapped[uuid.UUID | None] = column(
        "Session that it belongs to (fact_session); null without a visitor",
        SESSION,
        references="fact_session.session_id",
    )
    person: Mapped[uuid.UUID | None] = column(
        "The user where any event of the session names one, else the visitor; null without a visitor", PERSON
    )


class OfProductVersion:
    """The product as the catalogue had it then."""

    product_version_key: Mapped[int] = column(
        "Version of the product valid at the time; -1 where no catalogue names it (dim_product_version)",
        VERSION,
        # Versions come and go with each catalogue; a foreign key would search all of history for each that goes.
        references="dim_product_version.product_version_key",
        server_default="-1",
    )


class AtomicFact(Who):
    """What both facts partitioned by month have: identity, day, who, place on the bus."""

    event_id: Mapped[uuid.UUID] = column(
        "Identity of the event", "event `id`, else MD5 of `_id`, else of the event", primary_key=True, sort_order=FIRST
    )
    bus_offset: Mapped[int] = column("Offset on the bus", BUS)
    run_id: Mapped[int] = column("Run of the ETL that loaded it (etl.run)", RUN)
    bus_partition: Mapped[Int4] = column("Partition of the topic", BUS)
    is_bot: Mapped[bool] = column("Whether the event's user agent is a robot's, or its referrer is spam", USER_AGENT)
    bus_topic: Mapped[str] = column("Topic of the bus", BUS)


class EventDimensions:
    """The dimensions of every event."""

    date_key: Mapped[Int4] = dimension_key(
        "dim_date.date_key", "Day of the event in the business time zone, yyyymmdd; -1 is Unknown", DAY
    )
    country_key: Mapped[int] = dimension_key("dim_store.country_key", "Store, and its country; -1 is Unknown", STORE)
    referrer_key: Mapped[int] = dimension_key(
        "dim_referrer.referrer_key", "Page that led here; -1 is Unknown", REFERRER
    )
    device_key: Mapped[int] = dimension_key("dim_device.device_key", "Visitor's device; -1 is Unknown", DEVICE)
    user_agent_key: Mapped[int] = dimension_key(
        "dim_user_agent.user_agent_key", "User agent of the event; -1 is Unknown", AGENT, server_default="-1"
    )


class Led:
    """What led to a session, and to an order in it: the last touch that was not direct, and the first."""

    campaign_key: Mapped[int] = dimension_key(
        "dim_campaign.campaign_key",
        "Campaign of the last touch within 30 days that was not direct; -1 is Unknown, -2 where it names none",
        TOUCH,
        server_default="-1",
    )
    touch_referrer_key: Mapped[int] = dimension_key(
        "dim_referrer.referrer_key",
        "Page that the last touch came from; without one, that led to the first event; -1 is Unknown",
        TOUCH,
        server_default="-1",
    )
    first_campaign_key: Mapped[int] = dimension_key(
        "dim_campaign.campaign_key",
        "Campaign of the visitor's first touch, however long ago; -1 is Unknown, -2 where it names none",
        TOUCH,
        server_default="-1",
    )
    first_touch_referrer_key: Mapped[int] = dimension_key(
        "dim_referrer.referrer_key",
        "Page that the first touch came from; without one, that led to the first event; -1 is Unknown",
        TOUCH,
        server_default="-1",
    )


class PathEvent(EventDimensions, Who):
    """What every fact of one event on the visitor's path has."""

    event_id: Mapped[uuid.UUID] = column("Identity of the event (fact_event)", "fact_event", primary_key=True)
    event_time: Mapped[datetime.datetime] = column("When it happened", EVENT_TIME)
    is_bot: Mapped[bool] = column("Whether the event's user agent is a robot's, or its referrer is spam", USER_AGENT)
    run_id: Mapped[int] = column("Run of the ETL that loaded it (etl.run)", RUN)
