"""The visitor's path: carts, orders, searches, recommendations, options and sessions from the other kinds of event."""

from decimal import Decimal
from typing import Any

import pytest

from tests.events import FIRST_SECOND, act, order
from tests.pipeline import Pipeline

MINUTE, HOUR = 60, 3600
VISITOR = {"device_id": "one visitor", "user_agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/81.0"}

pytestmark = pytest.mark.servers


def load(pipeline: Pipeline, *events: dict[str, Any]) -> None:
    pipeline.produce_events(events, partition=0)
    for stage in ("kafka.mirror", "kafka.landing", "etl"):
        pipeline.run(stage, MAX_MESSAGES="0")


def at(second: int, number: int, kind: str = "view_product_detail", **changes: Any) -> dict[str, Any]:
    """What the one visitor did `second` seconds after the first."""
    return act(number, kind, time_stamp=FIRST_SECOND + second, **VISITOR, **changes)


def sessions(pipeline: Pipeline) -> list[tuple[int, int, int]]:
    """Start and end in seconds after the first event, and the number of events."""
    statement = """
        SELECT extract(epoch FROM started_at)::bigint - %s, extract(epoch FROM ended_at)::bigint - %s, events
        FROM fact_session ORDER BY started_at
    """
    return pipeline.rows(statement, FIRST_SECOND, FIRST_SECOND)


def test_a_late_event_joins_two_sessions_and_a_day_without_silence_is_cut(pipeline: Pipeline) -> None:
    load(pipeline, at(0, 1), at(10 * MINUTE, 2), at(50 * MINUTE, 3))
    assert sessions(pipeline) == [(0, 600, 2), (3000, 3000, 1)]
    load(pipeline, at(30 * MINUTE, 4))
    assert sessions(pipeline) == [(0, 3000, 4)]
    steps = range(50 * MINUTE + 25 * MINUTE, 26 * HOUR, 25 * MINUTE)
    load(pipeline, *(at(second, 100 + n) for n, second in enumerate(steps)))
    assert [(start, end - start < 24 * HOUR) for start, end, _ in sessions(pipeline)] == [(0, True), (87_000, True)]
    load(pipeline, at(-20 * MINUTE, 5))
    assert [start for start, _, _ in sessions(pipeline)] == [-1200, 85_500]
    assert pipeline.value("SELECT sum(events) FROM fact_session") == 6 + len(steps) - 1


def visitors(pipeline: Pipeline, mart: str) -> tuple[int, int, int]:
    """Visitors and persons of people, and visitors of bots, as the mart has them over everything."""
    (found,) = pipeline.rows(f"SELECT visitors, persons, bot_visitors FROM {mart}('2015-01-01', '2040-12-31')")
    return found


