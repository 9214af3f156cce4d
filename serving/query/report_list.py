"""Every report that the warehouse pages may ask for: nothing else of the star is reached by an address."""

from dataclasses import dataclass

DAY, MONTH, WEEK = "date", "month", "cohort_week"
_ALL = "exclude", "include", "only"


@dataclass(frozen=True)
class Report:
    """`source` stands after FROM. `day` is the column that a range of days is compared with, `audience` the one that
    tells robots from people, `store` that of stores. `comments` names, for a column that is not the mart's own, the
    column of the catalog that it comes from.
    """

    name: str
    title: str
    definition: str
    chart: str
    sort: str
    source: str = ""
    grain: str = ""
    day: str | None = DAY
    store: str | None = None
    audience: str | None = None
    comments: tuple[tuple[str, str], ...] = ()

    @property
    def relation(self) -> str:
        """What is selected from."""
        return self.source or f"mart.{self.name}"

    @property
    def filters(self) -> list[str]:
        """The parameters that it takes, beside those that each takes."""
        held = {"from": self.day, "to": self.day, "store": self.store, "bots": self.audience}
        return [name for name, column in held.items() if column]


_PRODUCT_VIEWS = """(
    SELECT day.date, product.product_id, product.product_name, product.category, store.store_id, store.country_name,
           CASE WHEN view.is_bot THEN 'bots' ELSE 'people' END AS audience, sum(view.views) AS views
    FROM fact_daily_product_views AS view
    JOIN dim_date AS day USING (date_key)
    JOIN dim_product AS product USING (product_key)
    JOIN dim_store AS store USING (country_key)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
) AS star"""
_SESSIONS = """(
    SELECT day.date, store.store_id, store.country_name, agent.device_type,
           CASE WHEN visit.is_bot THEN 'bots' ELSE 'people' END AS audience, count(*) AS sessions,
           sum(visit.views) AS views, sum(visit.reached_order::int) AS ordered,
           round(avg(visit.duration_seconds)) AS duration_seconds
    FROM fact_session AS visit
    JOIN dim_date AS day USING (date_key)
    JOIN dim_store AS store USING (country_key)
    JOIN dim_user_agent AS agent USING (user_agent_key)
    GROUP BY 1, 2, 3, 4, 5
) AS star"""
_STORE_COMMENTS = (
    ("date", "dim_date.date"),
    ("store_id", "dim_store.store_id"),
    ("country_name", "dim_store.country_name"),
)

REPORTS = {
    each.name: each
    for each in (
        Report("daily_traffic", "Traffic by day", "visitor", "line", "date"),
        Report("country_traffic", "Traffic by country", "store-and-country", "map", "-views"),
        Report("product_performance", "Products from view to order", "views-of-a-day", "bar", "-views", day=MONTH),
        Report(
            "revenue", "Revenue by day and country", "price-amount-and-revenue", "line", "date", audience="audience"
        ),
        Report(
            "product_revenue",
            "Revenue by product",
            "price-amount-and-revenue",
            "bar",
            "-reporting_revenue",
            day=MONTH,
            audience="audience",
        ),
        Report("order_revenue", "Orders", "order", "table", "-date", audience="audience"),
        Report(
            "campaign_revenue",
            "Revenue by campaign",
            "campaign",
            "bar",
            "-revenue",
            audience="audience",
        ),
        Report("referrer_campaign", "Sessions by referrer and campaign", "campaign", "bar", "-sessions"),
        Report("landing_pages", "Landing pages", "page-landing-page-and-path", "bar", "-sessions"),
        Report("funnel", "Funnel by day", "step-of-the-funnel", "line", "date"),
        Report("store_funnel", "Funnel by store", "step-of-the-funnel", "bar", "-sessions", store="store_id"),
        Report("device_funnel", "Funnel by device", "step-of-the-funnel", "bar", "-sessions"),
        Report(
            "device_browser",
            "Devices and browsers",
            "device-and-user-agent",
            "bar",
            "-views",
            audience="audience",
        ),
        Report("paths", "Paths", "page-landing-page-and-path", "table", "-sessions"),
        Report("search", "What is searched for", "result-click", "bar", "-searches"),
        Report("recommendation", "Recommendations", "recommendation", "bar", "date"),
        Report("product_pairs", "Products seen together", "session", "table", "-lift", day=None),
        Report("cohort_retention", "Who comes again", "person", "heat", "cohort_week", day=WEEK),
        Report("bots_and_people", "Robots and people", "robot", "line", "date", audience="audience"),
        Report(
            "freshness",
            "What the marts were computed from",
            "what-defines-the-stored-data",
            "table",
            "run_id",
            day=None,
        ),
        Report(
            "product_views",
            "Product views by store",
            "views-of-a-day",
            "table",
            "-views",
            _PRODUCT_VIEWS,
            "One row per day, product, store and audience",
            store="store_id",
            audience="audience",
            comments=(
                *_STORE_COMMENTS,
                ("product_id", "dim_product.product_id"),
                ("product_name", "dim_product.product_name"),
                ("category", "dim_product.category"),
                ("views", "fact_daily_product_views.views"),
            ),
        ),
        Report(
            "sessions",
            "Sessions by store and device",
            "session",
            "table",
            "-sessions",
            _SESSIONS,
            "One row per day, store, type of device and audience",
            store="store_id",
            audience="audience",
            comments=(
                *_STORE_COMMENTS,
                ("device_type", "dim_user_agent.device_type"),
                ("sessions", "fact_session.session_id"),
                ("views", "fact_session.views"),
                ("ordered", "fact_session.reached_order"),
                ("duration_seconds", "fact_session.duration_seconds"),
            ),
        ),
    )
}


def unit_of(column: str) -> str:
    """The unit of a column, by its name; empty for texts, keys and plain numbers."""
    if column in ("revenue", "revenue_per_order"):
        return "currency:currency"
    if column == "reporting_revenue":
        return "currency:reporting_currency"
    if "seconds" in column:
        return "seconds"
    if (column.endswith("_rate") and column != "exchange_rate") or column in ("conversion", "retention"):
        return "share"
    words = ["views", "visitors", "persons", "sessions", "orders", "searches", "items", "buyers", "events", "clicks"]
    return next((word for word in words if word in column.split("_")), "")
