"""Events of the other feeds to rows of staging, and the statements that load these."""

import json
import re
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from config.errors import ConfigurationError, TerminalError
from kafka.feeds.declaration import load_feeds
from kafka.feeds.feed import Feed
from kafka.feeds.settings import DECLARATIONS
from kafka.visitor import identity_hash
from migrations.feed_facts import FEED_TABLES
from migrations.models import metadata
from spark.feeds import pipeline
from spark.feeds.load import FOLDER, LOAD, STAGING, Counts, FeedLoad
from spark.feeds.pipeline import loadable_feeds
from spark.feeds.rows import OF_EVERY_FEED, FeedRows
from tests.personal_texts import ADDRESS, ENCODED_ADDRESS, PERSONAL_TEXTS, TOKEN
from tests.unit.kafka.test_feeds import VALID

FEEDS = {name: feed for name, feed in load_feeds(DECLARATIONS).items() if not feed.is_main}
KEY = b"a key of sixteen bytes"
PLACE = ("topic", 2, 41)
RECORDED = 1_800_000_000_000


def columns(name: str) -> list[str]:
    text = (FOLDER / name / "010_staged.sql").read_text()
    return re.findall(r"(\w+) (?:text|integer|bigint|uuid|timestamptz|numeric|boolean|smallint)", text)


def rows(name: str) -> FeedRows:
    return FeedRows(FEEDS[name], columns(name), KEY)


def staged(name: str, **changes: Any) -> dict[str, Any]:
    return dict(zip(columns(name), rows(name).staged(PLACE, {**VALID[name], **changes}), strict=True))


def rejected(name: str, **changes: Any) -> tuple[Any, ...]:
    event = {**VALID[name], **changes}
    problem = rows(name).problem(event, RECORDED)
    assert problem is not None
    return rows(name).rejected(PLACE, event, problem)


@pytest.mark.parametrize("name", FEED_TABLES)
def test_a_valid_event_fills_what_its_table_needs_and_names_nobody(name: str) -> None:
    assert rows(name).problem(VALID[name], RECORDED) is None
    made = staged(name)
    assert tuple(made)[: len(OF_EVERY_FEED)] == OF_EVERY_FEED
    assert (made["bus_topic"], made["bus_partition"], made["bus_offset"]) == PLACE
    user = identity_hash("7", KEY) if FEEDS[name].person_field else None
    assert made["user_hash"] == user
    assert not {"ada", "ada@shop.example.com", "2001:db8::1", "7", "s"} & {
        str(value).lower() for value in made.values()
    }
    known = {field.name for field in FEEDS[name].fields} | {"age_group", "total_amount", "is_bot", "os", "browser"}
    known |= {"device_type", "referrer_type", "referrer_name", "referrer_domain"}
    assert set(made) - set(OF_EVERY_FEED) <= known


def test_values_are_those_of_the_event_and_derived_ones_those_of_search() -> None:
    purchase = staged("purchase-events")
    assert (purchase["price"], purchase["quantity"], purchase["total_amount"]) == (19.9, 2, 39.8)
    assert purchase["event_time"] == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert staged("user-events")["age_group"] == "35-44"
    click = staged("click-events", referrer="https://www.google.com/search?q=lamp")
    assert (click["referrer_type"], click["referrer_name"], click["is_bot"]) == ("Search Engine", "Google", True)


def test_an_event_is_the_same_whenever_it_is_sent_and_another_with_another_id() -> None:
    assert staged("purchase-events")["event_id"] == staged("purchase-events", price=1)["event_id"]
    assert staged("purchase-events")["event_id"] != staged("purchase-events", purchase_id="p2")["event_id"]
    # Of one user there is one registration, however the id is padded.
    assert staged("user-events")["event_id"] == staged("user-events", user_id=" 7 ")["event_id"]
    assert staged("user-events")["user_hash"] == staged("user-events", user_id=" 7 ")["user_hash"]


