"""Where a visitor's events are: every store searched, each in its own way.

The bus is read whole, record by record. MongoDB has no index by visitor: the server looks through its documents, half a
million a second, for the id as text or number. Elasticsearch is asked for the device, and for the 5 % of events of
people who have logged in, whose user ids it does not index.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import Consumer, Message
from confluent_kafka.admin import AdminClient
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan
from pymongo.errors import PyMongoError

from config.kafka_client import ClientConfig
from kafka.client import RefusedLogin, find_topic
from kafka.dead_letter_reasons import EventError
from kafka.dead_letters.letter import read_dead_letters
from kafka.event_json import decode_event
from kafka.log_reader import READER, read_to_end
from kafka.position import BusPosition, bus_position, parse_position
from kafka.sinks.event_document import event_time_ms
from kafka.topics import topic_id
from utilities.erasure.visitor import Visitor
from utilities.retention.month_archive import read_batches
from utilities.stores.raw_store import RawStore, raw_store_error

HITS_PER_PAGE = 2_000
CONNECT_SECONDS = 30.0
FILES = "SELECT table_name, month, path FROM etl.archived_file ORDER BY path"


@dataclass(frozen=True)
class BusRecord:
    """One record of the visitor, with its own time.

    `index_time_ms` says which monthly index the event belongs to; None where the record is no event but a dead letter.
    """

    timestamp_ms: int
    index_time_ms: int | None


@dataclass(frozen=True)
class Archive:
    """A Parquet file that holds rows of the visitor; `rows` is None where the file is not there to be searched."""

    table: str
    month: date
    path: Path
    rows: int | None


def on_the_bus(config: ClientConfig, topic: str, visitor: Visitor) -> dict[BusPosition, BusRecord]:
    """The visitor's records on the bus, by position."""
    found = {}
    for message in read_to_end(config, topic):
        if visitor.owns_record(message.key(), message.value()):
            position = BusPosition(topic, message.partition() or 0, message.offset() or 0)
            found[position] = _bus_record(message)
    return found


def is_the_one(config: ClientConfig, topic: str, known_ids: Collection[str]) -> bool:
    """Whether the topic is there and is the one with these ids, not one of the same name that was made anew.

    Raises AccessError where the topic may not be read.
    """
    refused = RefusedLogin()
    consumer = Consumer({**config, **READER, "error_cb": refused})
    try:
        doing = f"looking for topic {topic} at {config['bootstrap.servers']}"
        if find_topic(consumer, topic, refused, doing, CONNECT_SECONDS) is None:
            return False
    finally:
        consumer.close()
    now = topic_id(AdminClient(dict(config)), topic)
    return not now or not known_ids or now in known_ids


def _bus_record(message: Message) -> BusRecord:
    at = message.timestamp()[1]
    try:
        return BusRecord(at, event_time_ms(decode_event(message.value()), at))
    except EventError:
        return BusRecord(at, None)


def in_dead_letters(config: ClientConfig, topic: str, visitor: Visitor) -> int:
    """How many records of the topic of dead letters are the visitor's; one letter may be written several times."""
    return sum(visitor.owns_record(letter.key, letter.value) for letter in read_dead_letters(config, topic))


def in_raw_store(store: RawStore, visitor: Visitor) -> set[BusPosition]:
    """Landed documents of the visitor, of whatever topic."""
    spellings = {"$in": visitor.spellings()}
    query = {"$or": [{"event.user_id_db": spellings}, {"event.device_id": spellings}]}
    fields = {"event.user_id_db": 1, "event.device_id": 1}
    try:
        documents = store.find(query, fields)
        return {parse_position(row["_id"]) for row in documents if visitor.owns(row.get("event"))}
    except PyMongoError as error:
        raise raw_store_error(store.address, error) from error


def in_search(
    client: Elasticsearch, alias: str, topics: Iterable[str], visitor: Visitor, known: Iterable[BusPosition]
) -> dict[BusPosition, str]:
    """The index of each of the visitor's documents; `known` are positions that other stores have of the visitor."""
    client.indices.refresh(index=alias, ignore_unavailable=True)
    theirs = [{"term": {"device_id": visitor.identity}}, {"term": {"guest": False}}]
    queries: list[dict[str, Any]] = [{"bool": {"filter": {"terms": {"kafka.topic": sorted(topics)}}, "should": theirs}}]
    queries[0]["bool"]["minimum_should_match"] = 1
    ids = [bus_position(*position) for position in known]
    for first in range(0, len(ids), HITS_PER_PAGE):
        queries.append({"ids": {"values": ids[first : first + HITS_PER_PAGE]}})
    found = {}
    for query in queries:
        source = ["event.user_id_db", "event.device_id"]
        pages = scan(
            client, query={"query": query, "_source": source}, index=alias, size=HITS_PER_PAGE, ignore_unavailable=True
        )
        for hit in pages:
            if visitor.owns(hit["_source"].get("event")):
                found[parse_position(hit["_id"])] = str(hit["_index"])
    return found


def in_archives(connection: psycopg.Connection, visitor: Visitor) -> list[Archive]:
    """The archived files that hold the visitor, and those that are not where they were written."""
    found = []
    for table, month, name in connection.execute(FILES).fetchall():
        path = Path(name)
        rows = rows_of(path, visitor) if path.exists() else None
        if rows != 0:
            found.append(Archive(table, month, path, rows))
    return found


def rows_of(path: Path, visitor: Visitor) -> int:
    """Rows in a file of a fact that are the visitor's, or another's in the visitor's session."""
    told = (pc.or_(is_visitors(batch, visitor), is_person(batch, visitor)) for batch in read_batches(path))
    return sum(int(pc.sum(rows).as_py() or 0) for rows in told)


def is_visitors(batch: pa.RecordBatch, visitor: Visitor) -> pa.BooleanArray:
    """Which rows of a fact the visitor owns; in files of before revision 0021 `visitor` is the owner."""
    owner = batch.column("visitor")
    if "user_hash" in batch.schema.names:
        owner = pc.coalesce(batch.column("user_hash"), owner)
    return pc.fill_null(pc.equal(owner, str(visitor.hash)), False)


def is_person(batch: pa.RecordBatch, visitor: Visitor) -> pa.BooleanArray:
    """Which rows of a fact have the visitor as their session's person."""
    if "person" not in batch.schema.names:
        return pa.array([False] * batch.num_rows, pa.bool_())
    return pc.fill_null(pc.equal(batch.column("person"), str(visitor.hash)), False)
