"""Taking a visitor's events out of the stores that other stages fill: the position stays, the event goes.

An erased document keeps its `_id`, so it still counts where records are counted, and neither the landing nor the
indexer can bring the event back from the bus: to both it is stored already. Each step may be repeated.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from elasticsearch import Elasticsearch
from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from config.errors import UnavailableError
from config.kafka_client import ClientConfig
from kafka.dead_letters.index import DeadLetterIndex
from kafka.dead_letters.letter import ERASED, EXPIRED, PENDING, DeadLetter, without_record
from kafka.position import BusPosition, bus_position
from kafka.sinks.event_document import erased_document, index_name, month_of
from utilities.erasure.find import Archive, BusRecord, IndexedDocument, is_person, is_visitors
from utilities.erasure.visitor import Visitor
from utilities.retention.month_archive import PARTIAL, ArchivedFile, ArchiveError, read_batches, write_proven
from utilities.stores.dead_letters import rewrite_dead_letters
from utilities.stores.raw_store import RawStore, TopicPartition, raw_store_error

DOCUMENTS_PER_REQUEST = 1_000


def erase_raw(store: RawStore, positions: Iterable[BusPosition], bus: Mapping[BusPosition, BusRecord]) -> None:
    """Empty the landed documents, and store empty ones for records that have not landed yet."""
    reached = store.landed_until()
    now = datetime.now(UTC)
    updates: list[UpdateOne] = []
    for position in positions:
        record = bus.get(position)
        is_event = record is not None and record.index_time_ms is not None
        is_to_come = is_event and position.offset >= reached.get((position.topic, position.partition), 0)
        on_insert = {"kafka.timestamp": record.timestamp_ms, "landed_at": now} if record and is_to_come else {}
        empty: dict[str, Any] = {"event": {}, "kafka.key": None, "kafka.headers": None, "erased_at": now}
        change = {"$set": empty, **({"$setOnInsert": on_insert} if on_insert else {})}
        updates.append(UpdateOne({"_id": bus_position(*position)}, change, upsert=is_to_come))
    try:
        for first in range(0, len(updates), DOCUMENTS_PER_REQUEST):
            store.collection.bulk_write(updates[first : first + DOCUMENTS_PER_REQUEST], ordered=False)
    except PyMongoError as error:
        raise raw_store_error(store.address, error) from error


def erase_indexed(
    client: Elasticsearch,
    alias: str,
    indexed: Mapping[BusPosition, IndexedDocument],
    bus: Mapping[BusPosition, BusRecord],
    indexed_until: Mapping[TopicPartition, int],
) -> None:
    """Overwrite the indexed documents, and index empty ones for records that the indexer has not reached."""
    to_come = {
        position: index_name(alias, record.index_time_ms)
        for position, record in bus.items()
        if record.index_time_ms is not None
        and position not in indexed
        and position.offset >= indexed_until.get((position.topic, position.partition), 0)
    }
    now = int(datetime.now(UTC).timestamp() * 1000)
    lines: list[Any] = []
    places = {**to_come, **{position: month_of(document.index) for position, document in indexed.items()}}
    for position, index in places.items():
        lines.append(orjson.dumps({"index": {"_index": index, "_id": bus_position(*position)}}))
        lines.append(orjson.dumps(erased_document(position._asdict(), now)))
    for first in range(0, len(lines), 2 * DOCUMENTS_PER_REQUEST):
        reply = client.bulk(operations=lines[first : first + 2 * DOCUMENTS_PER_REQUEST])
        refused = [item["index"] for item in reply["items"] if item["index"]["status"] >= 300]
        if refused:
            raise UnavailableError(f"Elasticsearch did not erase {len(refused)} documents: {refused[0].get('error')}")
    if lines:
        client.indices.forcemerge(index=sorted(set(places.values())), only_expunge_deletes=True)


def erase_dead_letters(config: ClientConfig, topic: str, visitor: Visitor) -> None:
    """Write every dead letter again, the visitor's without key, bytes and headers."""
    rewrite_dead_letters(config, topic, partial(as_kept, visitor=visitor), "erasing")


def as_kept(letter: DeadLetter, index: DeadLetterIndex, visitor: Visitor) -> DeadLetter:
    """What is written of a letter's newest record: with the status that counts, and without what is to be forgotten."""
    status = index.status(letter.origin)
    if status == ERASED or visitor.owns_record(letter.key, letter.value):
        return without_record(letter)
    if status == EXPIRED:
        return without_record(letter, EXPIRED)
    return letter if status == PENDING else replace(letter, status=status)


def erase_archived(archive: Archive, visitor: Visitor) -> ArchivedFile | None:
    """Write a Parquet file in the place of the file; None where it was no archive yet.

    It is without the visitor's rows, and without the visitor as the person of others' rows, who become their devices.
    What was no archive yet is deleted: whoever was writing it has ended, for both hold the lock of the ETL's runs.
    """
    if archive.path.suffix == PARTIAL:
        try:
            archive.path.unlink()
        except OSError as error:
            raise ArchiveError(f"{archive.path} cannot be deleted: {error.strerror}") from error
        return None
    batches = (_without(batch, visitor) for batch in read_batches(archive.path))
    schema = pa.parquet.read_schema(archive.path)
    return write_proven(archive.path, archive.table, archive.month, schema, batches)


def _without(batch: pa.RecordBatch, visitor: Visitor) -> pa.RecordBatch:
    kept = batch.filter(pc.invert(is_visitors(batch, visitor)))
    if "person" not in kept.schema.names:
        return kept
    person = pc.if_else(is_person(kept, visitor), kept.column("visitor"), kept.column("person"))
    return kept.set_column(kept.schema.get_field_index("person"), kept.schema.field("person"), person)
