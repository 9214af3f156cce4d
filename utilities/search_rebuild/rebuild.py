"""The rebuild of one alias: copy, catch up, hold the indexer back for a moment, compare the counts, swap.

    copy   MongoDB -> indices of their own, while the indexer goes on writing to the former ones
    block  writes to the former indices: the indexer waits for a blocked index, searches go on
    catch  what was landed, indexed or erased since
    count  per partition and store
    swap   the former indices for the new ones, in one request

Killed at any moment it goes on from its checkpoints; killed while writes are blocked the indexer waits until then, or
until `abandon`.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from elasticsearch import Elasticsearch, NotFoundError

from config.errors import TerminalError, UnavailableError
from kafka.progress import ProgressReport
from kafka.sinks.event_document import Documents
from kafka.sinks.sink import StoreMark
from utilities.search_rebuild.checkpoints import Checkpoints, Progress
from utilities.search_rebuild.copying import OFFSETS_PER_STRETCH, Copying, of_partition
from utilities.search_rebuild.months import NewMonths, behind, latest_generation
from utilities.stores.raw_store import RawStore, TopicPartition

logger = logging.getLogger("millrace.reindex")

SETTLED_OFFSETS = 5_000
"""So few left to copy are copied while writes are blocked: a second or two."""
MOST_PASSES = 20
MOST_LISTINGS = 5
MOST_TOPICS, MOST_PARTITIONS = 1_000, 10_000

Until = Mapping[TopicPartition, int]


@dataclass(frozen=True)
class Rebuilt:
    """What stands behind the alias after a rebuild; `beyond` are documents that the landing has not reached yet."""

    made: int
    kept: int
    refused: int
    beyond: int
    indices: int

    @property
    def documents(self) -> int:
        """All of them."""
        return self.made + self.kept + self.beyond - self.refused


class Rebuild:
    """One alias, which nobody else rebuilds (`lock.py`)."""

    def __init__(
        self,
        client: Elasticsearch,
        alias: str,
        store: RawStore,
        marks: Callable[[], Mapping[TopicPartition, StoreMark]],
        documents: Documents,
        key: bytes,
        stay_alone: Callable[[], None],
    ) -> None:
        """`marks` tells how far is indexed, `stay_alone` raises where the lock is lost; `key` is FORGOTTEN_KEY."""
        self._client = client
        self._alias = alias
        self._store = store
        self._marks = marks
        self._stay_alone = stay_alone
        self._checkpoints = Checkpoints(store)
        self._months = NewMonths(client, alias, self._generation())
        self._copying = Copying(client, alias, store, self._months, documents, key, int(time.time() * 1000))

    def run(self) -> Rebuilt:
        """Rebuild, or go on with what was killed; raises TerminalError where the counts differ."""
        done = self._copy_settled(self._checkpoints.read())
        with self._writes_blocked() as former:
            self._refresh(self._alias)
            landed = self._store.landed_until()
            done = self._copy(done, landed)
            beyond = self._copy_beyond(landed)
            self._refresh(self._months.pattern)
            if erased := self._copying.erase():
                logger.info("erased again what was forgotten meanwhile alias=%s documents=%d", self._alias, erased)
                self._refresh(self._months.pattern)
            self._compare(done, landed)
            indices = len(self._months.names())
            self._stay_alone()
            self._months.swap(former)
        self._checkpoints.forget()
        counted = done.values()
        return Rebuilt(
            sum(each.made for each in counted),
            sum(each.kept for each in counted),
            sum(each.refused for each in counted),
            sum(each.indexed for each in beyond.values()),
            indices,
        )

    def abandon(self) -> None:
        """Drop what was begun: the former indices stay, and take writes again."""
        self._months.delete()
        self._unblock(self._former())
        self._checkpoints.forget()

    def _generation(self) -> int:
        begun = self._checkpoints.generation()
        latest = latest_generation(self._client, self._alias)
        if begun is not None and begun > latest:
            logger.info("goes on with the rebuild that was begun alias=%s", self._alias)
            return begun
        # Also where a kill came between the swap and the end.
        self._checkpoints.forget()
        self._checkpoints.begin(latest + 1)
        return latest + 1

    def _former(self) -> list[str]:
        return behind(self._client, self._alias, but=self._months.generation)

    def _refresh(self, index: str) -> None:
        self._client.indices.refresh(index=index, ignore_unavailable=True)

    def _copy_settled(self, done: dict[TopicPartition, Progress]) -> dict[TopicPartition, Progress]:
        """Copy what landing and indexer have both passed, until little is left."""
        for _ in range(MOST_PASSES):
            marks = self._marks()
            until = {
                place: min(offset, marks[place].next_offset) if place in marks else offset
                for place, offset in self._store.landed_until().items()
            }
            left = sum(max(end - done.get(place, Progress()).next_offset, 0) for place, end in until.items())
            if left <= SETTLED_OFFSETS:
                break
            self._refresh(self._alias)
            done = self._copy(done, until)
        return done

    def _copy(self, done: dict[TopicPartition, Progress], until: Until) -> dict[TopicPartition, Progress]:
        total = sum(max(end - done.get(place, Progress()).next_offset, 0) for place, end in until.items())
        done = dict(done)
        with ProgressReport("rebuilding", total) as report:
            read = 0
            for place, end in sorted(until.items()):
                kept = done.get(place, Progress())
                while kept.next_offset < end:
                    before = kept.next_offset
                    kept = self._stretch(place, kept, end)
                    self._checkpoints.keep(place, kept)
                    read += kept.next_offset - before
                    report.update(read, max(total - read, 0))
                done[place] = kept
        return done

    def _stretch(self, place: TopicPartition, kept: Progress, end: int) -> Progress:
        since = self._copying.next_offset(place, kept.next_offset, end)
        until = min(since + OFFSETS_PER_STRETCH, end)
        return kept.further(until, self._copying.stretch(place, since, until) if since < end else Progress())

    def _copy_beyond(self, landed: Until) -> dict[TopicPartition, Progress]:
        """What the indexer has read before the landing; without checkpoints, as the landing may yet store it."""
        copied = {}
        for place in self._places_of_former():
            end = self._last_of_former(place) + 1
            kept = Progress(landed.get(place, 0))
            while kept.next_offset < end:
                kept = self._stretch(place, kept, end)
            copied[place] = kept
        return copied

    def _places_of_former(self) -> list[TopicPartition]:
        partitions = {"partitions": {"terms": {"field": "kafka.partition", "size": MOST_PARTITIONS}}}
        topics = {"terms": {"field": "kafka.topic", "size": MOST_TOPICS}, "aggregations": partitions}
        reply = self._client.search(index=self._alias, ignore_unavailable=True, size=0, aggregations={"topics": topics})
        found = reply.get("aggregations", {"topics": {"buckets": []}})["topics"]["buckets"]
        return [(topic["key"], each["key"]) for topic in found for each in topic["partitions"]["buckets"]]

    def _last_of_former(self, place: TopicPartition) -> int:
        newest = self._client.search(
            index=self._alias,
            ignore_unavailable=True,
            query=of_partition(place, 0),
            sort="kafka.offset:desc",
            size=1,
        )["hits"]["hits"]
        return int(newest[0]["_source"]["kafka"]["offset"]) if newest else -1

    @contextmanager
    def _writes_blocked(self) -> Iterator[list[str]]:
        """The former indices, none of which takes a write meanwhile."""
        former: list[str] = []
        try:
            for _ in range(MOST_LISTINGS):
                found = self._former()
                if found == former:
                    break
                for name in set(found) - set(former):
                    # Answered when no write is under way any more.
                    self._client.indices.add_block(index=name, block="write")
                former = found
            else:
                raise UnavailableError(f"new months of {self._alias} come faster than they are blocked: try again")
            yield former
        finally:
            self._unblock(former)

    def _unblock(self, names: list[str]) -> None:
        for name in names:
            try:
                self._client.indices.put_settings(index=name, settings={"index.blocks.write": None})
            except NotFoundError:
                continue  # swapped away

    def _compare(self, done: Mapping[TopicPartition, Progress], landed: Until) -> None:
        """Raise TerminalError unless every partition has what was copied, and no fewer than stood there before."""
        problems = []
        for place, end in sorted(landed.items()):
            kept, made = done.get(place, Progress()), self._store.count(*place, end)
            new, former = self._count(self._months.pattern, place, 0, end), self._count(self._alias, place, 0, end)
            if made != kept.made or new != kept.indexed or new < former:
                problems.append(
                    f"{place[0]}:{place[1]} has {made:,} in MongoDB, {kept.made:,} copied, {kept.kept:,} kept,"
                    f" {kept.refused:,} refused, {new:,} in the new indices, {former:,} in the former"
                )
        for place in self._places_of_former():
            since = landed.get(place, 0)
            new, former = self._count(self._months.pattern, place, since), self._count(self._alias, place, since)
            if new < former:
                problems.append(f"{place[0]}:{place[1]} lacks {former - new:,} that the landing has not reached")
        if problems:
            raise TerminalError(
                f"{self._alias} was not swapped, for the counts differ: {'; '.join(problems)};"
                " --abandon drops the new indices"
            )

    def _count(self, index: str, place: TopicPartition, since: int, until: int | None = None) -> int:
        query = of_partition(place, since, until)
        return int(self._client.count(index=index, query=query, ignore_unavailable=True)["count"])