def test_a_rejected_event_tells_rule_and_value_but_not_who() -> None:
    *place, field, rule, value, original, time, user = rejected("purchase-events", price=-1)
    assert (tuple(place), field, rule, value) == (PLACE, "price", "minimum", "-1")
    assert json.loads(original) == {
        name: -1 if name == "price" else sent for name, sent in VALID["purchase-events"].items() if name != "user_id"
    }
    assert time == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert user == identity_hash("7", KEY)
    told = rejected("user-events", email="ada.lovelace", more="Ada")
    assert told[3:6] == ("email", "format", "***")
    assert "ada" not in told[6].lower()


def test_who_is_required_and_blank_and_a_time_ahead_of_the_record_are_rejected() -> None:
    assert rejected("user-events", user_id="  ")[3:5] == ("user_id", "required")
    assert rows("click-events").problem({**VALID["click-events"], "user_id": " "}, RECORDED) is None
    assert staged("click-events", user_id=" ")["user_hash"] is None
    ahead = rows("click-events").problem(VALID["click-events"], 1_700_000_000_000)
    assert ahead is not None and ahead.rule == "time_in_future"
    assert rows("click-events").problem(VALID["click-events"], None) is None


@pytest.mark.parametrize("sent", PERSONAL_TEXTS)
def test_no_address_and_no_token_is_staged(sent: str) -> None:
    texts = {"city": "user-events", "product_name": "purchase-events", "location": "customer-events"}
    texts |= {"page": "user_clickstream", "error": "user_clickstream", "page_url": "click-events"}
    for field, name in texts.items():
        row = str(tuple(staged(name, **{field: sent}).values()))
        assert not any(secret in row for secret in (ADDRESS, ENCODED_ADDRESS, TOKEN)), field


def test_every_feed_has_a_table_and_every_statement_is_one_with_its_grain() -> None:
    assert set(FEED_TABLES) == set(FEEDS)
    for name, table in FEED_TABLES.items():
        load = FeedLoad(FEEDS[name], cast(Any, None), cast(Any, None), "", [], {})
        texts = [load.statement(each).decode() for each in (*STAGING, *LOAD)]
        assert all(text.startswith("-- One row") and ";" not in text.split("\n", 1)[1] for text in texts)
        inserted = re.search(rf"INSERT INTO {table.name} \(([^)]*)\)", texts[4])
        if inserted:
            assert set(re.findall(r"\w+", inserted[1])) == set(metadata.tables[table.name].columns.keys())
    used = {file.stem for file in FOLDER.glob("*/*.sql") if file.parent.name != "forget"}
    assert used == {name.replace("{fact}", t.name) for name in (*STAGING, *LOAD) for t in FEED_TABLES.values()}


def test_the_feeds_to_load_are_those_with_a_table() -> None:
    assert [feed.name for feed in loadable_feeds("all")] == list(FEED_TABLES)
    assert [feed.name for feed in loadable_feeds("sensor-readings, user-events")] == ["user-events", "sensor-readings"]
    with pytest.raises(ConfigurationError, match="main feed"):
        loadable_feeds("product_views")


def test_a_feed_that_cannot_be_loaded_is_told_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: object, feed: Feed, __: object) -> Counts:
        if feed.name == "click-events":
            raise TerminalError("its topic was made anew")
        done.append(feed.name)
        return Counts(1, 1)

    done: list[str] = []
    for secret in ("MONGO_ETL_PASSWORD", "POSTGRES_PASSWORD", "VISITOR_HASH_KEY"):
        monkeypatch.setenv(secret, "x" * 16)
    monkeypatch.setattr(pipeline, "_load_landed", load)
    monkeypatch.setattr(pipeline, "apply_changed_files", lambda *_: None)
    monkeypatch.setattr(pipeline, "Ledger", lambda *_: nullcontext(SimpleNamespace(transaction=lambda _: None)))
    with pytest.raises(TerminalError, match="1 of 6 feeds were not loaded: click-events: its topic was made anew"):
        pipeline.load_feeds(loadable_feeds("all"), wait=False, again=False)
    assert done == [name for name in FEED_TABLES if name != "click-events"]
