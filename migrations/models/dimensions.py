"""Dimensions: what facts are counted by. Member -1 is Unknown, member -2 is Not applicable."""

import datetime
import uuid
from decimal import Decimal

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped

from migrations.models.base import Base, Described, Int2, Int4, column, dimension_key, surrogate_key

CALENDAR = "calendar"
PAGE = "catalogue, else the shop's own pages in `current_url` of its views, by [rule](enrichment.md)"
OWN_PAGES = "the shop's own pages in `current_url` of its views, by [rule](enrichment.md)"
STORE = "`store_id` by stores.csv, else the host of `current_url`, by [rule](enrichment.md)"
REFERRER = "`referrer_url` by [rule](enrichment.md)"
NEWEST_USER_AGENT = "newest `user_agent` by [rule](enrichment.md)"
USER_AGENT = "`user_agent` by [rule](enrichment.md)"
CAMPAIGN = "parameters of `current_url`, else `utm_source` and `utm_medium`, by [rule](enrichment.md)"
DEVICE_TYPES = "Desktop, Mobile, Tablet, TV, Console, Bot, Other or Unknown"


class DimDate(Base):
    """One row per day from 2015 to 2040"""

    __tablename__ = "dim_date"

    date_key: Mapped[Int4] = column(
        "yyyymmdd; -1 is Unknown, -2 is Not applicable", CALENDAR, primary_key=True, autoincrement=False
    )
    date: Mapped[datetime.date | None] = column("The day in the business time zone", CALENDAR, unique=True)
    year: Mapped[Int2 | None] = column("Calendar year", CALENDAR)
    month: Mapped[Int2 | None] = column("1-12", CALENDAR)
    day: Mapped[Int2 | None] = column("Day of the month, 1-31", CALENDAR)
    day_of_week: Mapped[Int2 | None] = column("ISO 8601: 1 is Monday, 7 is Sunday", CALENDAR)
    week_of_year: Mapped[Int2 | None] = column("ISO 8601 week, 1-53", CALENDAR)
    quarter: Mapped[Int2 | None] = column("1-4", CALENDAR)
    iso_year: Mapped[Int2 | None] = column("ISO 8601 year of the week: that of its Thursday", CALENDAR)
    is_weekend: Mapped[bool | None] = column("Whether it is a Saturday or Sunday", CALENDAR)
    iso_week: Mapped[str | None] = column(
        "ISO 8601 year and week, 2026-W01: the year is that of the week's Thursday", CALENDAR
    )
    month_name: Mapped[str | None] = column("January to December", CALENDAR)
    month_label: Mapped[str | None] = column("Year and month, 2026-01", CALENDAR)
    day_name: Mapped[str | None] = column("Monday to Sunday", CALENDAR)
    quarter_label: Mapped[str | None] = column("Year and quarter, 2026-Q1", CALENDAR)


class DimEventKind(Base):
    """One row per kind of event"""

    __tablename__ = "dim_event_kind"

    kind_key: Mapped[Int2] = column("Surrogate key", "the migration", primary_key=True, autoincrement=False)
    kind: Mapped[str] = column("The event's `collection`", "event `collection`", unique=True)
    step: Mapped[str] = column(
        "page, listing, search, view, option, recommendation, cart, cart page, checkout, order or account",
        "the migration: the step of a visit that the kind stands for",
    )
    has_product: Mapped[bool] = column(
        "Whether events of the kind name the product that they are about", "the migration, by [events](events.md)"
    )
    has_recommended_product: Mapped[bool] = column(
        "Whether events of the kind name a product that was recommended", "the migration, by [events](events.md)"
    )
    page_type: Mapped[str | None] = column(
        "Type of the page that an event of the kind shows; null where it shows none",
        "the migration, by [definition](definitions.md#page-landing-page-and-path)",
    )


