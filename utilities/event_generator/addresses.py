"""Where visitors come from and which addresses they ask for: referrers, campaigns, pages and query strings."""

import random
from bisect import bisect
from itertools import accumulate

from utilities.event_generator.shop import Product, Shop
from utilities.event_generator.visitors import Visitor

CATEGORY_PATH_SHARE = 0.35
CAMPAIGN_SHARE = 0.12
STATIC_PAGES = (
    "contact", "faq", "shipping", "returns", "ring-size", "about-us", "showroom", "diamond-guide", "care", "terms",
)  # fmt: skip
LANDING_PAGES = ("spring-gifts", "mothers-day", "bridal-weeks", "new-arrivals", "gifts-under-200", "eternity", "sale")
CAMPAIGNS = (
    ("google", "cpc", "https://www.google.com/"),
    ("google", "cpc", "https://www.googleadservices.com/"),
    ("facebook", "paid_social", "https://l.facebook.com/"),
    ("instagram", "paid_social", "https://l.instagram.com/"),
    ("bing", "cpc", "https://www.bing.com/"),
    ("newsletter", "email", "https://mail.google.com/"),
    ("pinterest", "paid_social", "https://www.pinterest.com/"),
    ("criteo", "retargeting", "https://ads.news-portal.example/"),
    ("partner-example", "affiliate", "https://vouchers.example.net/"),
)
"""`(utm_source, utm_medium, the page that its visitors come from)`."""
_CLICK_IDS = {"google": "gclid", "facebook": "fbclid", "instagram": "fbclid", "bing": "msclkid"}
_REFERRERS = {
    "https://www.google.{suffix}/": 46, "https://www.google.com/": 12, "https://www.bing.com/": 4,
    "android-app://com.google.android.googlequicksearchbox/": 2,
    "https://duckduckgo.com/": 2, "https://www.ecosia.org/": 1, "https://search.yahoo.com/": 2,
    "https://yandex.ru/": 1, "https://m.facebook.com/": 5, "https://l.facebook.com/l.php?u=wl&h=AT{token}": 4,
    "http://lm.facebook.com/": 1, "https://l.instagram.com/": 3, "https://www.pinterest.com/pin/{number}/": 4,
    "https://t.co/{token}": 1, "https://www.youtube.com/": 1, "https://out.reddit.com/": 1,
    "https://mail.google.com/": 1, "https://outlook.live.com/": 1, "https://navigator.web.de/mail": 1,
    "https://www.bridal-journal.example/articles/{number}": 3, "https://blog.gem-notes.example/{token}.html": 2,
    "http://forum.wedding-talk.example/viewtopic.php?t={number}": 1, "https://vouchers.example.net/shop/{token}": 1,
}  # fmt: skip
_REFERRER_CHOICE = tuple(_REFERRERS)
_REFERRER_WEIGHTS = tuple(accumulate(_REFERRERS.values()))


def external_referrer(visitor: Visitor, rng: random.Random) -> str:
    """The page outside the shop that a visit starts from."""
    template = _REFERRER_CHOICE[bisect(_REFERRER_WEIGHTS, rng.random() * _REFERRER_WEIGHTS[-1])]
    if "{" not in template:
        return template
    # A site has more than one address: the deep ones follow the same steep law as products do.
    number = int(10_000 ** rng.random())
    return template.format(suffix=visitor.store.public_suffix, number=100_000 + number, token=f"{number * 7919:x}")


def landing_campaign(visitor: Visitor, start_ms: int) -> tuple[list[str], str] | None:
    """Parameters of the address and referrer of a visit that a campaign leads to a page other than a product's.

    Drawn from the visitor and the time alone, so that everything else about visits is as it would be without campaigns.
    """
    rng = random.Random(f"{visitor.device_id} {start_ms}")
    if rng.random() >= CAMPAIGN_SHARE:
        return None
    source, medium, referrer = rng.choice(CAMPAIGNS)
    parameters = [f"utm_source={source}", f"utm_medium={medium}", f"utm_campaign={rng.randrange(40)}"]
    if source in _CLICK_IDS:
        # Automatic tagging leaves the rest to the network.
        click_id = f"{_CLICK_IDS[source]}={rng.getrandbits(128):x}"
        parameters = [click_id] if rng.random() < 0.5 else [*parameters, click_id]
    return parameters, referrer


def page_address(kind: str, visitor: Visitor, category: str, shop: Shop, rng: random.Random) -> str:
    """The URL of a page that is not a product: listing (some filtered or turned over), landing, static or home."""
    root = home_address(visitor)
    if kind == "view_home_page":
        return root
    if kind == "view_landing_page":
        return f"{root}{rng.choice(LANDING_PAGES)}/"
    if kind == "view_static_page":
        return f"{root}{rng.choice(STATIC_PAGES)}"
    address = root[:-1] + shop.listing_path(category, visitor.language)
    chance = rng.random()
    if chance < 0.25:
        return f"{address}?p={int(2 + rng.expovariate(0.5))}"
    return f"{address}?alloy={rng.choice(('white', 'yellow', 'red'))}" if chance < 0.4 else address


def home_address(visitor: Visitor) -> str:
    """The store's front page; a second language of the store has a prefix, as in `/fr/`."""
    if visitor.language == visitor.store.language:
        return f"{visitor.store.origin}/"
    return f"{visitor.store.origin}/{visitor.language}/"


def product_address(
    item: Product,
    options: tuple[tuple[str, str, int], ...],
    visitor: Visitor,
    parameters: list[str],
    shop: Shop,
    rng: random.Random,
) -> str:
    """The URL of a product in the visitor's language; the chosen options and `parameters` make its query."""
    path = shop.product_path(item, visitor.language, rng.random() < CATEGORY_PATH_SHARE)
    address = home_address(visitor)[:-1] + path
    query = [f"{label}={value}" for label, value, _ in options] if rng.random() < 0.6 else []
    query += parameters
    return f"{address}?{'&'.join(query)}" if query else address
