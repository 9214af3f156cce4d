"""The cart of an order as an event sends it."""

import json
from typing import Any

import pytest

from spark.carts import MOST_LINES, read_cart
from spark.prices import Spelling, spelling_of

GERMAN = spelling_of("6", "", ())


def line(**changes: Any) -> dict[str, Any]:
    return {"product_id": 7, "amount": 2, "price": "10,00", "currency": "€", "option": "", **changes}


def amounts(*sent: object, spelling: Spelling = GERMAN) -> tuple[list[str | None], str | None]:
    cart = read_cart([line(amount=amount) for amount in sent], spelling)
    return [each["amount"] for each in json.loads(cart.lines)], cart.problem


def test_a_line_is_read_in_the_stores_spelling_and_keeps_the_symbol_as_sent() -> None:
    cart = read_cart([line(price="4.990,00"), "no line", line(price=49.995, currency=None)], GERMAN)
    assert [{**each, "choices": None} for each in json.loads(cart.lines)] == [
        {
            "product_id": "7",
            "amount": "2",
            "price": "4990.00",
            "currency": "EUR",
            "currency_sent": "€",
            "choices": None,
        },
        {
            "product_id": "7",
            "amount": "2",
            "price": "49.995",
            "currency": None,
            "currency_sent": None,
            "choices": None,
        },
    ]
    assert cart.problem is None


def test_an_amount_is_what_it_says_and_never_one_instead() -> None:
    assert amounts(0, -1, "0.5", "2,5", 3.0, "1.000", None, "") == (
        ["0", "-1", "0.5", "2.5", "3", "1000", None, None],
        None,
    )


@pytest.mark.parametrize("sent", ["two", True, 10**12, "1,2,3", [], {}, "9" * 80])
def test_an_amount_that_is_none_is_a_problem_and_stands_as_sent(sent: object) -> None:
    assert amounts(1, sent)[1] == "impossible_amount"


@pytest.mark.parametrize("sent", ["free", "-5.00", -5, "9" * 20, 10.0**13, True, ["1"]])
def test_a_price_that_is_none_is_a_problem(sent: object) -> None:
    assert read_cart([line(), line(price=sent)], GERMAN).problem == "impossible_price"


def test_a_sum_that_no_order_has_and_more_lines_than_a_cart_holds_are_problems() -> None:
    assert read_cart([line(amount=1_000_000, price="9999999.99")], GERMAN).problem == "impossible_total"
    assert read_cart([line(amount=-1_000_000, price="9999999.99")], GERMAN).problem == "impossible_total"
    assert read_cart([line(price="600000000000", amount=1), line(price="600000000000", amount=1)], GERMAN).problem
    assert read_cart([line()] * MOST_LINES, GERMAN).problem is None
    assert read_cart([line()] * (MOST_LINES + 1), GERMAN).problem == "too_many_lines"


@pytest.mark.parametrize("sent", [None, "", {}, 7, []])
def test_what_is_no_list_is_an_empty_cart(sent: Any) -> None:
    assert (read_cart(sent, GERMAN).lines, read_cart(sent, GERMAN).problem) == ("[]", None)


def test_what_is_no_amount_and_no_price_is_scrubbed_before_it_is_cut() -> None:
    sent = "two of them please " * 5 + "4111 1111 1111 1111"
    cart = read_cart([line(amount=sent, price=sent)], GERMAN)
    assert "4111" not in cart.lines and "two of them" in cart.lines