class DimProduct(Base):
    """One row per product"""

    __tablename__ = "dim_product"

    product_key: Mapped[int] = surrogate_key()
    product_id: Mapped[str | None] = column(
        "The shop's id of the product",
        "event `product_id`, else `viewing_product_id`; `recommendation_product_id`, `cart_products`; catalogue",
        unique=True,
    )
    product_name: Mapped[str | None] = column(
        "From the catalogue; for products it does not name, what the shop's pages in the preferred language say", PAGE
    )
    language: Mapped[str | None] = column(
        "ISO 639-1, of the pages that product_name is from; null where it is from the catalogue", OWN_PAGES
    )
    category: Mapped[str | None] = column(
        "From the catalogue; for products it does not name, a kind of categories.csv that its pages name", PAGE
    )
    category_group: Mapped[str | None] = column(
        "The level above category; null where category is none of categories.csv", "categories.csv"
    )
    category_path: Mapped[str | None] = column("The folders that its pages are in, in their own words", OWN_PAGES)
    price: Mapped[Decimal | None] = column(
        "From the catalogue; for products it does not name, the newest in the preferred store; in currency",
        "catalogue, else dim_product_price",
    )
    currency: Mapped[str | None] = column(
        "ISO 4217, or the symbol as sent where it names no single currency", "catalogue, else dim_product_price"
    )
    price_country_key: Mapped[int] = column(
        "Store that price is of; -1 where none was sent, -2 where it is from the catalogue (dim_store)",
        "dim_product_price",
        # The name without 1 is that of dim_product_price.country_key.
        ForeignKey("dim_store.country_key", name="dim_product_price_country_key_fkey1"),
        server_default="-1",
    )
    is_active: Mapped[bool] = column("False once withdrawn", "catalogue", server_default="true")
    created_date: Mapped[datetime.date | None] = column(
        "Day of the first event, in the business time zone; null where only the catalogue knows it",
        "earliest event `time_stamp`",
    )
    catalogued_at: Mapped[datetime.datetime | None] = column(
        "Since when the catalogue says this of the product; null where it does not name it",
        "`--valid-from` of the catalogue's load",
    )


class DimProductName(Base):
    """One row per product, language and name that the shop's own pages gave it"""

    __tablename__ = "dim_product_name"

    product_key: Mapped[int] = dimension_key("dim_product.product_key", "Product", OWN_PAGES, primary_key=True)
    language: Mapped[str] = column("ISO 639-1, of the pages", OWN_PAGES, primary_key=True)
    product_name: Mapped[str] = column("As the slug spells it, its words capitalised", OWN_PAGES, primary_key=True)
    is_preferred: Mapped[bool] = column("Whether it is the most frequent name in the language", "product views")


class DimProductPrice(Base):
    """One row per product, store and price that views showed there; options make several hold at once"""

    __tablename__ = "dim_product_price"

    product_key: Mapped[int] = dimension_key(
        "dim_product.product_key", "Product", "event `product_id`", primary_key=True
    )
    country_key: Mapped[int] = dimension_key("dim_store.country_key", "Store", "event `store_id`", primary_key=True)
    price: Mapped[Decimal] = column("In currency", "event `price`", primary_key=True)
    currency: Mapped[str] = column(
        "ISO 4217, or the symbol as sent where it names no single currency; XXX where none was sent",
        "event `currency`",
        primary_key=True,
    )
    valid_from: Mapped[datetime.datetime] = column("When a view first showed it", "earliest event `time_stamp`")
    valid_to: Mapped[datetime.datetime] = column("When a view last showed it", "newest event `time_stamp`")


class DimStore(Described, Base):
    """One row per store, with the country it sells to"""

    __tablename__ = "dim_store"

    country_key: Mapped[int] = surrogate_key()
    store_id: Mapped[str | None] = column("The shop's id of the store", "event `store_id`", unique=True)
    country_name: Mapped[str | None] = column("English short name, or International", STORE)
    country_code: Mapped[str | None] = column("ISO 3166-1 alpha-2", STORE)
    region: Mapped[str | None] = column("UN M49 sub-region", "countries.csv")
    continent: Mapped[str | None] = column("Continent", "countries.csv")
    currency: Mapped[str | None] = column("ISO 4217", "countries.csv")
    time_zone: Mapped[str | None] = column("IANA zone of the capital", "countries.csv")


