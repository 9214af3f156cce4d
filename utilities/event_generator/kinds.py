"""The 27 kinds of event with their counts in the public dump of the feed (65 days, 41.4 million events)."""

COUNTS = {
    "view_listing_page": 11_259_694,
    "view_product_detail": 10_944_427,
    "select_product_option": 8_844_342,
    "select_product_option_quality": 2_231_825,
    "view_static_page": 1_451_565,
    "view_landing_page": 1_434_230,
    "product_detail_recommendation_visible": 1_302_362,
    "view_home_page": 1_053_420,
    "listing_page_recommendation_visible": 718_048,
    "product_detail_recommendation_noticed": 490_780,
    "view_shopping_cart": 343_077,
    "landing_page_recommendation_visible": 314_999,
    "search_box_action": 238_308,
    "add_to_cart_action": 187_901,
    "product_detail_recommendation_clicked": 179_228,
    "view_my_account": 112_066,
    "checkout": 88_540,
    "landing_page_recommendation_noticed": 58_186,
    "listing_page_recommendation_noticed": 39_819,
    "view_all_recommend": 33_664,
    "checkout_success": 26_079,
    "listing_page_recommendation_clicked": 25_545,
    "landing_page_recommendation_clicked": 20_128,
    "product_view_all_recommend_clicked": 16_682,
    "view_sorting_relevance": 15_284,
    "sorting_relevance_click_action": 1_713,
    "back_to_product_action": 561,
}
TOTAL = sum(COUNTS.values())

PAGES = ("view_listing_page", "view_product_detail", "view_static_page", "view_landing_page", "view_home_page")
"""The kinds that a visit is a walk over; every other kind follows one of them at a fixed rate."""

PAGE_TOTAL = sum(COUNTS[kind] for kind in PAGES)


def rate(kind: str, parent: str) -> float:
    """How many events of `kind` there are for one of `parent`."""
    return COUNTS[kind] / COUNTS[parent]
