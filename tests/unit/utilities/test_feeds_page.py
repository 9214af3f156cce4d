"""The pages about feeds are what the declarations and the loader say."""

import re
from pathlib import Path

from config.settings import PROJECT_ROOT
from kafka.feeds.contract import FeedNotes
from kafka.feeds.declaration import load_feeds, read_declaration
from kafka.feeds.derived import FIELDS_OF
from kafka.feeds.settings import DECLARATIONS
from tests import adding_a_feed
from utilities.reference_docs.feeds_page import feeds_page


def test_the_committed_page_is_up_to_date() -> None:
    page = feeds_page(load_feeds(DECLARATIONS).values())
    assert (PROJECT_ROOT / "docs" / "feeds.md").read_text() == page


def test_the_page_on_adding_a_feed_declares_one_beside_the_others(tmp_path: Path) -> None:
    for file in DECLARATIONS.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    before = load_feeds(tmp_path)
    feed = read_declaration(adding_a_feed.declaration(tmp_path))
    assert set(load_feeds(tmp_path)) == {*before, feed.name}


def test_the_page_on_adding_a_feed_names_every_property_that_a_feed_may_have() -> None:
    text = adding_a_feed.PAGE.read_text()
    named = set(re.findall(r"`(\w+)`", text))
    assert set(FeedNotes.model_fields) <= named
    assert set(FIELDS_OF) <= named