def people(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    """Each session's start, its events, whether it has an order, and a letter for its person in order of appearance."""
    rows = pipeline.rows(
        "SELECT extract(epoch FROM started_at)::bigint - %s, events, reached_order, person FROM fact_session"
        " ORDER BY started_at, events DESC",
        FIRST_SECOND,
    )
    letters: dict[Any, str] = {}
    return [(*row, letters.setdefault(who, "ABCDEF"[len(letters)])) for *row, who in rows]


def test_a_session_survives_a_login_and_ends_with_another_user(pipeline: Pipeline) -> None:
    one, other, elsewhere = {"user_id_db": "4711"}, {"user_id_db": "4712"}, {"device_id": "another"}
    load(
        pipeline,
        at(0, 1),
        at(60, 2, **one),
        at(120, 3),
        order(4, 77, 80001, time_stamp=FIRST_SECOND + 180, **VISITOR | one),
        at(240, 5, **other),
        at(240, 6, **one),
        at(300, 7),
        at(2 * HOUR, 8),
        act(9, "view_product_detail", **VISITOR | one | elsewhere | {"time_stamp": FIRST_SECOND + 3 * HOUR}),
        act(10, "view_product_detail", **VISITOR | {"device_id": "a robot's", "user_agent": "Googlebot/2.1"}),
    )
    robot = (10, 1, False, "B")
    mixed = [(0, 4, True, "A"), robot, (240, 2, False, "A"), (240, 1, False, "C")]
    assert people(pipeline) == [*mixed, (2 * HOUR, 1, False, "D"), (3 * HOUR, 1, False, "A")]
    assert visitors(pipeline, "mart.visitors") == visitors(pipeline, "mart.visitors_estimate") == (2, 3, 1)
    # A login that arrives late makes the guest of a day before the user, exactly and in the sketches.
    load(pipeline, at(2 * HOUR + 60, 11, **one))
    known = [*mixed, (2 * HOUR, 2, False, "A"), (3 * HOUR, 1, False, "A")]
    assert people(pipeline) == known
    assert visitors(pipeline, "mart.visitors") == visitors(pipeline, "mart.visitors_estimate") == (2, 2, 1)
    ids = pipeline.rows("SELECT session_id FROM fact_session ORDER BY 1")
    events = pipeline.rows("SELECT event_id, session_id, person FROM fact_event ORDER BY 1")
    assert {row[1] for row in events} == {row[0] for row in ids}
    pipeline.run("etl", "--full-refresh")
    assert people(pipeline) == known
    assert pipeline.rows("SELECT session_id FROM fact_session ORDER BY 1") == ids
    assert pipeline.rows("SELECT event_id, session_id, person FROM fact_event ORDER BY 1") == events


def test_spam_is_apart_from_people_as_robots_are(pipeline: Pipeline) -> None:
    spam = {"referrer_url": "http://semalt.semalt.com/crawler.php?u=1"}
    nameless = act(4, "view_product_detail", **VISITOR | {"time_stamp": FIRST_SECOND + 4 * HOUR, "user_agent": ""})
    load(pipeline, at(0, 1, **spam), at(10, 2), at(2 * HOUR, 3), nameless)
    members = "SELECT referrer_key, referrer_type, referrer_name FROM dim_referrer WHERE referrer_domain IS NOT NULL"
    known = pipeline.rows(members)
    assert [(kind, name) for _, kind, name in known] == [("Spam", None)]
    assert pipeline.rows("SELECT is_bot FROM fact_event ORDER BY event_time") == [(True,), (False,), (False,), (True,)]
    assert pipeline.rows("SELECT is_bot FROM fact_session ORDER BY started_at") == [(True,), (False,), (True,)]
    # As former rules described it: the next run describes it anew, under its key.
    with pipeline.warehouse() as connection:
        connection.execute("UPDATE dim_referrer SET referrer_type = 'Other', referrer_name = 'former rules'")
    load(pipeline, at(6 * HOUR, 5, **spam))
    assert pipeline.rows(members) == known


def test_each_kind_of_event_becomes_its_fact(pipeline: Pipeline) -> None:
    option = [{"option_label": "alloy", "option_id": "1", "value_label": "", "value_id": "2"}]
    swedish = {"store_id": "19", "current_url": "https://www.shop.example.se/ring-1.html?alloy=white-585"}
    load(
        pipeline,
        at(0, 1, "view_home_page", product_id=None, current_url="https://www.shop.example.de/"),
        at(10, 2, "search_box_action", product_id=None, key_search="  Gold   RING "),
        at(20, 3, option=option),
        at(25, 3, "product_detail_recommendation_visible", product_id=None, viewing_product_id="80003"),
        at(
            30,
            3,
            "product_detail_recommendation_clicked",
            product_id=None,
            viewing_product_id="80003",
            recommendation_product_id="80004",
            recommendation_clicked_position=3,
        ),
        at(40, 4, "add_to_cart_action", price="2 499,00", currency="kr", option=option, **swedish),
        at(50, 5, "checkout", product_id=None),
        order(6, 6200001.0, 80004, 80005, time_stamp=FIRST_SECOND + 60, store_id="6", **VISITOR),
        order(7, 6200001, 80004, 80005, time_stamp=FIRST_SECOND + 70, store_id="6", **VISITOR),
        order(8, 6200001, 80006, time_stamp=FIRST_SECOND + 80, **VISITOR),
        order(9, "", 80007, price="", time_stamp=FIRST_SECOND + 90, device_id="another"),
        at(95, 9, "made_up_kind"),
    )
    pipeline.run("kafka.indexer")
    assert pipeline.rows("SELECT search_terms FROM fact_search") == [("gold ring",)]
    assert pipeline.rows("""
        SELECT r.place, r.step, seen.product_id, shown.product_id, r.recommendation_position
        FROM fact_recommendation r JOIN dim_product seen USING (product_key)
        JOIN dim_product shown ON shown.product_key = recommended_product_key ORDER BY event_time
    """) == [("product_detail", "visible", "80003", None, None), ("product_detail", "clicked", "80003", "80004", 3)]
    assert pipeline.rows("SELECT price, currency FROM fact_cart_event") == [(Decimal("2499.00"), "SEK")]
    assert pipeline.rows("""
        SELECT fact, option_label, option_value FROM (
            SELECT 'view' AS fact, option_group_key FROM fact_product_view_event
            UNION ALL SELECT 'cart', option_group_key FROM fact_cart_event
        ) AS chosen JOIN bridge_option_group USING (option_group_key) JOIN dim_option USING (option_key) ORDER BY 1
    """) == [("cart", "alloy", "white-585"), ("view", "alloy", "yellow-375")]
    assert pipeline.rows("""
        SELECT order_id, events, lines, items, revenue, currency FROM fact_order ORDER BY event_time
    """) == [
        ("6200001", 2, 2, 4, Decimal("4938.00"), "EUR"),
        ("6200001", 1, 1, 2, Decimal("2469.00"), "EUR"),
        (None, 1, 1, 2, Decimal("2469.00"), "EUR"),
    ]
    assert pipeline.rows("""
        SELECT entry_page, exit_page, duration_seconds, events, views, distinct_products, reached_cart,
               reached_checkout, reached_order
        FROM fact_session ORDER BY started_at
    """)[0][1:] == ("www.shop.example.co.uk/ring-8.html", 80, 10, 1, 1, True, True, True)
    totals = pipeline.reconcile()["totals"]
    assert (totals["loaded"], totals["other_kinds"], totals["view_rows"]) == (11, 1, 1)
    assert pipeline.rows("""
        SELECT pages, entry_page_type, next_page_type, exit_page_type, seconds_to_view, seconds_to_cart,
               seconds_to_checkout, seconds_to_order
        FROM fact_session ORDER BY started_at
    """) == [(6, "home", "product", "order", 20, 40, 50, 60), (1, "order", None, "order", None, None, None, 0)]
    assert pipeline.rows("""
        SELECT seconds_to_cart, seconds_to_checkout, seconds_to_order FROM mart.session_steps ORDER BY 1
    """) == [(20, 10, 10), (None, None, None)]
    assert pipeline.rows("SELECT search_terms, searches, searches_without_click FROM mart.search") == [
        ("gold ring", 1, 0)
    ]
    assert pipeline.rows("SELECT place, visible, noticed, clicked, ordered FROM mart.recommendation") == [
        ("product_detail", 1, 0, 1, 1)
    ]


def orders(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    return pipeline.rows("""
        SELECT extract(epoch FROM event_time)::bigint - %s, events, lines, items, revenue FROM fact_order
        ORDER BY event_time, order_id
    """, FIRST_SECOND)  # fmt: skip


def test_an_order_is_one_id_store_device_or_person_and_day_whatever_its_cart(pipeline: Pipeline) -> None:
    german = {"store_id": "6", "current_url": "https://www.shop.example.de/checkout/success"}
    mine, my_login = {**german, **VISITOR}, {"user_id_db": "4711"}
    other_device = {**german, **my_login, "device_id": "another device"}

    def sent(second: int, number: int, *products: int, **changes: Any) -> dict[str, Any]:
        return order(number, 77, *products, time_stamp=FIRST_SECOND + second, **changes)

    load(
        pipeline,
        sent(60, 1, 80001, 80002, **mine),
        sent(70, 2, **mine),
        sent(80, 3, 80002, 80001, **mine | my_login),
        sent(20 * HOUR, 4, 80001, **other_device),
        sent(60, 5, 80001, **german, device_id="a stranger's"),
        sent(60, 6, 80001, **mine | {"store_id": "12"}),
        sent(50 * HOUR, 7, 80003, **mine),
    )
    told = [
        (60, 1, 1, 2, Decimal("2469.00")),
        (60, 1, 1, 2, Decimal("2469.00")),
        (60, 4, 2, 4, Decimal("4938.00")),
        (50 * HOUR, 1, 1, 2, Decimal("2469.00")),
    ]
    assert sorted(orders(pipeline)) == told
    # An earlier event arrives late: first without a cart, then with one.
    load(pipeline, sent(30, 8, **mine))
    assert sorted(orders(pipeline)) == [(30, 5, 2, 4, Decimal("4938.00")), *told[:2], told[3]]
    load(pipeline, sent(40, 9, 80009, **mine))
    assert sorted(orders(pipeline)) == [(30, 6, 1, 2, Decimal("2469.00")), *told[:2], told[3]]
    kept = pipeline.rows("SELECT order_key, event_id FROM fact_order ORDER BY 1")
    pipeline.run("etl", "--from-date", "2026-01-01", "--to-date", "2026-01-01")
    pipeline.run("etl", "--full-refresh")
    assert pipeline.rows("SELECT order_key, event_id FROM fact_order ORDER BY 1") == kept
    assert sorted(orders(pipeline)) == [(30, 6, 1, 2, Decimal("2469.00")), *told[:2], told[3]]


def test_events_of_one_second_follow_each_other_as_on_the_bus(pipeline: Pipeline) -> None:
    pages = [f"https://www.shop.example.de/{name}" for name in ("first", "second", "third", "last")]
    ids = ["ffffffff", "00000000", "99999999", "11111111"]
    load(
        pipeline,
        *(
            at(0, n, "view_home_page", product_id=None, id=f"{ids[n]}-0000-4000-8000-000000000000", current_url=page)
            for n, page in enumerate(pages)
        ),
    )
    found = pipeline.rows("SELECT entry_page, exit_page FROM fact_session")
    assert found == [("www.shop.example.de/first", "www.shop.example.de/last")]
