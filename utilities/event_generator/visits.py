"""One visit: a walk over pages, what the visitor does on each, and the path view, cart, checkout, order.

A visit draws each page's kind independently by the feed's counts, and everything else follows a page at the rate of
its count to that page's. So the proportions hold by construction, whatever the length of visits.
"""

import random
from itertools import accumulate

from utilities.event_generator import addresses
from utilities.event_generator.kinds import COUNTS, PAGE_TOTAL, PAGES, TOTAL, rate
from utilities.event_generator.orders import CartItem, OrderNumbers, odd_currencies, reloaded_cart
from utilities.event_generator.records import Event, Page, make_event
from utilities.event_generator.shop import (
    CATEGORY_SHARES,
    QUALITIES,
    Product,
    Shop,
    option_entry,
    price_text,
    selected_options,
)
from utilities.event_generator.visitors import CRAWLER_SHARE, GUEST_SHARE, Visitor

MEAN_PAGES = 2.8
MAX_PAGES = 400
MAX_PAUSE_SECONDS = 1500.0
PRICED_VIEW_SHARE = 0.5
SEARCH_PATH = "catalogsearch/result/?q="

_PEOPLE = 1 - CRAWLER_SHARE
_ENTRY = 1 / MEAN_PAGES
_PAGE_WEIGHTS = tuple(accumulate(COUNTS[kind] for kind in PAGES))
_CATEGORIES = tuple(CATEGORY_SHARES)
_CATEGORY_WEIGHTS = tuple(accumulate(CATEGORY_SHARES.values()))

_PRODUCT = "view_product_detail"
_OPTIONS = rate("select_product_option", _PRODUCT) / _PEOPLE
_QUALITIES = rate("select_product_option_quality", _PRODUCT) / _PEOPLE
_ADD_TO_CART = rate("add_to_cart_action", _PRODUCT) / _PEOPLE
_ALL_CLICKED = rate("product_view_all_recommend_clicked", _PRODUCT) / _PEOPLE
_ALL_UNCLICKED = rate("view_all_recommend", _PRODUCT) / _PEOPLE - _ALL_CLICKED
_SEARCH = rate("search_box_action", "view_listing_page") / _PEOPLE / (1 - _ENTRY)
_SORTING = rate("view_sorting_relevance", "view_listing_page") / _PEOPLE
_SORTING_CLICK = rate("sorting_relevance_click_action", "view_sorting_relevance")
_ACCOUNT = COUNTS["view_my_account"] / (PAGE_TOTAL * (1 - GUEST_SHARE))
_CHECKOUT = rate("checkout", "add_to_cart_action")
_SUCCESS = rate("checkout_success", "checkout")
_BACK = rate("back_to_product_action", "view_shopping_cart")

# A fifth of the carts in events are empty: views of the cart by visitors who have put nothing into it.
_EMPTY_CARTS = 0.2 * sum(COUNTS[kind] for kind in ("view_shopping_cart", "checkout", "checkout_success"))
_LOOK_INTO_EMPTY_CART = _EMPTY_CARTS / PAGE_TOTAL / _PEOPLE
_LOOK_AGAIN = (COUNTS["view_shopping_cart"] - _EMPTY_CARTS) / COUNTS["add_to_cart_action"] - 1


def _empty_referrers(overall: float, at_entry: float) -> tuple[float, float]:
    # Crawlers send none; what they leave of `overall` is split between the first page of a visit and the others.
    of_people = (overall - CRAWLER_SHARE) / _PEOPLE
    return at_entry, (of_people - _ENTRY * at_entry) / (1 - _ENTRY)


_EMPTY_ON_PRODUCT = _empty_referrers(0.13, at_entry=0.22)
# What is left of the 9 % of all events once the events on product pages (58 %) have had 13 %.
_PRODUCT_SIDE = sum(n for kind, n in COUNTS.items() if "product" in kind and kind != "back_to_product_action") / TOTAL
_EMPTY_ELSEWHERE = _empty_referrers((0.09 - 0.125 * _PRODUCT_SIDE) / (1 - _PRODUCT_SIDE), at_entry=0.06)

_RECOMMENDATIONS = {
    kind: tuple(
        (f"{place}_recommendation_{step}", rate(f"{place}_recommendation_{step}", parent) / people)
        for step, parent, people in (
            ("visible", kind, _PEOPLE),
            ("noticed", f"{place}_recommendation_visible", 1.0),
            ("clicked", f"{place}_recommendation_noticed", 1.0),
        )
    )
    for kind, place in (
        (_PRODUCT, "product_detail"),
        ("view_listing_page", "listing_page"),
        ("view_landing_page", "landing_page"),
    )
}


