"""A declaration that breaks its senders or readers says so by its major version, as the standard has it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kafka.feeds.declaration import load_feeds, read_declaration
from kafka.feeds.feed import Feed
from tests.feed_changes import breaking_changes

RELEASED = Path(__file__).resolve().parents[2] / "released_feeds"


def major(feed: Feed) -> int:
    return int(feed.version.partition(".")[0])


def changed(feed: Feed, name: str, **changes: Any) -> Feed:
    fields = tuple(replace(field, **changes) if field.name == name else field for field in feed.fields)
    return replace(feed, fields=fields)


@pytest.fixture
def purchases() -> Feed:
    return read_declaration(RELEASED / "purchase-events.yaml")


@pytest.mark.parametrize("file", sorted(RELEASED.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_change_that_breaks_the_released_declaration_raises_the_major_version(file: Path) -> None:
    released = read_declaration(file)
    now = load_feeds()[file.stem]
    found = breaking_changes(released, now)
    assert not found or major(now) > major(released), f"{now.name} {now.version}: {'; '.join(found)}"


def test_every_feed_has_a_released_declaration() -> None:
    assert {file.stem for file in RELEASED.glob("*.yaml")} == set(load_feeds())


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("price", {"maximum": 1_000}, "price: narrower maximum"),
        ("price", {"minimum": 1}, "price: narrower minimum"),
        ("price", {"type": "integer"}, "price: another type"),
        ("purchase_id", {"max_length": 10}, "purchase_id: narrower max_length"),
        ("purchase_id", {"pattern": "[0-9]+"}, "purchase_id: another pattern"),
        ("category", {"values": ("books",)}, "category: fewer values"),
        ("product_name", {"values": ("Ring",)}, "product_name: fewer values"),
        ("product_name", {"classification": "personal"}, "product_name: another classification"),
    ],
)
def test_what_refuses_an_event_that_was_valid_breaks(
    purchases: Feed, name: str, changes: dict[str, Any], told: str
) -> None:
    assert told in breaking_changes(purchases, changed(purchases, name, **changes))


def test_what_readers_rely_on_breaks_when_it_is_another_one(purchases: Feed) -> None:
    without_price = replace(purchases, fields=tuple(field for field in purchases.fields if field.name != "price"))
    assert breaking_changes(purchases, without_price) == ["price: is gone"]
    assert breaking_changes(without_price, purchases) == ["price: is new and required"]
    assert breaking_changes(purchases, replace(purchases, topic="purchases")) == ["topic: another one"]
    assert breaking_changes(purchases, replace(purchases, event_id=("user_id", "purchase_id")))
    assert breaking_changes(purchases, replace(purchases, derived_fields=()))


def test_what_is_added_or_widened_breaks_nobody(purchases: Feed) -> None:
    wider = changed(
        changed(purchases, "price", maximum=None), "category", values=(*purchases.by_name["category"].values, "toys")
    )
    optional = replace(purchases.by_name["product_name"], name="colour", required=False)
    later = replace(wider, fields=(*wider.fields, optional), purpose="Otherwise described.", version="1.1.0")
    assert breaking_changes(purchases, later) == []
