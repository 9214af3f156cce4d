"""Where a visitor's events are: every store searched, each in its own way.

The warehouse knows positions by the visitor's hash, and they are asked for everywhere. The bus is read whole, record by
record. MongoDB has no index by visitor: the server looks through its documents for the id as text or number.
Elasticsearch is asked for the device, and for the 5 % of events of people who have logged in, whose user ids it does
not index.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
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
from kafka.scrubbing.scrub import MASK
from kafka.sinks.event_document import event_time_ms
from kafka.sinks.sink import StoreMark
from kafka.topics import topic_id
from kafka.visitor import searched_device, searched_identifier
from utilities.erasure.visitor import Visitor
from utilities.retention.month_archive import PARTIAL, ArchiveError, archived_as, read_batches
from utilities.stores.raw_store import IDS_PER_QUERY, RawStore, TopicPartition, raw_store_error

HITS_PER_PAGE = 2_000
CONNECT_SECONDS = 30.0
FILES = "SELECT table_name, month, path, sha256 <> '' FROM etl.archived_file ORDER BY path"
"""Announced before its first byte, a file has no SHA-256 until it is proven and its month removed."""
Archived = tuple[str, date]
"""Table and month."""


@dataclass(frozen=True)
class BusRecord:
    """One record of the visitor, with its own time.

    `index_time_ms` says which monthly index the event belongs to; None where the record is no event but a dead letter.
    """

    timestamp_ms: int
    index_time_ms: int | None


@dataclass(frozen=True)
class IndexedDocument:
    """The index of a document of the visitor, and the time of its record, milliseconds since 1970."""

    index: str
    timestamp_ms: int


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
    refused = RefusedLogin(config)
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


def in_dead_letters(config: ClientConfig, topic: str, visitor: Visitor) -> list[int]:
    """The time of each record of the visitor in a topic of dead letters; one letter may be written several times."""
    letters = read_dead_letters(config, topic)
    return [letter.timestamp_ms for letter in letters if visitor.owns_record(letter.key, letter.value)]


def in_raw_store(store: RawStore, visitor: Visitor, known: Iterable[BusPosition]) -> dict[BusPosition, int]:
    """Landed documents of the visitor, of whatever topic, with the time of their record in milliseconds since 1970.

    `known` are positions that other stores have of the visitor.
    """
    conditions: list[dict[str, Any]] = [{"$regex": f"^({visitor.pattern()})\\z"}]
    if numbers := visitor.numbers():
        conditions.append({"$in": numbers})
    if visitor.may_be_no_text:
        conditions.append({"$type": ["bool", "array", "object"]})
    names = [f"event.{name}" for name in visitor.fields]
    queries: list[dict[str, Any]] = [{"$or": [{name: condition} for name in names for condition in conditions]}]
    queries += [{"_id": {"$in": ids}} for ids in _ids(known, IDS_PER_QUERY)]
    try:
        fields = dict.fromkeys((*names, "kafka.timestamp"), 1)
        documents = (row for query in queries for row in store.find(query, fields))
        return {parse_position(row["_id"]): _time_ms(row) for row in documents if visitor.owns(row.get("event"))}
    except PyMongoError as error:
        raise raw_store_error(store.address, error) from error


def _time_ms(document: Mapping[str, Any]) -> int:
    """The time of the record of a landed or indexed document; -1 where it has none."""
    told = (document.get("kafka") or {}).get("timestamp")
    return -1 if told is None else int(told)


def other_raw_stores(store: RawStore) -> list[RawStore]:
    """The other collections of the database that were landed into; raises what `raw_store_error` makes of a refusal."""
    try:
        return store.others()
    except PyMongoError as error:
        raise raw_store_error(store.address, error) from error


def landing_marks(stores: Iterable[RawStore]) -> list[dict[TopicPartition, StoreMark]]:
    """What each collection keeps of how far its landing is; raises as `other_raw_stores`."""
    marks = []
    for store in stores:
        try:
            marks.append(store.marks())
        except PyMongoError as error:
            raise raw_store_error(store.address, error) from error
    return marks


def in_search(
    client: Elasticsearch,
    alias: str,
    topics: Iterable[str],
    visitor: Visitor,
    known: Iterable[BusPosition],
    key: bytes,
) -> dict[BusPosition, IndexedDocument]:
    """Each of the visitor's documents; `known` are positions that other stores have of the visitor.

    `key` is FORGOTTEN_KEY, under which documents have their devices.
    """
    client.indices.refresh(index=alias, ignore_unavailable=True)
    of_topics = {"terms": {"kafka.topic": sorted(topics)}}
    queries: list[dict[str, Any]] = [
        {"bool": {"filter": of_topics, "should": _search_conditions(visitor, key), "minimum_should_match": 1}}
    ]
    queries += [{"ids": {"values": ids}} for ids in _ids(known, HITS_PER_PAGE)]
    found = {}
    for query in queries:
        source = [*(f"event.{name}" for name in visitor.fields), "kafka.timestamp"]
        pages = scan(
            client, query={"query": query, "_source": source}, index=alias, size=HITS_PER_PAGE, ignore_unavailable=True
        )
        for hit in pages:
            if visitor.owns(hit["_source"].get("event")):
                found[parse_position(hit["_id"])] = IndexedDocument(str(hit["_index"]), _time_ms(hit["_source"]))
    return found


def _search_conditions(visitor: Visitor, key: bytes) -> list[dict[str, Any]]:
    """Of indexed fields: the device's hash; of a declared feed the person's.

    In documents that `./millrace reindex` has not reached since devices are hashed, the device id as sent, unless it is
    too long (`ignore_above`), scrubbed or no text.
    """
    if visitor.may_be_no_text:
        return [{"match_all": {}}]
    if visitor.person_field is not None:
        return [{"term": {visitor.person_field: searched_identifier(visitor.identity, key)}}]
    return [
        {"term": {"device_id": searched_device({"device_id": visitor.identity}, key)}},
        {"regexp": {"device_id": {"value": visitor.pattern()}}},
        {"terms": {"device_id": [str(number) for number in visitor.numbers()]}},
        {"term": {"_ignored": "device_id"}},
        {"term": {"device_id": MASK}},
        {"term": {"guest": False}},
    ]


def _ids(positions: Iterable[BusPosition], most: int) -> Iterator[list[str]]:
    ids = [bus_position(*position) for position in positions]
    return (ids[first : first + most] for first in range(0, len(ids), most))


def in_archives(connection: psycopg.Connection, visitor: Visitor) -> list[Archive]:
    """The archived files that hold the visitor, and those that are not where they were written.

    Also what a retention that was killed or refused has left: announced, or beside other archives.
    """
    files, lost = archived_files(connection)
    counted = ((path, named, _rows_left(path, visitor)) for path, named in files.items())
    found = [Archive(*named, path, rows) for path, named, rows in counted if rows]
    found += [Archive(*named, path, None) for path, named in lost.items()]
    return sorted(found, key=lambda archive: archive.path)


def archived_files(connection: psycopg.Connection) -> tuple[dict[Path, Archived], dict[Path, Archived]]:
    """What each file holds that may hold rows of facts, and what those did that are not where they were written."""
    rows = connection.execute(FILES).fetchall()
    noted = [(table, month, Path(name), is_proven) for table, month, name, is_proven in rows]
    beside = (path for directory in {path.parent for _, _, path, _ in noted} for path in directory.glob("fact_*"))
    files = {path: named for path in beside if (named := archived_as(path)) is not None}
    lost = dict[Path, Archived]()
    for table, month, path, is_proven in noted:
        if path.exists():
            files[path] = (table, month)
        # Of a file that was only announced its directory tells whether it was ever there.
        elif is_proven or not path.parent.is_dir():
            lost[path] = (table, month)
    return files, lost


def _rows_left(path: Path, visitor: Visitor) -> int:
    """Rows of the visitor; 1 where the file is no archive yet and cannot be read as one: it may hold any."""
    try:
        return rows_of(path, visitor)
    except ArchiveError:
        if path.suffix != PARTIAL:
            raise
        return 1


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
