"""One visit: the chain of referrers and the path view, cart, checkout, order."""

import random
from collections import defaultdict
from typing import Any

import pytest

from utilities.event_generator.orders import OrderNumbers, odd_currencies, reloaded_cart
from utilities.event_generator.shop import Product, Shop, price_text, stores
from utilities.event_generator.visitors import Visitor, Visitors
from utilities.event_generator.visits import Visit

Event = dict[str, Any]
Visited = list[tuple[Visitor, list[tuple[int, Event]]]]
VISITS = 30_000


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop()


@pytest.fixture(scope="module")
def visits(shop: Shop) -> Visited:
    rng = random.Random(3)
    visitors, orders = Visitors(shop, rng), OrderNumbers(rng)
    result = []
    for _ in range(VISITS):
        visitor = visitors.next()
        visit = Visit(shop, visitor, orders, 1_767_225_600_000, rng)
        visit.walk()
        result.append((visitor, visit.events))
    return result


def test_a_visit_starts_outside_the_shop_and_every_later_referrer_is_a_page_it_has_seen(visits: Visited) -> None:
    for _, events in visits:
        seen: set[str] = set()
        entry = events[0][1]["current_url"]
        for _, event in events:
            referrer, address = event["referrer_url"], event["current_url"]
            if "//www.shop.example." in referrer:
                assert referrer in seen
            else:
                assert referrer == "" or address == entry
            seen.add(address)


def test_people_log_in_in_the_middle_of_visits_and_share_devices(visits: Visited) -> None:
    logged_in = handed_over = 0
    users_of_device: dict[str, set[str]] = defaultdict(set)
    for visitor, events in visits:
        users = [event["user_id_db"] for _, event in events]
        known = {user for user in users if user}
        users_of_device[visitor.device_id] |= known
        assert {event["device_id"] for _, event in events} == {visitor.device_id}
        assert "" not in users[users.index(next(iter(known))) :] if len(known) == 1 else True
        logged_in += not users[0] and bool(users[-1])
        handed_over += len(known) > 1
    accounts = sum(map(bool, users_of_device.values()))
    assert 0.15 < logged_in / accounts < 0.6
    assert handed_over > 10
    assert 0.03 < sum(len(users) > 1 for users in users_of_device.values()) / accounts < 0.15


def test_nobody_orders_without_cart_and_checkout(visits: Visited) -> None:
    for _, events in visits:
        kinds = [event["collection"] for _, event in events]
        for position, kind in enumerate(kinds):
            before = kinds[:position]
            if kind == "checkout_success":
                assert before[-1] in ("checkout", "checkout_success")
                assert "checkout" in before
            if kind == "checkout":
                assert "view_shopping_cart" in before
                assert "add_to_cart_action" in before
            if kind == "add_to_cart_action":
                assert "view_product_detail" in before


def test_a_success_page_is_loaded_again_and_some_carts_have_odd_currencies() -> None:
    rng = random.Random(3)
    cart = [{"product_id": number, "amount": 1, "price": "1.00", "currency": "£", "option": ""} for number in (1, 2)]
    again = [reloaded_cart(cart, rng) for _ in range(1_000)]
    assert 10 < sum(each is not None for each in again) < 60
    assert [] in again and cart[::-1] in again
    currencies = [[line["currency"] for line in odd_currencies(cart, rng)] for _ in range(2_000)]
    assert ["£", "£"] in currencies and ["£", ""] in currencies and ["£", "$"] in currencies
    assert cart[1]["currency"] == "£"


def test_the_times_of_a_visit_never_go_back(visits: Visited) -> None:
    for _, events in visits:
        times = [time_ms for time_ms, _ in events]
        assert times == sorted(times)
        assert all(event["time_stamp"] == time_ms // 1000 for time_ms, event in events)


def test_only_visitors_with_an_account_see_their_account(visits: Visited) -> None:
    seen = [visitor for visitor, events in visits for _, event in events if event["collection"] == "view_my_account"]
    assert seen
    assert all(visitor.user_id for visitor in seen)


def test_a_fifth_of_the_carts_is_empty_and_the_others_have_typed_items(visits: Visited) -> None:
    carts = [event["cart_products"] for _, events in visits for _, event in events if "cart_products" in event]
    assert sum(not cart for cart in carts) / len(carts) == pytest.approx(0.2, abs=0.05)
    for item in (item for cart in carts for item in cart):
        assert type(item["product_id"]) is int
        assert type(item["amount"]) is int
        assert isinstance(item["price"], str)
        assert isinstance(item["option"], list) or item["option"] == ""


def test_a_click_on_a_recommendation_leads_to_a_product_where_the_visit_has_one_left(visits: Visited) -> None:
    recommended = [event for _, events in visits for _, event in events if event.get("recommendation")]
    assert recommended
    assert all("itm_source=recommendation" in event["current_url"] for event in recommended)


def test_local_time_is_seven_hours_ahead_of_the_time_stamp(visits: Visited) -> None:
    _, event = visits[0][1][0]
    assert event["time_stamp"] == 1_767_225_600
    assert event["local_time"] == "2026-01-01 07:00:00"


def test_the_options_of_a_listing_are_an_object_and_those_of_a_product_a_list(visits: Visited) -> None:
    types = defaultdict(set)
    for _, events in visits:
        for _, event in events:
            types[event["collection"]].add(type(event.get("option")))
    assert types["view_listing_page"] == {dict}
    assert types["view_product_detail"] == types["add_to_cart_action"] == {list}
    assert types["view_home_page"] == {type(None)}


def test_order_numbers_are_mostly_integers_with_floats_empties_and_repeats() -> None:
    numbers = OrderNumbers(random.Random(1))
    drawn = [numbers.next() for _ in range(20_000)]
    assert {type(number) for number in drawn} == {int, float, str}
    assert {number for number in drawn if isinstance(number, str)} == {""}
    integers = [number for number in drawn if isinstance(number, int)]
    assert 0 < len(integers) - len(set(integers)) < 100


@pytest.mark.parametrize(
    ("suffix", "text"), [("co.uk", "1,483.50"), ("de", "1.725,00"), ("fr", "1 725,00"), ("com", "1,897.50")]
)
def test_a_price_is_printed_in_the_stores_way(suffix: str, text: str) -> None:
    store = next(store for store in stores() if store.public_suffix == suffix)
    assert price_text(1725, store) == text


def test_one_product_has_an_address_in_every_language(shop: Shop) -> None:
    item = Product("86704", 0, "rings", "alba-dawn", 331)
    languages = {store.language for store in stores()}
    paths = {shop.product_path(item, language, with_category=False) for language in languages}
    assert {"/ring-alba-dawn.html", "/anillo-alba-dawn.html", "/bague-alba-dawn.html"} <= paths
    assert shop.product_path(item, "es", with_category=True) == "/joyeria/anillos/anillo-alba-dawn.html"
