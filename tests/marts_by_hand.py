"""The marts of a pipeline's warehouse against what plain Python counts in the events that it loaded."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import plain_marts, plain_revenue, plain_traffic
from tests.answers import FURTHEST_OFF
from tests.pipeline import Pipeline
from tests.plain_counts import Event, day, purchases, sessions
from tests.plain_marts import Visits, funnel

STEPS = """sessions, viewed, carted, checked_out, ordered, median_seconds_to_cart, median_seconds_to_checkout,
           median_seconds_to_order"""
MARTS: tuple[tuple[int, str, Callable[[Visits], dict[Any, tuple[Any, ...]]]], ...] = (
    (1, f"SELECT date_key::text, {STEPS} FROM mart.funnel", lambda v: funnel(v, lambda s: day(s[0]))),
    (
        2,
        f"SELECT date_key::text, store_id, {STEPS} FROM mart.store_funnel",
        lambda v: funnel(v, lambda s: (day(s[0]), s[0]["store_id"])),
    ),
    (
        2,
        f"SELECT date_key::text, device_type, {STEPS} FROM mart.device_funnel",
        lambda v: funnel(v, lambda s: (day(s[0]), v.device_type(s))),
    ),
    (
        4,
        "SELECT date_key::text, entry_page_type, next_page_type, exit_page_type, sessions, pages, sessions_with_cart,"
        " sessions_with_order, bot_sessions FROM mart.paths",
        lambda v: {key: (row[0], *row[2:]) for key, row in plain_marts.paths(v).items()},
    ),
    (2, "SELECT * FROM mart.next_pages('2015-01-01', '2040-12-31')", plain_marts.next_pages),
    (
        2,
        "SELECT date_key::text, place, visible, noticed, clicked, ordered, sessions, sessions_clicked,"
        " sessions_ordered, bot_events FROM mart.recommendation",
        plain_marts.recommendations,
    ),
    (
        1,
        "SELECT date_key::text, views, visitors, persons, sessions, cart_additions, bot_views, bot_visitors,"
        " bot_sessions FROM mart.daily_traffic",
        plain_traffic.daily_traffic,
    ),
    (
        2,
        "SELECT date_key::text, audience, events, views, visitors, persons FROM mart.bots_and_people",
        plain_traffic.bots_and_people,
    ),
    (
        2,
        "SELECT date_key::text, country_name, views, visitors, persons, sessions, sessions_with_cart,"
        " sessions_with_order, bot_views, bot_sessions FROM mart.country_traffic",
        plain_traffic.country_traffic,
    ),
    (
        3,
        "SELECT date_key::text, audience, device_type, sum(views)::bigint, sum(sessions)::bigint,"
        " sum(sessions_with_cart)::bigint, sum(sessions_with_order)::bigint FROM mart.device_browser GROUP BY 1, 2, 3",
        plain_traffic.device_types,
    ),
    (
        2,
        "SELECT to_char(month, 'YYYYMM'), product_id, views, visitors, persons, cart_additions, cart_persons, bot_views"
        " FROM mart.product_performance WHERE views + cart_additions + bot_views > 0",
        plain_traffic.product_performance,
    ),
    (
        2,
        "SELECT cohort_week, weeks_later, cohort_persons, persons FROM mart.cohort_retention",
        plain_traffic.cohort_retention,
    ),
    (
        4,
        "SELECT date_key::text, audience, country_name, currency, orders, items, orders_without_revenue, revenue"
        " FROM mart.revenue",
        plain_revenue.revenue,
    ),
    (
        4,
        "SELECT to_char(month, 'YYYYMM'), audience, product_id, currency, orders, items, revenue"
        " FROM mart.product_revenue",
        plain_revenue.product_revenue,
    ),
)
"""How many columns are a row's key, the statement, and what plain Python says."""
LANDING_PAGES = """
SELECT date_key::text, landing_page, page_type, sessions, bounces, pages, sessions_with_cart, sessions_with_order,
       bot_sessions
FROM mart.landing_pages
"""
SEARCHES = """
SELECT date_key::text, search_terms, searches, sessions, searches_without_click, sessions_without_click, bot_searches
FROM mart.search
"""
SKETCHES = "SELECT to_char(month, 'YYYYMM'), visitors, estimate, error_percent::float8 FROM mart.sketch_error"
CURRENCIES = """
SELECT DISTINCT store_id, coalesce(line.currency_sent, ''), line.currency
FROM fact_order_line AS line JOIN fact_order USING (order_key) JOIN dim_store USING (country_key)
"""


def by_key(pipeline: Pipeline, width: int, statement: str) -> dict[Any, tuple[Any, ...]]:
    """The rows of a mart by their first `width` columns."""
    return {row[0] if width == 1 else row[:width]: row[width:] for row in pipeline.rows(statement)}


def told_visits(pipeline: Pipeline, events: list[Event]) -> Visits:
    """The events as plain Python has them, with what other tests tell of them."""
    agents = pipeline.rows("SELECT replace(user_agent_hash::text, '-', ''), device_type FROM dim_user_agent")
    robots = pipeline.rows("SELECT replace(event_id::text, '-', '') FROM fact_event WHERE is_bot")
    return Visits(
        all=sessions(events),
        orders=purchases(events),
        robots={key for (key,) in robots},
        device_types=dict(agents),
        countries=dict(pipeline.rows("SELECT store_id, country_name FROM dim_store")),
        currencies={(store, sent): currency for store, sent, currency in pipeline.rows(CURRENCIES)},
    )


def assert_the_sketches_are(pipeline: Pipeline, visits: Visits) -> None:
    """The exact side is plain Python's; the estimate depends on the secret key, its error on both."""
    found = by_key(pipeline, 1, SKETCHES)
    assert {month: row[0] for month, row in found.items()} == plain_traffic.visitors_by_month(visits)
    for visitors, estimate, error in found.values():
        assert abs(error) <= FURTHEST_OFF
        assert error == pytest.approx(100 * (estimate - visitors) / visitors, abs=0.005)


def assert_the_marts_are(pipeline: Pipeline, events: list[Event]) -> None:
    visits = told_visits(pipeline, events)
    for width, statement, count in MARTS:
        assert by_key(pipeline, width, statement) == count(visits), statement
    assert_the_sketches_are(pipeline, visits)
    pairs = pipeline.rows("SELECT first_id, second_id, sessions FROM mart.product_pairs")
    assert {frozenset(row[:2]): row[2:] for row in pairs} == plain_traffic.product_pairs(visits)
    # What is scrubbed, plain Python does not know: such rows are compared by their number alone.
    found, counted = by_key(pipeline, 2, SEARCHES), plain_marts.searches(visits)
    assert {key: row for key, row in found.items() if "*" not in key[1]}.items() <= counted.items()
    assert sum(row[0] + row[4] for row in found.values()) == sum(row[0] + row[4] for row in counted.values())
    landed, plain = by_key(pipeline, 3, LANDING_PAGES), plain_marts.landing_pages(visits)
    # Nor what becomes of odd addresses: their sessions are in the sums.
    named = {key: row for key, row in plain.items() if key[1]}
    assert named
    assert {key: landed.get(key) for key in named} == named
    for numbers in zip(*(map(sum, zip(*rows.values(), strict=True)) for rows in (landed, plain)), strict=True):
        assert len(set(numbers)) == 1
