"""Columns of what Spark reads: one row per event of a known kind, and one per portion that counts all others."""

import pyarrow as pa

from migrations.facts import kinds_with_facts

PRODUCT_VIEW = "view_product_detail"
CART = "add_to_cart_action"
ORDER = "checkout_success"
SEARCH = "search_box_action"
UNKNOWN_KIND = "(unknown)"
# The feed's 27 values of `collection` (docs/events.md), those with a fact of their own and the others; any other text
# counts as UNKNOWN_KIND, so that nobody's events can fill the ledger with names.
KINDS = frozenset(
    {
        *kinds_with_facts(),
        "back_to_product_action",
        "checkout",
        ORDER,
        "product_view_all_recommend_clicked",
        "select_product_option",
        "select_product_option_quality",
        "sorting_relevance_click_action",
        "view_all_recommend",
        "view_home_page",
        "view_landing_page",
        "view_listing_page",
        "view_my_account",
        "view_shopping_cart",
        "view_sorting_relevance",
        "view_static_page",
    }
)

# `events` is 1 on the row of an event; the row of UNKNOWN_KIND counts all such events of its portion. `arrival` is the
# run that first loaded the event's offset, 0 in that run itself. `price` is a decimal number as text, `currency` a code
# of ISO 4217; both are null where what was sent (`price_sent`, `currency_sent`) is none. `cart_problem` is a rule.
# `campaign` is a JSON array (spark/enrichment/campaign.py). `device_id` is the keyed hash of `raw_device_id`, which is
# empty where there is none.
RAW_EVENT = pa.schema(
    [
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("kind", pa.string()),
        ("events", pa.int64()),
        ("arrival", pa.int64()),
        ("offset", pa.int64()),
        ("bus_milliseconds", pa.int64()),
        ("id", pa.string()),
        ("object_id", pa.string()),
        ("content_hash", pa.string()),
        ("time_stamp", pa.string()),
        ("event_seconds", pa.int64()),
        ("user_agent", pa.string()),
        ("device_id", pa.string()),
        ("raw_device_id", pa.string()),
        ("store_id", pa.string()),
        ("product_id", pa.string()),
        ("current_url", pa.string()),
        ("referrer_url", pa.string()),
        ("utm_source", pa.string()),
        ("utm_medium", pa.string()),
        ("campaign", pa.string()),
        ("options", pa.string()),
        ("choices", pa.string()),
        ("price", pa.string()),
        ("price_sent", pa.string()),
        ("currency", pa.string()),
        ("currency_sent", pa.string()),
        ("order_id", pa.string()),
        ("cart", pa.string()),
        ("cart_problem", pa.string()),
        ("search_terms", pa.string()),
        ("recommended_product_id", pa.string()),
        ("recommendation_position", pa.string()),
        ("visitor", pa.string()),
        ("user_hash", pa.string()),
    ]
)
