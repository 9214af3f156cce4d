"""One process that serves many feeds: a consumer for each, and none is stopped by another's failure."""

import logging
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import TypeVar

from config.errors import MillraceError, TerminalError
from kafka.consumer.memory import most_bytes
from kafka.consumer.settings import ConsumerSettings
from kafka.feeds.declaration import chosen_feeds
from kafka.feeds.feed import Feed
from kafka.feeds.places import at_feed
from kafka.progress import one_line_each
from kafka.signals import stop_on_signals
from kafka.watchdog import WATCHDOG

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 0.2
Settings = TypeVar("Settings", bound=ConsumerSettings)
RunFeed = Callable[[Feed, Event], None]
"""Runs the stage of one feed until it is done, or until the event is set."""


def settings_of(feed: Feed, settings: Settings, feeds: int) -> Settings:
    """The settings of a stage for one of so many feeds in a process: they share `max_workers`, at least one each."""
    return at_feed(feed, settings).model_copy(update={"max_workers": max(settings.max_workers // feeds, 1)})


def run_chosen(stage: str, names: str, settings: Settings, run: Callable[[Settings, Feed, Event], None]) -> None:
    """As `run_feeds`, for the feeds that `names` choose, each by the settings of its own."""
    feeds = chosen_feeds(names)
    run_feeds(stage, feeds, settings, lambda feed, stop: run(settings_of(feed, settings, len(feeds)), feed, stop))


def run_feeds(stage: str, feeds: Sequence[Feed], settings: ConsumerSettings, run: RunFeed) -> None:
    """Run the stage of every feed; raises TerminalError naming each that failed, once all have ended.

    With `--follow` a feed that fails is told in the log at once, and the others go on.
    """
    stop = stop_on_signals()
    one_line_each()
    workers, brokers = max(settings.max_workers // len(feeds), 1), len(settings.kafka_brokers.split(","))
    WATCHDOG.expect(len(feeds) * most_bytes(workers, brokers))
    failures: dict[str, str] = {}
    running = [_FeedThread(stage, feed, run, failures) for feed in feeds]
    for thread in running:
        thread.start()
    while any(thread.is_alive() for thread in running):
        if stop.wait(SECONDS_BETWEEN_LOOKS):
            for thread in running:
                thread.stop.set()
                thread.join()
    if failures:
        told = "; ".join(f"{name}: {problem}" for name, problem in sorted(failures.items()))
        raise TerminalError(f"the {stage} failed for {len(failures)} of {len(feeds)} feeds: {told}")


class _FeedThread(Thread):
    """One feed's consumer. `stop` is its own: a consumer that ends sets it."""

    def __init__(self, stage: str, feed: Feed, run: RunFeed, failures: dict[str, str]) -> None:
        super().__init__(name=f"{stage} {feed.name}")
        self.stop = Event()
        self._stage, self._feed, self._run, self._failures = stage, feed, run, failures

    def run(self) -> None:
        try:
            self._run(self._feed, self.stop)
        except MillraceError as error:
            self._failed(str(error))
        except Exception as error:
            logger.exception("the %s of a feed ended in a fault of ours feed=%s", self._stage, self._feed.name)
            self._failed(repr(error))

    def _failed(self, problem: str) -> None:
        self._failures[self._feed.name] = problem
        logger.error(
            "the %s of a feed has failed; the others go on feed=%s reason=%s", self._stage, self._feed.name, problem
        )
