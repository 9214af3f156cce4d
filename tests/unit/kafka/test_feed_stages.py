"""Many feeds in one process: none is stopped by another's failure."""

from threading import Event

import pytest

from config.errors import TerminalError, UnavailableError
from kafka.consumer import feed_stages
from kafka.consumer.feed_stages import run_feeds, settings_of
from kafka.feeds.declaration import chosen_feeds, load_feeds
from kafka.feeds.feed import Feed
from kafka.feeds.settings import DECLARATIONS
from kafka.landing import LandingSettings

FEEDS = load_feeds(DECLARATIONS)
CHOSEN = chosen_feeds("user-events,click-events,sensor-readings", FEEDS)


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Event:
    stop = Event()
    monkeypatch.setattr(feed_stages, "stop_on_signals", lambda: stop)
    monkeypatch.setattr("kafka.progress._bars_allowed", True)
    return stop


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> LandingSettings:
    secrets = dict.fromkeys(("kafka_landing_password", "mongo_landing_password"), "secret")
    return LandingSettings.load(**secrets, forgotten_key="k" * 16, max_workers=5)


def test_the_failure_of_a_feed_stops_no_other_and_is_told_at_the_end(stop: Event, settings: LandingSettings) -> None:
    failed, done = Event(), []

    def run(feed: Feed, _: Event) -> None:
        if feed.name == "click-events":
            failed.set()
            raise UnavailableError("the store is away")
        assert failed.wait(30)
        done.append(feed.name)
        if feed.name == "sensor-readings":
            raise ZeroDivisionError("a fault of ours")

    with pytest.raises(TerminalError) as raised:
        run_feeds("landing", CHOSEN, settings, run)
    assert sorted(done) == ["sensor-readings", "user-events"]
    assert "for 2 of 3 feeds" in str(raised.value)
    assert "click-events: the store is away" in str(raised.value)


def test_a_signal_stops_every_feed_and_a_feed_that_ends_stops_none(stop: Event, settings: LandingSettings) -> None:
    ended = []

    def run(feed: Feed, own: Event) -> None:
        if feed.name == "click-events":
            own.set()  # as a consumer does when it ends
            stop.set()
        assert own.wait(30)
        ended.append(feed.name)

    run_feeds("landing", CHOSEN, settings, run)
    assert sorted(ended) == sorted(feed.name for feed in CHOSEN)


def test_feeds_share_the_workers_and_have_places_of_their_own(settings: LandingSettings) -> None:
    of_one = settings_of(FEEDS["click-events"], settings, 3)
    assert (of_one.max_workers, of_one.destination_topic) == (1, "click-events")
    assert (of_one.dead_letter_topic, of_one.mongo_collection) == ("click-events-dead-letters", "click_events_records")
    renamed = settings.model_copy(update={"destination_topic": "views", "mongo_collection": "views"})
    main = settings_of(FEEDS["product_views"], renamed, 2)
    assert (main.max_workers, main.destination_topic, main.mongo_collection) == (2, "views", "views")
