"""What one visit of a user leaves in the feeds: steps of a session, clicks, acts of a customer, purchases."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from faker import Faker

from utilities.feed_generator.people import Person
from utilities.feed_generator.times import Timed, iso

SHOP = "https://www.shop.example.com"
REFERRERS = (
    "",
    "",
    f"{SHOP}/",
    "https://www.google.com/search?q=lamp",
    "https://www.instagram.com/",
    "https://bing.com/",
)
NOUNS = {
    "electronics": ("headphones", "speaker", "charger", "keyboard", "camera"),
    "clothing": ("jacket", "scarf", "sweater", "socks", "dress"),
    "books": ("novel", "atlas", "cookbook", "diary", "biography"),
    "home": ("lamp", "kettle", "blanket", "chair", "mirror"),
}
COLOURS = ("red", "blue", "green", "black", "white", "golden")
BOUGHT_SHARE, CART_SHARE, ERROR_SHARE = 0.18, 0.35, 0.015
MOST_PAGES = 7
EVENTS_OF_A_VISIT = 15.2
"""Mean over many visits; a test compares it."""


@dataclass(frozen=True)
class Product:
    """What is sold."""

    product_id: str
    name: str
    category: str
    price: float


def products(seed: int) -> list[Product]:
    """The shop's range: the same for the same seed."""
    faker = Faker("en_GB")
    faker.seed_instance(seed)
    found: list[Product] = []
    for category, nouns in NOUNS.items():
        for noun in nouns:
            name = f"{faker.random_element(COLOURS)} {noun} {faker.last_name()}"
            price = faker.pyfloat(min_value=4, max_value=400, right_digits=2)
            found.append(Product(str(70_000 + len(found)), name, category, price))
    return found


class Visits:
    """Makes visits; ids come from `rng`."""

    def __init__(self, range_of_products: list[Product], rng: random.Random) -> None:
        self._products = range_of_products
        self._rng = rng

    def visit(self, person: Person, time_ms: int) -> Iterator[Timed]:
        """The events of one visit, in order of time."""
        session, referrer = self._id(), self._rng.choice(REFERRERS)
        yield from self._page(person, time_ms, session, "/", referrer)
        at, previous, product = time_ms, f"{SHOP}/", None
        for _ in range(self._rng.randint(1, MOST_PAGES)):
            at += self._rng.randint(2_000, 40_000)
            product = self._rng.choice(self._products)
            page = f"/{product.name.lower().replace(' ', '-')}.html"
            yield from self._page(person, at, session, page, previous)
            yield self._act(person, at, "view", product, None)
            previous = f"{SHOP}{page}"
        if product is not None and self._rng.random() < CART_SHARE:
            yield from self._cart(person, at + self._rng.randint(2_000, 20_000), session, product)

    def _page(self, person: Person, at: int, session: str, page: str, referrer: str) -> Iterator[Timed]:
        yield Timed(
            at,
            "click-events",
            {
                "click_id": self._id(),
                "user_id": person.user_id,
                "page_url": f"{SHOP}{page}",
                "referrer": referrer,
                "user_agent": person.user_agent,
                "ip_address": person.ip_address,
                "timestamp": iso(at),
            },
        )
        yield self._step(person, at + self._rng.randint(50, 800), session, page, "view")

    def _step(self, person: Person, at: int, session: str, page: str, action: str) -> Timed:
        answer: dict[str, Any] = {"status": 200}
        if self._rng.random() < ERROR_SHARE:
            answer = {"status": self._rng.choice((404, 500, 503)), "error": "the page could not be shown"}
        event = {"user_id": person.user_id, "session_id": session, "page": page, "action": action, "timestamp": iso(at)}
        return Timed(at, "user_clickstream", {**event, **answer})

    def _act(self, person: Person, at: int, kind: str, product: Product, quantity: int | None) -> Timed:
        event: dict[str, Any] = {
            "timestamp": iso(at),
            "customer_id": person.user_id,
            "event_type": kind,
            "product_category": product.category,
            "product_id": product.product_id,
            "location": "web",
        }
        if quantity is not None:
            event["quantity"] = quantity
        if kind == "purchase":
            event["amount"] = round(product.price * (quantity or 1), 2)
        return Timed(at, "customer-events", event)

    def _cart(self, person: Person, at: int, session: str, product: Product) -> Iterator[Timed]:
        quantity = self._rng.choice((1, 1, 1, 2, 3))
        yield self._step(person, at, session, "/cart", "add_to_cart")
        yield self._act(person, at, "add_to_cart", product, quantity)
        if self._rng.random() >= BOUGHT_SHARE / CART_SHARE:
            return
        at += self._rng.randint(10_000, 90_000)
        yield self._step(person, at, session, "/checkout", "submit")
        yield self._act(person, at, "purchase", product, quantity)
        purchase = {
            "purchase_id": self._id(),
            "user_id": person.user_id,
            "product_name": product.name,
            "category": product.category,
            "price": product.price,
            "quantity": quantity,
            "timestamp": iso(at),
        }
        yield Timed(at, "purchase-events", purchase)

    def _id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
