"""How far landing is, beside the landed events: one document for each partition of the bus.

    {_id: "topic:00002", topic, partition, next_offset, topic_id, leader_epoch, skipped, kept_from, emptied}

Below `next_offset` all is landed or dead; a mark without one stands for nothing landed, as no mark does. `kept_from` is
the offset below which retention has removed raw events, `emptied` names the run of delete-raw that lowered the mark.
"""

from typing import Any

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from kafka.position import partition_key
from kafka.sinks.sink import BusLog, StoreMark

Document = dict[str, Any]

REACHED = {"next_offset": {"$exists": True}}
"""The marks that say how far landing is."""


def mark_of(row: Document) -> StoreMark:
    """The mark that a document of `REACHED` holds."""
    return StoreMark(
        row["next_offset"], row.get("topic_id") or "", row.get("leader_epoch"), int(row.get("skipped") or 0)
    )


def emptied_mark(topic: str, partition: int, emptied: str) -> Document:
    """What is left of a mark where landing begins at the beginning again."""
    return {"topic": topic, "partition": partition, "emptied": emptied}


class LandingMarks:
    """The marks as one landing knows them; all methods raise PyMongoError.

    It raises only marks that it has read and that nobody has lowered or taken away since, by emptying the store or
    restoring it. A landing that was suspended meanwhile wakes up with records in its queues, and would say of what is
    gone that it has landed.
    """

    def __init__(self, collection: Collection[Document]) -> None:
        self._collection = collection
        self._known: dict[str, tuple[str | None, int]] = {}
        """By `_id` of a mark that is there: its `emptied`, and the `next_offset` below which it does not fall."""

    def read(self, topic: str) -> dict[int, StoreMark]:
        """The marks by partition; what is known for `raise_to` stays as it is."""
        return {row["partition"]: mark_of(row) for row in self._collection.find({"topic": topic, **REACHED})}

    def take_over(self, topic: str) -> dict[int, StoreMark]:
        """The marks by partition, for a landing that goes on from them."""
        rows = list(self._collection.find({"topic": topic}))
        self._known = {row["_id"]: (row.get("emptied"), int(row.get("next_offset", 0))) for row in rows}
        return {row["partition"]: mark_of(row) for row in rows if "next_offset" in row}

    def are_kept(self, topic: str) -> bool:
        """Whether all marks are those that were taken over or raised since, or are further by another landing."""
        rows = {row["_id"]: row for row in self._collection.find({"topic": topic})}
        return all(
            key in rows and rows[key].get("emptied") == emptied and int(rows[key].get("next_offset", 0)) >= reached
            for key, (emptied, reached) in self._known.items()
        )

    def raise_to(self, log: BusLog, partition: int, mark: StoreMark) -> bool:
        """Raise one mark, never lower it but after a truncation; False where it is not the one that was taken over."""
        key = partition_key(log.topic, partition)
        emptied, reached = self._known.get(key, (None, 0))
        place: Document = {"_id": key, "emptied": emptied if emptied is not None else {"$exists": False}}
        if least := min(reached, mark.next_offset):
            place["next_offset"] = {"$gte": least}
        if log.topic_id:
            place["topic_id"] = {"$in": ["", None, log.topic_id]}
        facts = {"topic": log.topic, "partition": partition} | ({"topic_id": log.topic_id} if log.topic_id else {})
        if mark.skipped:
            # More skipped records than ever mean a truncated topic: what was reached before is beyond its end.
            changed = {"next_offset": mark.next_offset, "leader_epoch": mark.leader_epoch, "skipped": mark.skipped}
            fewer = {**place, "$nor": [{"skipped": {"$gte": mark.skipped}}]}
            self._collection.update_one(fewer, {"$set": {**facts, **changed}})
        epoch = {} if mark.leader_epoch is None else {"leader_epoch": mark.leader_epoch}
        never_falls = {"next_offset": mark.next_offset, "skipped": mark.skipped, **epoch}
        change = {"$max": never_falls, "$set": facts}
        try:
            # A mark of another log, or another's `emptied`, does not match, and its `_id` then refuses a second one.
            found = self._collection.update_one(place, change, upsert=key not in self._known)
        except DuplicateKeyError:
            return False
        if key in self._known and not found.matched_count:
            return False
        self._known[key] = (emptied, mark.next_offset)
        return True