class DimReferrer(Base):
    """One row per normalised referrer URL"""

    __tablename__ = "dim_referrer"

    referrer_key: Mapped[int] = surrogate_key()
    referrer_url: Mapped[str | None] = column("Host and path, or (direct)", REFERRER)
    referrer_sha256: Mapped[bytes | None] = column("SHA-256 of referrer_url in UTF-8", "computed", unique=True)
    referrer_domain: Mapped[str | None] = column("Registrable domain", REFERRER)
    referrer_type: Mapped[str] = column(
        "Search Engine, Social Media, Email, AI Assistant, Spam, Internal, Direct, Other or Unknown", REFERRER
    )
    referrer_name: Mapped[str | None] = column(
        "What people call the site or application: Google, ChatGPT, Gmail; null where it is not known", REFERRER
    )


class DimCampaign(Base):
    """One row per campaign that the address of some landing page names"""

    __tablename__ = "dim_campaign"

    campaign_key: Mapped[int] = surrogate_key()
    campaign_hash: Mapped[uuid.UUID | None] = column("MD5 of the other columns as JSON", "computed", unique=True)
    source: Mapped[str | None] = column(
        "utm_source, else the network of the click id: google, newsletter, facebook", CAMPAIGN
    )
    medium: Mapped[str | None] = column("utm_medium, else that of the click id: cpc, email", CAMPAIGN)
    campaign: Mapped[str | None] = column("utm_campaign: the name of the campaign", CAMPAIGN)
    term: Mapped[str | None] = column("utm_term: the words that were paid for", CAMPAIGN)
    content: Mapped[str | None] = column("utm_content: which of several advertisements or links", CAMPAIGN)
    click_id_kind: Mapped[str | None] = column(
        "The parameter that tells the click from all others, such as gclid; its value is kept nowhere", CAMPAIGN
    )


class DimDevice(Described, Base):
    """One row per device, described by its newest user agent"""

    __tablename__ = "dim_device"

    device_key: Mapped[int] = surrogate_key()
    device_id: Mapped[str | None] = column(
        "Keyed hash of the id the shop gave the browser or application, 32 hex digits",
        "HMAC-SHA256 of `device_id`",
        unique=True,
    )
    device_type: Mapped[str | None] = column(DEVICE_TYPES, NEWEST_USER_AGENT)
    browser_info: Mapped[str | None] = column("Browser and major version", NEWEST_USER_AGENT)
    os: Mapped[str | None] = column("Operating system and version", NEWEST_USER_AGENT)
    is_bot: Mapped[bool] = column("Whether its newest user agent is a robot's", NEWEST_USER_AGENT)


class DimUserAgent(Base):
    """One row per user agent that some event was sent with"""

    __tablename__ = "dim_user_agent"

    user_agent_key: Mapped[int] = surrogate_key()
    user_agent_hash: Mapped[uuid.UUID | None] = column(
        "MD5 of the user agent as sent; null where only its description is known", "event `user_agent`", unique=True
    )
    device_type: Mapped[str | None] = column(DEVICE_TYPES, USER_AGENT)
    browser_info: Mapped[str | None] = column("Browser and major version", USER_AGENT)
    os: Mapped[str | None] = column("Operating system and version", USER_AGENT)
    is_bot: Mapped[bool] = column("Whether it is a robot's", USER_AGENT)


class DimOption(Base):
    """One row per option and value"""

    __tablename__ = "dim_option"
    extras = (UniqueConstraint("option_label", "option_value"),)

    option_key: Mapped[int] = surrogate_key(always=False)
    option_label: Mapped[str] = column("What is chosen: alloy, diamond, stone, ...", "event `option`: `option_label`")
    option_value: Mapped[str] = column(
        "The choice; its id where the event has no name",
        "event `option`: `value_label`, else the label's value in `current_url`, else `value_id`",
    )


class DimOptionGroup(Base):
    """One row per set of options chosen together"""

    __tablename__ = "dim_option_group"

    option_group_key: Mapped[int] = surrogate_key(always=False)
    option_group_hash: Mapped[uuid.UUID | None] = column("MD5 of the choices as JSON", "computed", unique=True)
    choices: Mapped[str] = column("As text: alloy: white-585, diamond: sapphire", "event `option`")


class BridgeOptionGroup(Base):
    """One row per set of options and option in it: joins a fact to dim_option by option_group_key"""

    __tablename__ = "bridge_option_group"

    option_group_key: Mapped[int] = dimension_key(
        "dim_option_group.option_group_key", "Set of options", "event `option`", primary_key=True
    )
    option_key: Mapped[int] = dimension_key("dim_option.option_key", "Option in it", "event `option`", primary_key=True)
