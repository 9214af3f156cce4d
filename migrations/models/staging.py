"""Schema staging: what Spark copied for the run under way, without keys. A name has one type in all tables."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, Numeric, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from migrations.models.base import Base, Int4, column, metadata

BUS_POSITION = "bus_topic bus_partition bus_offset"
COUNTRY = "country_name country_code region continent currency time_zone"
DESCRIBED = "described_at described_by"

# Grain and columns of each table, in the order of the COPY.
TABLES = {
    "event": (
        "One row per valid event of the run; after sql/stage the first to arrive of each event id",
        "event_id event_time date_key kind product_id store_id page referrer_hash device_id user_agent_hash visitor"
        " user_hash options option_group_hash utm_source utm_medium campaign_hash price currency currency_sent order_id"
        f" search_terms recommended_product_id recommendation_position {BUS_POSITION} origin referrer raw_device_id"
        " user_agent choices campaign arrival",
    ),
    "product": (
        "One row per product and page that it was seen on, with what the page's address tells",
        "product_id page product_name language category category_path first_date",
    ),
    "store": ("One row per store and host", f"store_id {COUNTRY} {DESCRIBED}"),
    "referrer": (
        "One row per referrer as sent, without its query",
        "referrer_hash referrer_url referrer_domain referrer_type referrer_name",
    ),
    "device": ("One row per device: its newest user agent", f"device_id user_agent_hash {DESCRIBED} raw_device_id"),
    "user_agent": ("One row per user agent", "user_agent_hash device_type browser_info os is_bot"),
    "campaign": (
        "One row per campaign that the page of some event of the run names",
        "campaign_hash source medium campaign term content click_id_kind",
    ),
    "option_group": ("One row per set of options that some event of the run chose", "option_group_hash choices"),
    "order_line": (
        "One row per line of the cart of each event of the run that tells of an order",
        f"event_id line_number product_id amount price currency currency_sent option_group_hash choices {BUS_POSITION}",
    ),
    "rejected_event": (
        "One row per event that broke a rule",
        f"{BUS_POSITION} rule field value original kind event_date",
    ),
    "resolved_event": (
        "One row per event that is new to the warehouse, its natural keys replaced by surrogate keys",
        "event_id event_time product_key country_key referrer_key device_key user_agent_key option_group_key"
        " recommended_product_key bus_offset visitor user_hash session_id person order_key date_key bus_partition"
        " recommendation_position kind_key is_bot bus_topic page utm_source utm_medium price currency currency_sent"
        " order_id search_terms options campaign_key product_version_key",
    ),
    "removed_event": (
        "One row per event that the run took out of the warehouse to load it again",
        "event_id event_time visitor order_key order_id country_key bus_topic bus_partition",
    ),
    "touched_order": (
        "One row per order that the run may change",
        "order_key campaign_key touch_referrer_key first_campaign_key first_touch_referrer_key",
    ),
    "refused_line": (
        "One row per line that PostgreSQL refused, with its key or, of an event, its place on the bus",
        "table_name line_key reason bus_topic bus_partition bus_offset kind date_key",
    ),
    "removed_rejection": ("One row per rejected event that the run judges again", BUS_POSITION),
}
TYPES: dict[Any, str] = {
    BigInteger: "arrival bus_offset campaign_key country_key device_key first_campaign_key first_touch_referrer_key"
    " option_group_key product_key product_version_key recommended_product_key referrer_key touch_referrer_key"
    " user_agent_key",
    Boolean: "is_bot",
    Date: "event_date first_date",
    DateTime(timezone=True): "described_at event_time",
    Integer: "bus_partition date_key line_number recommendation_position",
    JSONB: "choices options",
    Numeric: "amount price",
    SmallInteger: "kind_key",
    Uuid: "campaign_hash described_by event_id option_group_hash order_key person referrer_hash session_id"
    " user_agent_hash user_hash visitor",
}
UNLOGGED: dict[str, Any] = {"schema": "staging", "prefixes": ["UNLOGGED"]}


def staged(name: str, grain: str, columns: str) -> Table:
    """The table of the columns named, each of the type that its name has."""
    types = {column: kind for kind, names in TYPES.items() for column in names.split()}
    return Table(
        name, metadata, *(Column(each, types.get(each, Text)) for each in columns.split()), comment=grain, **UNLOGGED
    )


STAGED = [staged(name, grain, columns) for name, (grain, columns) in TABLES.items()]
CATALOG_PRODUCT = Table(
    "catalog_product",
    metadata,
    *(Column(each, BigInteger) for each in ("line_number", "product_key")),
    *(Column(each, Text) for each in ("product_id", "product_name", "category", "currency")),
    Column("price", Numeric(14, 2)),
    Column("is_active", Boolean),
    comment="One row per valid line of the catalogue that is being loaded",
    **UNLOGGED,
)
TOUCHED_VISITOR = Table(
    "touched_visitor",
    metadata,
    Column("visitor", Uuid),
    Column("from_time", DateTime(timezone=True), comment="Sessions that start from here on are made anew"),
    Column("from_key", Integer, comment="No event of these sessions is on an earlier day, in any time zone"),
    Column(
        "chain_started_at",
        DateTime(timezone=True),
        comment="Start of the unbroken activity that from_time cuts; null where it cuts none",
    ),
    Column(
        "chain_until",
        DateTime(timezone=True),
        comment="Until then the first event from from_time on goes on with it; null where what was before is gone",
    ),
    comment="One row per visitor of whom the run loaded or removed an event",
    **UNLOGGED,
)

SESSION_EVENT = Table(
    "session_event",
    metadata,
    Column("event_id", Uuid),
    Column("date_key", Integer),
    *(Column(each, Uuid) for each in ("visitor", "session_id", "person")),
    Column("chain_started_at", DateTime(timezone=True)),
    Column("is_first", Boolean, comment="Whether it begins the session"),
    Column("is_last", Boolean, comment="Whether it ends the session"),
    Column("is_new", Boolean, comment="Whether the warehouse does not have it yet"),
    Column("is_moved", Boolean, comment="Whether the warehouse has it with another session or person"),
    Column("is_renamed", Boolean, comment="Whether the warehouse has it with another person"),
    comment="One row per event of a touched visitor: the session that it belongs to now",
    **UNLOGGED,
)
RENAMED_VIEW = Table(
    "renamed_view",
    metadata,
    Column("date_key", Integer),
    *(Column(each, BigInteger) for each in ("product_key", "country_key", "referrer_key")),
    comment="One row per day and members of views whose person is another or gone: sketches that are made anew",
    **UNLOGGED,
)
TOUCH_BEFORE = Table(
    "touch_before",
    metadata,
    Column("visitor", Uuid),
    Column("is_bot", Boolean),
    Column("touched_at", DateTime(timezone=True)),
    *(Column(each, BigInteger) for each in ("campaign_key", "touch_referrer_key")),
    Column("first_touched_at", DateTime(timezone=True)),
    *(Column(each, BigInteger) for each in ("first_campaign_key", "first_touch_referrer_key")),
    comment="One row per touched visitor and audience: the touches before the sessions that are made anew",
    **UNLOGGED,
)
TOUCHED_PRODUCT = Table(
    "touched_product",
    metadata,
    Column("product_key", BigInteger),
    comment="One row per product that is described anew, or more",
    **UNLOGGED,
)


class LoadedPartition(Base):
    """One row per Spark partition copied: a retried task copies nothing twice"""

    __tablename__ = "loaded_partition"
    schema_name = "staging"
    options = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012  as the base declares it

    run_id: Mapped[int] = column("Run of the ETL", primary_key=True)
    table_name: Mapped[str] = column("Staging table", primary_key=True)
    partition_id: Mapped[Int4] = column("Partition in Spark", primary_key=True)
    rows: Mapped[int] = column("Rows copied")
