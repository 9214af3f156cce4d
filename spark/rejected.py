"""Rejected events with their originals, read a second time, for few are; and how they expire."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
import pyarrow as pa

from config.settings import PROJECT_ROOT
from kafka.position import bus_position
from kafka.scrubbing.scrub import scrubbed_text
from spark.event_text import masked_json
from spark.raw_store import RawStore

logger = logging.getLogger(__name__)

EXPIRY = PROJECT_ROOT / "sql" / "expire" / "010_rejected_event.sql"
REJECTED_EVENT = pa.schema(
    [
        ("bus_topic", pa.string()),
        ("bus_partition", pa.int32()),
        ("bus_offset", pa.int64()),
        ("rule", pa.string()),
        ("field", pa.string()),
        ("value", pa.string()),
        ("kind", pa.string()),
        ("event_date", pa.date32()),
        ("original", pa.string()),
    ]
)


@dataclass(frozen=True)
class Originals:
    """Where rejected events are read again, and the key that their users are hashed with."""

    store: RawStore
    hash_key: bytes

    def at(self, places: Sequence[tuple[str, int, int]]) -> list[str]:
        """The masked event of each position."""
        keys = [bus_position(*place) for place in places]
        events = {row["_id"]: row.get("event") for rows in self.store.documents_at(keys) for row in rows}
        return [masked_json(events.get(key), self.hash_key) for key in keys]

    def added(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rejected events as REJECTED_EVENT, both value and original scrubbed."""
        rows = batch.to_pylist()
        places = [(row["bus_topic"], row["bus_partition"], row["bus_offset"]) for row in rows]
        values = pa.array([row["value"] and scrubbed_text(row["value"]) for row in rows], type=pa.string())
        originals = pa.array(self.at(places), type=pa.string())
        with_values = batch.set_column(batch.schema.get_field_index("value"), "value", values)
        return pa.RecordBatch.from_arrays([*with_values.columns, originals], names=REJECTED_EVENT.names)


def expire_rejected_events(connection: psycopg.Connection, days: int) -> None:
    """Empty what was rejected more than `days` days ago, in the caller's transaction."""
    emptied = connection.execute(EXPIRY.read_text(encoding="utf-8").encode(), {"days": days}).rowcount
    if emptied:
        logger.info("rejected events emptied, which are older than REJECTED_EVENT_DAYS events=%d", emptied)
