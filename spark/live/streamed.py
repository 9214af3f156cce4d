"""A feed under way: which topic it is read from, where it goes on, and how far its event time has come."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from threading import Event

from kafka.feeds.feed import Feed
from kafka.topic_sight import TopicSightings
from spark.live.bus import Bus, refuse_another_topic, starting_offsets
from spark.live.feed_batch import FeedPart
from spark.live.store import LiveStore
from spark.live.watermark import Clock, Clocks, Read, reached_of

Place = tuple[str, int]
"""A topic and its partition."""


@dataclass
class StreamedFeed:
    """One feed of a stream; its clocks are its own, so that it closes no window of another."""

    feed: Feed
    bus: Bus
    clocks: Clocks = field(default_factory=lambda: Clocks({}, None))
    topic_id: str = ""
    sightings: TopicSightings | None = None

    @property
    def topic(self) -> str:
        """Its topic on the bus."""
        return self.bus.topic

    @property
    def watermark(self) -> int | None:
        """Event time up to which its windows are complete."""
        return self.clocks.watermark

    def begin(
        self, store: LiveStore, window_seconds: int, skip_lost: bool, until_readable: Event | None
    ) -> dict[int, int]:
        """Ask the bus and the warehouse where to go on; raises what is wrong there for good.

        Marks of transactions are waited for where an event is given, which ends the waiting.
        """
        self.sightings = self.bus.sightings()
        seen = self.sightings.seen
        progress = store.progress(self.topic, window_seconds, self.feed.name)
        for position in progress.positions.values():
            refuse_another_topic(self.topic, position.topic_id, seen)
        self.topic_id = seen.topic_id
        if until_readable is not None:
            self.bus.await_readable(until_readable)
        starting = starting_offsets(self.topic, self.bus.ranges(), progress.positions, skip_lost)
        known = {partition: each.next_offset for partition, each in progress.positions.items()}
        changed = {partition: offset for partition, offset in starting.items() if known.get(partition) != offset}
        if changed:
            store.begin(self.topic, seen.topic_id, changed)
        now = time.monotonic()
        clocks = {each: Clock(None, now) for each in starting}
        for partition, each in progress.positions.items():
            clocks[partition] = Clock(each.reached, now - each.silent_seconds)
        self.clocks = Clocks(clocks, progress.watermark)
        return starting

    def confirm(self, asked: float) -> None:
        """Raise TopicMadeAnewError where the topic is another one since `asked` (time.monotonic())."""
        assert self.sightings is not None
        sight = self.sightings.confirm(asked)
        refuse_another_topic(self.topic, self.topic_id, sight)

    def heard(self, read: Mapping[int, Read], asked: float, idle_seconds: float, unread: Collection[Place]) -> Clocks:
        """The clocks after a batch begun at `asked`; `unread` as in Clocks.heard, of all topics."""
        of_topic = {partition for topic, partition in unread if topic == self.topic}
        return self.clocks.heard(reached_of(read), asked, idle_seconds, of_topic)

    def part(self, read: Mapping[int, Read], clocks: Clocks) -> FeedPart:
        """What a batch has read of the feed."""
        return FeedPart(self.feed.name, self.topic, self.topic_id, read, clocks.watermark)


def flattened(by_topic: Mapping[str, Mapping[int, int]]) -> dict[Place, int]:
    """Offsets by topic and partition."""
    return {(topic, partition): offset for topic, of in by_topic.items() for partition, offset in of.items()}
