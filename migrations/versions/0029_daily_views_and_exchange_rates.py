"""Product views by day and by what people ask for, and exchange rates that the operator loads.

Views of kept days are counted by the types that their referrers and user agents have now. Of days whose views
retention removed, fact_product_views tells product, store and referrer; where their devices are unlinked, the type is
Unknown and bots count as people.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

KEYS = {
    "date_key": (sa.Integer, "dim_date", "Day of the event in the business time zone, yyyymmdd"),
    "product_key": (sa.BigInteger, "dim_product", "Product seen"),
    "country_key": (sa.BigInteger, "dim_store", "Store, and its country"),
}
TYPES = {
    "referrer_type": (sa.Text, "Type of the page that led here, as it was when the view was loaded"),
    "device_type": (
        sa.Text,
        "Type of the device, as it was when the view was loaded; Unknown where no user agent was sent",
    ),
    "is_bot": (sa.Boolean, "Of bots, or of people; people of days archived before revision 0029 include bots"),
}
GRAIN = ("product_key", "date_key", "country_key", "referrer_type", "device_type", "is_bot")
COUNT_VIEWS = """
INSERT INTO fact_daily_product_views (date_key, product_key, country_key, referrer_type, device_type, is_bot, views)
WITH kept AS (
    SELECT coalesce(to_char(max(month) + interval '1 month', 'YYYYMMDD')::integer, 0) AS date_key
    FROM etl.removed WHERE what = 'facts'
)
SELECT event.date_key, product_key, country_key, referrer_type, coalesce(agent.device_type, 'Unknown'), event.is_bot,
       count(*)
FROM fact_product_view_event AS event
JOIN dim_referrer USING (referrer_key)
JOIN dim_user_agent AS agent USING (user_agent_key)
WHERE event.date_key >= (SELECT date_key FROM kept)
GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT daily.date_key, product_key, country_key, referrer_type, coalesce(device.device_type, 'Unknown'), device.is_bot,
       sum(view_count)
FROM fact_product_views AS daily
JOIN dim_referrer USING (referrer_key)
JOIN dim_device AS device USING (device_key)
WHERE daily.date_key < (SELECT date_key FROM kept)
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2
"""


def create_daily_views() -> None:
    op.create_table(
        "fact_daily_product_views",
        *(
            sa.Column(
                name,
                kind,
                sa.ForeignKey(f"{dimension}.{name}"),
                nullable=False,
                comment=f"{comment} ({dimension})",
            )
            for name, (kind, dimension, comment) in KEYS.items()
        ),
        *(sa.Column(name, kind, nullable=False, comment=comment) for name, (kind, comment) in TYPES.items()),
        sa.Column("views", sa.BigInteger, nullable=False, comment="Product views; may be summed over anything"),
        # The product first: by day its rows lie together already, which a block range index tells.
        sa.PrimaryKeyConstraint(*GRAIN),
        comment="One row per day, product, store, type of referrer, type of device and audience",
    )
    op.execute(COUNT_VIEWS)
    op.create_index(
        "fact_daily_product_views_day",
        "fact_daily_product_views",
        ["date_key"],
        postgresql_using="brin",
        postgresql_ops={"date_key": "int4_minmax_multi_ops"},
        postgresql_with={"autosummarize": "on"},
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON fact_daily_product_views TO warehouse_etl")


def create_exchange_rates() -> None:
    op.create_table(
        "exchange_rate",
        sa.Column("currency", sa.Text, primary_key=True, comment="ISO 4217"),
        sa.Column(
            "rate_date",
            sa.Date,
            primary_key=True,
            comment="Day of the rate; it holds until the day before the currency's next one",
        ),
        sa.Column(
            "rate",
            sa.Numeric,
            nullable=False,
            comment="What one unit of the currency is worth in the reporting currency",
        ),
        sa.Column(
            "reporting_currency",
            sa.Text,
            nullable=False,
            comment="ISO 4217, the same in every row; its own rate is 1",
        ),
        sa.Column(
            "loaded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
            comment="When the rate was first loaded, or changed",
        ),
        sa.CheckConstraint("rate > 0", name="exchange_rate_positive"),
        sa.CheckConstraint("currency <> reporting_currency OR rate = 1", name="exchange_rate_of_itself"),
        comment="One row per currency and day of a rate to the reporting currency",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON exchange_rate TO warehouse_etl")


def upgrade() -> None:
    create_daily_views()
    # What they were for is answered by the new table, which costs a load what they did.
    op.drop_index("fact_product_views_product_day", "fact_product_views")
    op.drop_index("fact_product_views_device", "fact_product_views")
    create_exchange_rates()


def downgrade() -> None:
    op.drop_table("exchange_rate")
    op.create_index("fact_product_views_product_day", "fact_product_views", ["product_key", "date_key"])
    op.create_index(
        "fact_product_views_device", "fact_product_views", ["device_key"], postgresql_include=["view_count"]
    )
    op.drop_table("fact_daily_product_views")
