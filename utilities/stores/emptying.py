"""Emptying the raw store: what the bus can no longer land again, and what must stay.

Stays: the emptied documents of forgotten visitors, which keep their events from landing again, and in the landing's
marks the offset below which retention has removed raw events, at which the next landing begins. Both mean something for
the topic whose records they were; of a topic that is gone or was made anew nothing stays.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from config.errors import AccessError, TerminalError
from config.kafka_client import ClientConfig
from kafka.client import RefusedLogin, find_topic
from kafka.log_reader import READER, log_ranges
from kafka.position import bus_position, parse_position, partition_key
from kafka.sinks.landing_holds import has_begun, new_hold
from kafka.sinks.landing_marks import emptied_mark
from kafka.topics import topic_id
from utilities.stores.raw_store import RawStore, TopicPartition

NOT_ERASED = {"erased_at": {"$exists": False}}
LAST_OFFSET = 10**19 - 1
LOOK_SECONDS = 30.0


@dataclass(frozen=True)
class Emptying:
    """What emptying means for one partition, in documents; `low` and `end` are the bus's, None where it has none.

    `begin` is where the next landing begins, `kept` how many emptied documents stay.
    """

    topic: str
    partition: int
    low: int | None
    end: int | None
    documents: int
    lost: int
    begin: int
    kept: int
    mark: dict[str, Any] | None
    is_read: bool = True
    """Whether the landing reads the topic: not a former generation."""

    @property
    def lost_below(self) -> int:
        """Below which offset nothing can be landed again."""
        return LAST_OFFSET if self.low is None or not self.is_read else self.low

    @property
    def why(self) -> str:
        """Why documents are lost, for the operator."""
        place = f"{self.topic}:{self.partition}"
        if not self.is_read:
            return f"{place} has {self.lost:,} of a former topic, which the landing does not read"
        if self.low is None:
            return f"{place} has {self.lost:,} of a topic that is gone, was made anew or may not be read"
        return f"{place} has {self.lost:,} outside of the offsets {self.low} to {self.end} that the bus keeps"


def emptying(store: RawStore, config: ClientConfig, landed_topic: str) -> list[Emptying]:
    """What emptying the store means, by partition, where the landing reads `landed_topic`.

    Raises PyMongoError, or UnavailableError where the bus is away.
    """
    marks = {(row["topic"], row["partition"]): row for row in store.watermarks.find()}
    ranges: dict[str, dict[int, tuple[int, int]]] = {}
    found = []
    stored = {*marks, *_partitions(store)}
    for topic in {landed_topic, *(topic for topic, _ in stored)}:
        known_ids = {row.get("topic_id") for place, row in marks.items() if place[0] == topic} - {"", None}
        ranges[topic] = _ranges(config, topic, known_ids)
    for topic, partition in sorted({*stored, *((landed_topic, partition) for partition in ranges[landed_topic])}):
        mark = marks.get((topic, partition))
        each = _of_partition(store, topic, partition, ranges[topic].get(partition), mark)
        found.append(each if topic == landed_topic else replace(each, lost=each.documents, is_read=False))
    return found


def empty(store: RawStore, partitions: list[Emptying], run: str) -> int:
    """Lower the marks, then delete; returns how many documents. A killed run only lands again what is there already.

    A landing that has slept since before cannot raise the marks again: they bear the name of this `run`. Deleted is
    what has landed until now, by the clocks of the landing's machines: should the server still be deleting when a later
    run lets the landing begin, it finds nothing of what lands then.
    """
    until_now = _landed_until_now(store)
    for each in partitions:
        _lower_mark(store, each, run)
    deleted = store.collection.delete_many(NOT_ERASED | until_now).deleted_count
    for each in partitions:
        if each.low is None:
            whole = _range(each.topic, each.partition, 0, LAST_OFFSET)
            deleted += store.collection.delete_many(whole | until_now).deleted_count
    return deleted


def hold_landing(store: RawStore) -> str:
    """Have no landing begin from now on, though one may be running; returns the name of the hold."""
    hold = new_hold(uuid.uuid4().hex, datetime.now(UTC))
    store.hold.insert_one(hold)
    return str(hold["_id"])


def begin_deleting(store: RawStore, hold: str) -> list[str]:
    """Say on the hold that documents may be gone from now on; returns every hold that ends with this deletion.

    Those are this one and what runs have left that were broken off. Raises TerminalError where the hold was given up.
    """
    if not store.hold.update_one({"_id": hold}, {"$set": {"deleting": True}}).matched_count:
        raise TerminalError("another ./millrace delete-raw has let the landing begin: nothing was deleted")
    return [row["_id"] for row in store.hold.find()]


def give_up(store: RawStore, but: str = "") -> list[dict[str, Any]]:
    """Take away the holds of runs that were broken off before they deleted, where no other runs; returns the others.

    Whoever calls it holds the lock of the runs, and perhaps the hold `but`.
    """
    holds = [row for row in store.hold.find() if row["_id"] != but]
    let_landing_begin(store, [row["_id"] for row in holds if not has_begun(row)])
    return [row for row in holds if has_begun(row)]


def let_landing_begin(store: RawStore, holds: Sequence[str]) -> None:
    """Take these holds away; the landing begins once there is none."""
    store.hold.delete_many({"_id": {"$in": list(holds)}})


def _lower_mark(store: RawStore, each: Emptying, run: str) -> None:
    place = {"_id": partition_key(each.topic, each.partition)}
    mark = emptied_mark(each.topic, each.partition, run)
    if each.begin or each.kept:
        before = each.mark or {}
        mark |= {"topic_id": before.get("topic_id", ""), "next_offset": each.begin}
        mark |= {"kept_from": before["kept_from"]} if "kept_from" in before else {}
    elif not each.is_read:
        store.watermarks.delete_one(place)
        return
    store.watermarks.replace_one(place, mark, upsert=True)


def _landed_until_now(store: RawStore) -> dict[str, Any]:
    newest = {"$group": {"_id": None, "landed_at": {"$max": "$landed_at"}}}
    (found,) = list(store.collection.aggregate([newest])) or [{}]
    return {"$nor": [{"landed_at": {"$gt": found.get("landed_at")}}]}


def _of_partition(
    store: RawStore, topic: str, partition: int, kept: tuple[int, int] | None, mark: dict[str, Any] | None
) -> Emptying:
    def count(since: int, until: int, condition: dict[str, Any]) -> int:
        return store.collection.count_documents({**_range(topic, partition, since, until), **condition})

    documents = count(0, LAST_OFFSET, NOT_ERASED)
    if kept is None:
        return Emptying(topic, partition, None, None, documents, documents, 0, 0, mark)
    low, end = kept
    removed_below = int((mark or {}).get("kept_from", 0))
    # What retention has counted as removed is not lost again where it is still there.
    lost = count(removed_below, low, NOT_ERASED) if low > removed_below else 0
    lost += count(end, LAST_OFFSET, NOT_ERASED)
    erased = count(0, LAST_OFFSET, {"erased_at": {"$exists": True}})
    begin = max(removed_below, low) if removed_below or erased else 0
    return Emptying(topic, partition, low, end, documents, lost, begin, erased, mark)


def kept_events(store: RawStore, topic: str, partition: int, since: int, until: int) -> int:
    """Documents with offsets `[since, until)`, but for the emptied ones of forgotten visitors."""
    return store.collection.count_documents({**_range(topic, partition, since, until), **NOT_ERASED})


def _range(topic: str, partition: int, since: int, until: int) -> dict[str, Any]:
    return {"_id": {"$gte": bus_position(topic, partition, since), "$lt": bus_position(topic, partition, until)}}


def _ranges(config: ClientConfig, topic: str, known_ids: set[Any]) -> dict[int, tuple[int, int]]:
    """First offset and end of each partition; none where the topic is not the one that was landed."""
    refused = RefusedLogin(config)
    consumer = Consumer({**config, **READER, "error_cb": refused})
    doing = f"looking for topic {topic} at {config['bootstrap.servers']}"
    try:
        if find_topic(consumer, topic, refused, doing, LOOK_SECONDS) is None:
            return {}
    except AccessError:
        if refused.error is not None:
            raise
        # Brokers do not tell a principal without a right whether the topic is there; nor can it be landed.
        return {}
    finally:
        consumer.close()
    now = topic_id(AdminClient(dict(config)), topic)
    return {} if now and known_ids and now not in known_ids else log_ranges(config, topic)


def _partitions(store: RawStore) -> Iterator[TopicPartition]:
    """Partitions of landed documents, the marks aside: those of an older release may lack one."""
    beyond = ""
    while (row := store.collection.find_one({"_id": {"$gt": beyond}}, {"_id": 1}, sort=[("_id", 1)])) is not None:
        try:
            position = parse_position(str(row["_id"]))
        except ValueError:
            return  # no document of ours: it is deleted with the others
        yield position.topic, position.partition
        beyond = bus_position(position.topic, position.partition, LAST_OFFSET)