class Visit:
    """The events of one visit in time order, as `(time in ms, event)`."""

    def __init__(self, shop: Shop, visitor: Visitor, orders: OrderNumbers, start_ms: int, rng: random.Random) -> None:
        self.events: list[tuple[int, Event]] = []
        self._shop = shop
        self._visitor = visitor
        self._orders = orders
        self._rng = rng
        self._clock = float(start_ms)
        self._page: Page | None = None
        self._cart: list[CartItem] = []
        self._follow_recommendation = False

    def walk(self) -> None:
        """Go through all pages of the visit."""
        pages = 1
        while self._rng.random() > _ENTRY and pages < MAX_PAGES:
            pages += 1
        kinds = self._rng.choices(PAGES, cum_weights=_PAGE_WEIGHTS, k=pages)
        course = self._visitor.course(pages, self._rng)
        for position in range(pages):
            self._visitor = course.get(position, self._visitor)
            if self._follow_recommendation and _PRODUCT in kinds[position:]:
                # A click leads to a product: take the visit's next one now.
                later = kinds.index(_PRODUCT, position)
                kinds[position], kinds[later] = kinds[later], kinds[position]
            self._visit_page(kinds[position])

    def _visit_page(self, kind: str) -> None:
        rng = self._rng
        if kind == _PRODUCT:
            page = self._product_page()
            fields = self._view_fields(page)
        else:
            page = self._other_page(kind)
            fields = self._listing_fields(page) if kind == "view_listing_page" else {}
        if self._page is not None:
            self._clock += 1000 * min(MAX_PAUSE_SECONDS, 2 + rng.lognormvariate(3.2, 0.9))
        self._page = page
        self._emit(kind, fields, page)
        if self._visitor.is_crawler:
            return
        if kind == _PRODUCT:
            self._choose_options(page)
        elif kind == "view_listing_page" and rng.random() < _SORTING:
            self._sort_by_relevance(page)
        self._see_recommendations(kind, page)
        if kind == _PRODUCT:
            self._leave_product(page)
        self._look_elsewhere()

    def _referrer(self, empty: tuple[float, float]) -> str:
        is_entry = self._page is None
        if self._visitor.is_crawler or self._rng.random() < empty[0 if is_entry else 1]:
            return ""
        return addresses.external_referrer(self._visitor, self._rng) if self._page is None else self._page.address

    def _product_page(self) -> Page:
        rng = self._rng
        item = self._shop.any_product(rng)
        options = selected_options(item, rng)
        parameters: list[str] = []
        campaign = None
        referrer = self._referrer(_EMPTY_ON_PRODUCT)
        if self._page is None and not self._visitor.is_crawler and rng.random() < addresses.CAMPAIGN_SHARE:
            campaign = rng.choice(addresses.CAMPAIGNS)
            parameters = [f"utm_source={campaign[0]}", f"utm_medium={campaign[1]}", f"utm_campaign={rng.randrange(40)}"]
            referrer = referrer and campaign[2]
        recommended, self._follow_recommendation = self._follow_recommendation, False
        if recommended:
            parameters = ["itm_source=recommendation", "itm_medium=sorting"]
        address = addresses.product_address(item, options, self._visitor, parameters, self._shop, rng)
        return Page(address, referrer, item.category, item, options, recommended, campaign and campaign[:2])

    def _other_page(self, kind: str) -> Page:
        rng, visitor = self._rng, self._visitor
        category = rng.choices(_CATEGORIES, cum_weights=_CATEGORY_WEIGHTS)[0]
        is_listing = kind == "view_listing_page"
        if is_listing and self._page is not None and not visitor.is_crawler and rng.random() < _SEARCH:
            words = self._shop.search_words(category, visitor.language)
            self._act("search_box_action", {"key_search": words}, self._page)
            address = f"{addresses.home_address(visitor)}{SEARCH_PATH}{words.replace(' ', '+')}"
        else:
            address = addresses.page_address(kind, visitor, category, self._shop, rng)
        referrer = self._referrer(_EMPTY_ELSEWHERE)
        if self._page is None and not visitor.is_crawler:
            campaign = addresses.landing_campaign(visitor, int(self._clock))
            if campaign is not None:
                parameters, source = campaign
                address += f"{'&' if '?' in address else '?'}{'&'.join(parameters)}"
                referrer = referrer and source
        return Page(address, referrer, category)

    def _emit(self, kind: str, fields: Event, page: Page) -> None:
        event = make_event(kind, self._visitor, page, int(self._clock) // 1000, fields, self._rng)
        self.events.append((int(self._clock), event))

    def _act(self, kind: str, fields: Event, page: Page) -> None:
        self._clock += 300 + 1000 * self._rng.expovariate(0.25)
        self._emit(kind, fields, page)

    def _view_fields(self, page: Page) -> Event:
        item = _product(page)
        fields: Event = {"product_id": item.product_id}
        if self._rng.random() < PRICED_VIEW_SHARE:
            fields |= self._price(item)
        return fields | {"option": _option_list(page)}

    def _listing_fields(self, page: Page) -> Event:
        number = str(10 + _CATEGORIES.index(page.category))
        chosen = page.address.partition("alloy=")[2].partition("&")[0]
        option = {"alloy": chosen, "diamond": "", "shapediamond": "", "category id": number, "price": ""}
        return {"cat_id": number, "option": option}

    def _price(self, item: Product) -> Event:
        store = self._visitor.store
        return {"price": price_text(item.euros, store), "currency": store.currency}

    def _choose_options(self, page: Page) -> None:
        item, rng = _product(page), self._rng
        # As long as the chance of one more is m / (1 + m), their mean number is m.
        while rng.random() < _OPTIONS / (1 + _OPTIONS):
            page.options = selected_options(item, rng)
            self._act(
                "select_product_option", {"product_id": item.product_id, "option": _option_list(page, True)}, page
            )
        while rng.random() < _QUALITIES / (1 + _QUALITIES):
            quality = rng.choice(QUALITIES)
            option = [{**entry, "quality": quality, "quality_label": quality} for entry in _option_list(page, True)]
            self._act("select_product_option_quality", {"product_id": item.product_id, "option": option}, page)

    def _see_recommendations(self, kind: str, page: Page) -> None:
        viewing = {"viewing_product_id": page.product.product_id} if page.product else {}
        for step, chance in _RECOMMENDATIONS.get(kind, ()):
            if self._rng.random() >= chance:
                return
            fields: Event = dict(viewing)
            if step.endswith("clicked"):
                fields["recommendation_product_id"] = self._shop.any_product(self._rng).product_id
                fields["recommendation_clicked_position"] = self._rng.randrange(1, 13)
                self._follow_recommendation = True
            self._act(step, fields, page)

    def _sort_by_relevance(self, page: Page) -> None:
        self._act("view_sorting_relevance", {}, page)
        if self._rng.random() < _SORTING_CLICK:
            self._act("sorting_relevance_click_action", {}, page)

    def _leave_product(self, page: Page) -> None:
        item, rng = _product(page), self._rng
        chance = rng.random()
        if chance < _ALL_CLICKED:
            self._act("product_view_all_recommend_clicked", {"viewing_product_id": item.product_id}, page)
        if chance < _ALL_CLICKED + _ALL_UNCLICKED:
            address = f"{addresses.home_address(self._visitor)}recommendations/?product={item.product_id}"
            self._act("view_all_recommend", {"viewing_product_id": item.product_id}, _inner_page(address, page))
        if rng.random() < _ADD_TO_CART:
            self._buy(page)

    def _buy(self, page: Page) -> None:
        item, rng = _product(page), self._rng
        price = self._price(item)
        choice: Event = {"product_id": item.product_id, **price, "is_paypal": None, "option": _option_list(page, True)}
        self._act("add_to_cart_action", choice, page)
        chosen = choice["option"] if rng.random() < 0.9 else ""
        amount = 1 if rng.random() < 0.93 else 2
        self._cart.append({"product_id": int(item.product_id), "amount": amount, **price, "option": chosen})
        self._view_cart(page)
        if rng.random() < _LOOK_AGAIN:
            self._view_cart(page)
        if rng.random() < _CHECKOUT:
            self._check_out(page)

    def _view_cart(self, origin: Page) -> None:
        cart = _inner_page(f"{addresses.home_address(self._visitor)}checkout/cart/", origin)
        self._act("view_shopping_cart", {"cart_products": list(self._cart)}, cart)
        if self._rng.random() < _BACK:
            self._act("back_to_product_action", {}, cart)

    def _check_out(self, origin: Page) -> None:
        root = addresses.home_address(self._visitor)
        cart = _inner_page(f"{root}checkout/cart/", origin)
        checkout = _inner_page(f"{root}checkout/onepage/", cart)
        self._act("checkout", {"order_id": "", "cart_products": list(self._cart)}, checkout)
        if self._rng.random() < _SUCCESS:
            success = _inner_page(f"{root}checkout/onepage/success/", checkout)
            order = {"order_id": self._orders.next(), "cart_products": odd_currencies(self._cart, self._rng)}
            self._act("checkout_success", order, success)
            if (again := reloaded_cart(self._cart, self._rng)) is not None:
                self._act("checkout_success", {**order, "cart_products": again}, success)
            self._cart.clear()

    def _look_elsewhere(self) -> None:
        page = self._page
        if page is not None and self._rng.random() < _LOOK_INTO_EMPTY_CART:
            self._view_cart(page)
        if page is not None and self._visitor.user_id and self._rng.random() < _ACCOUNT:
            account = _inner_page(f"{addresses.home_address(self._visitor)}customer/account/", page)
            self._act("view_my_account", {}, account)


def _inner_page(address: str, origin: Page) -> Page:
    return Page(address, origin.address, origin.category)


def _product(page: Page) -> Product:
    if page.product is None:
        raise ValueError(f"{page.address} shows no product")
    return page.product


def _option_list(page: Page, with_values: bool = False) -> list[dict[str, str]]:
    # A view leaves the value labels empty, a choice fills them.
    item = _product(page)
    return [
        option_entry(item, label, position, value if with_values else "") for label, value, position in page.options
    ]
