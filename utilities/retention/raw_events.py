"""Raw events in MongoDB by age: the prefix of a partition that is loaded and old, counted, then deleted.

Always a contiguous prefix, so that one offset in the ledger says what is gone. By keys and not by a range of `_id`: the
local server looks through every key of the collection for each range (spark/raw_store.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import psycopg

from kafka.position import OFFSET_DIGITS, bus_position, partition_key
from utilities.stores.raw_store import RawStore

KEYS_PER_REQUEST = 500
KEPT_RAW = """
SELECT bus_topic, bus_partition, next_offset,
       coalesce((SELECT max(until_offset) FROM etl.removed AS gone
                 WHERE what = 'raw events' AND (gone.bus_topic, gone.bus_partition)
                     = (watermark.bus_topic, watermark.bus_partition)), 0)
FROM (
    SELECT bus_topic, bus_partition, next_offset FROM etl.watermark
    UNION ALL
    SELECT bus_topic, bus_partition, max(to_offset) FROM etl.feed_range GROUP BY bus_topic, bus_partition
) AS watermark
ORDER BY bus_topic, bus_partition
"""
RECORD_RAW = """
INSERT INTO etl.removed (what, bus_topic, bus_partition, until_offset, rows, last_date)
SELECT 'raw events', %(topic)s, %(partition)s, %(until)s, %(rows)s, to_date(max(date_key)::text, 'YYYYMMDD')
FROM fact_event
WHERE bus_topic = %(topic)s AND bus_partition = %(partition)s AND bus_offset BETWEEN %(since)s AND %(until)s - 1
"""
"""The last day by facts: loading days again leaves the rejected events alone whose raw event is gone."""


@dataclass(frozen=True)
class OldPrefix:
    """Documents of a partition from `kept_from` (of the last removal) to below `until`.

    `left` stand below `kept_from`: the ledger counts them as gone, by a removal that was broken off.
    """

    topic: str
    partition: int
    kept_from: int
    until: int
    documents: int
    left: int = 0


def kept_raw(connection: psycopg.Connection) -> list[tuple[str, int, int, int]]:
    """By partition: topic, number, the offset that the ETL has reached, and the one below which raw events are gone."""
    return connection.execute(KEPT_RAW).fetchall()


def record_removed(connection: psycopg.Connection, prefixes: Iterable[OldPrefix]) -> None:
    """Note in the ledger what is about to be deleted, within the caller's transaction."""
    for prefix in prefixes:
        if prefix.documents:
            named = {"topic": prefix.topic, "partition": prefix.partition, "rows": prefix.documents}
            connection.execute(RECORD_RAW, {**named, "since": prefix.kept_from, "until": prefix.until})


def old_prefix(
    store: RawStore, topic: str, partition: int, kept_from: int, loaded_until: int, landed_before: datetime
) -> OldPrefix:
    """The documents below `loaded_until` before the first that landed at or after `landed_before` (naive UTC)."""
    first = first_offset(store, topic, partition, 0)
    left = store.count(topic, partition, kept_from) if first is not None and first < kept_from else 0
    if left:
        first = first_offset(store, topic, partition, kept_from)
    documents = 0
    position = loaded_until if first is None else first
    while position < loaded_until:
        end = min(position + KEYS_PER_REQUEST, loaded_until)
        query = {"_id": {"$in": _keys(topic, partition, position, end)}}
        landed = {row["_id"]: row["landed_at"] for row in store.collection.find(query, {"landed_at": 1})}
        young = min((key for key, at in landed.items() if at >= landed_before), default=None)
        if young is not None:
            documents += sum(key < young for key in landed)
            return OldPrefix(topic, partition, kept_from, int(young[-OFFSET_DIGITS:]), documents, left)
        documents += len(landed)
        position = end
    return OldPrefix(topic, partition, kept_from, max(loaded_until, kept_from), documents, left)


def delete_below(store: RawStore, topic: str, partition: int, until: int) -> int:
    """Delete the documents below an offset; returns how many there were."""
    deleted = 0
    first = first_offset(store, topic, partition, 0)
    for position in range(until if first is None else first, until, KEYS_PER_REQUEST):
        keys = _keys(topic, partition, position, min(position + KEYS_PER_REQUEST, until))
        deleted += store.collection.delete_many({"_id": {"$in": keys}}).deleted_count
    return deleted


def note_kept_from(store: RawStore, topic: str, partition: int, until: int) -> None:
    """Say in the landing's mark where raw events begin: so does a landing after `delete_mongo_data`."""
    new = {"topic": topic, "partition": partition, "topic_id": "", "next_offset": until}
    place = {"_id": partition_key(topic, partition)}
    store.watermarks.update_one(place, {"$max": {"kept_from": until}, "$setOnInsert": new}, upsert=True)
    begins_at_zero = {**place, "next_offset": {"$exists": False}}
    store.watermarks.update_one(begins_at_zero, {"$set": {"next_offset": until}})


def first_offset(store: RawStore, topic: str, partition: int, since: int) -> int | None:
    """The first offset from `since` on that a document of the partition has."""
    bounds = {"$gte": bus_position(topic, partition, since), "$lte": bus_position(topic, partition, 10**19 - 1)}
    found = store.collection.find_one({"_id": bounds}, {"_id": 1}, sort=[("_id", 1)])
    return int(found["_id"][-OFFSET_DIGITS:]) if found else None


def _keys(topic: str, partition: int, first: int, end: int) -> list[str]:
    return [bus_position(topic, partition, offset) for offset in range(first, end)]
