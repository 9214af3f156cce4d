"""Campaigns by the address of the landing page, of events of any kind."""

import json
import re
from typing import Any

import pyarrow as pa
import pytest

from kafka.position import bus_position
from kafka.scrubbing.names import is_personal
from kafka.scrubbing.scrub import scrubbed_url
from kafka.sinks.landed_documents import LandedEvent
from spark.enrichment.campaign import Campaign, click_ids, may_name_campaign, read_campaign
from spark.event_text import LONGEST_CAMPAIGN
from spark.ranges import Portion
from spark.reader import event_batch
from spark.schemas import KINDS
from tests.personal_texts import ADDRESS, ENCODED_ADDRESS, PERSONAL_TEXTS, TOKEN

SHOP = "https://www.shop.example.de/ring.html"
PORTION = Portion("t", 0, 0, range(2**40))


@pytest.mark.parametrize(
    ("address", "campaign"),
    [
        (
            "?utm_source=google&utm_medium=cpc&utm_campaign=spring+sale&utm_term=gold%20ring&utm_content=a%26b",
            Campaign("google", "cpc", "spring sale", "gold ring", "a&b"),
        ),
        ("?a=1?b=2&amp;utm_source=newsletter&amp;UTM_Medium=email", Campaign("newsletter", "email")),
        ("#utm_source=x;utm_medium=y", Campaign("x", "y")),
        ("?utm_source=&utm_source=first&utm_source=second", Campaign("first")),
        ("?utm_campaign=only", Campaign(campaign="only")),
        ("?gclid=***", Campaign("google", "cpc", click_id_kind="gclid")),
        ("?GCLID=Cj0K&utm_campaign=17", Campaign("google", "cpc", "17", click_id_kind="gclid")),
        (
            "?utm_source=shopping&gbraid=0AAA&gclid=Cj0K",
            Campaign("shopping", click_id_kind="gclid"),
        ),
        ("?fbclid=IwAR0", Campaign("facebook", click_id_kind="fbclid")),
        ("?li_fat_id=8c&msclkid=7", Campaign("bing", "cpc", click_id_kind="msclkid")),
        ("?gclid=&utm_source=%20", None),
        ("?my_utm_source=x&xgclid=1&itm_source=recommendation", None),
        ("/utm_source=x/gclid=1", None),
        ("", None),
    ],
)
def test_a_campaign_is_what_the_landing_page_says(address: str, campaign: Campaign | None) -> None:
    assert read_campaign(SHOP + address) == campaign
    # What a batch looks for before it takes an address apart.
    if campaign is not None:
        assert re.search(may_name_campaign(), SHOP + address, re.IGNORECASE)


def test_what_the_event_says_counts_where_the_address_says_nothing() -> None:
    assert read_campaign(SHOP, "newsletter", "email") == Campaign("newsletter", "email")
    assert read_campaign(f"{SHOP}?utm_source=google", "newsletter", "email") == Campaign("google")
    assert read_campaign(f"{SHOP}?gclid=1", "newsletter", "") == Campaign("newsletter", click_id_kind="gclid")
    assert read_campaign(None, "", None) is None


def test_the_value_of_no_click_id_is_read_or_kept() -> None:
    assert len(click_ids()) >= 10
    for name in click_ids():
        found = read_campaign(f"{SHOP}?{name}=VALUE")
        assert found is not None
        assert (found.click_id_kind, "VALUE" in found.as_json()) == (name, False)
        assert is_personal(name)
        assert scrubbed_url(f"{SHOP}?{name}=VALUE") == f"{SHOP}?{name}=***"


@pytest.mark.parametrize("name", ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"])
@pytest.mark.parametrize("sent", PERSONAL_TEXTS)
def test_no_address_and_no_token_is_in_a_campaign(name: str, sent: str) -> None:
    found = batch({"collection": "view_home_page", "current_url": f"{SHOP}?{name}={sent}"})
    assert not any(secret in str(found) for secret in (ADDRESS, ENCODED_ADDRESS, TOKEN))


def test_a_campaign_is_cut_and_holds_nothing_that_a_copy_cannot() -> None:
    found = read_campaign(f"{SHOP}?utm_source={'x' * 4_000}&utm_term=a%00b%02c%ff")
    assert found is not None
    assert (found.source, found.term) == ("x" * LONGEST_CAMPAIGN, "a\ufffdb\ufffdc\ufffd")


def batch(*events: dict[str, Any]) -> list[str | None]:
    landed = [LandedEvent(bus_position("t", 0, n), event, 1_800_000_000_000) for n, event in enumerate(events)]
    column = event_batch(PORTION, landed, b"k")["campaign"]
    assert column.type == pa.string()
    return list(column.to_pylist())


def test_events_of_any_kind_have_the_campaign_of_their_page() -> None:
    url = f"{SHOP}?gclid=Cj0KCQjw&utm_campaign=a"
    found = batch(*({"collection": kind, "current_url": url} for kind in sorted(KINDS)), {"collection": "checkout"})
    assert [text and json.loads(text) for text in found] == [
        *[["google", "cpc", "a", None, None, "gclid"]] * len(KINDS),
        None,
    ]
    spoken = {"collection": "view_product_detail", "current_url": SHOP, "utm_source": "mail", "utm_medium": False}
    assert batch(spoken) == ['["mail",null,null,null,null,null]']
