"""Generated events on their topics, or in a file; at the pace of the clock where they are of now."""

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import orjson

from config.errors import TerminalError
from kafka.feeds.feed import Feed
from utilities.event_generator.delivery import Sender
from utilities.feed_generator.anomalies import Anomaly
from utilities.feed_generator.settings import FeedGeneratorSettings
from utilities.feed_generator.times import Timed

ANY_PARTITION = -1
"""The client finds it by the key."""
SECONDS_BETWEEN_CHECKS = 0.2


def at_their_time(events: Iterable[Timed]) -> Iterator[Timed]:
    """Each event once the clock has reached it."""
    for timed in events:
        if (ahead := timed.time_ms / 1000 - time.time()) > 0:
            time.sleep(ahead)
        yield timed


def send(events: Iterable[Timed], feeds: Mapping[str, Feed], settings: FeedGeneratorSettings, run: str) -> int:
    """Produce every event and wait until all replicas that are in sync have it; returns how many.

    Raises what `kafka.client.explain` makes of a refused login, a missing right or silence.
    """
    config = settings.client()
    senders = {
        name: Sender(config, feed.topic, f"writing to {feed.topic} at {settings.kafka_brokers}")
        for name, feed in feeds.items()
    }
    sent, next_check = 0, time.monotonic()
    for timed in events:
        feed = feeds[timed.feed]
        now_ms = int(time.time() * 1000)
        # A broker refuses timestamps of the future.
        at = min(timed.time_ms, now_ms)
        key = feed.key_of(timed.event)
        senders[timed.feed].send(orjson.dumps(timed.event), key, ANY_PARTITION, at, f"{run}:{sent}")
        sent += 1
        if time.monotonic() >= next_check:
            for sender in senders.values():
                sender.check()
            next_check = time.monotonic() + SECONDS_BETWEEN_CHECKS
    for sender in senders.values():
        sender.finish()
    return sent


def write(events: Iterable[Timed], path: Path) -> int:
    """One line an event, `{"feed": ..., "event": {...}}`; `-` is standard output. Returns how many."""
    written = 0
    with (Path("/dev/stdout") if str(path) == "-" else path).open("wb") as file:
        for timed in events:
            file.write(orjson.dumps({"feed": timed.feed, "event": timed.event}) + b"\n")
            written += 1
    return written


def read(path: Path, feeds: Mapping[str, Feed]) -> Iterator[Timed]:
    """The events of a file that `write` wrote; raises TerminalError for a line that is none of these feeds."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    told = orjson.loads(line)
                    feed, event = feeds[told["feed"]], told["event"]
                except (orjson.JSONDecodeError, LookupError, TypeError):
                    raise TerminalError(f'{path}:{number} is not {{"feed": "{min(feeds)}", "event": ...}}') from None
                yield Timed(feed.time_ms(event) or int(time.time() * 1000), feed.name, event)
    except OSError as error:
        raise TerminalError(f"{path} cannot be read: {error.strerror}") from None


def write_truth(anomalies: Iterable[Anomaly], path: Path) -> None:
    """One line an anomaly, before the first event: a run that is ended early has told what it did."""
    path.write_bytes(b"".join(orjson.dumps(anomaly.truth()) + b"\n" for anomaly in anomalies))
