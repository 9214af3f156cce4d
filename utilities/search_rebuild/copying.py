"""Documents for the new indices: of MongoDB's raw events, and of events that only the former indices still have.

Those are what the landing refused and the indexer did not, what `./millrace retention` has removed from MongoDB, and
what the indexer has read before the landing. A stretch of offsets may be written again: ids stay the bus's positions.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan, streaming_bulk

from config.errors import UnavailableError
from kafka.dead_letter_reasons import elasticsearch_words, refused_by_elasticsearch
from kafka.position import bus_position, parse_position
from kafka.sinks.event_document import Documents, erased_document, index_name, month_of
from utilities.search_rebuild.checkpoints import Progress
from utilities.search_rebuild.months import NewMonths
from utilities.stores.raw_store import RawStore, TopicPartition

OFFSETS_PER_STRETCH = 2_000
IDS_PER_REQUEST = 1_000
BULK_BYTES = 8 * 1024 * 1024
ERASED = {"bool": {"must_not": {"exists": {"field": "@timestamp"}}}}
"""What an erased document has no more; the time of its erasing is not indexed."""

Action = tuple[str, str, dict[str, Any]]
"""The month that a document belongs to, its id and itself."""


class Copying:
    """Fills the new months of one alias."""

    def __init__(
        self,
        client: Elasticsearch,
        alias: str,
        store: RawStore,
        months: NewMonths,
        documents: Documents,
        key: bytes,
        indexed_at_ms: int,
    ) -> None:
        self._client = client
        self._alias = alias
        self._store = store
        self._months = months
        self._documents = documents
        self._key = key
        self._indexed_at_ms = indexed_at_ms

    def stretch(self, place: TopicPartition, since: int, until: int) -> Progress:
        """Copy the offsets from `since` to below `until`, `OFFSETS_PER_STRETCH` at most; what was counted."""
        raw = list(self._raw(place, since, until))
        known = {row["_id"] for row in raw}
        missing = [each for each in self._ids_of_former(place, since, until) if each not in known]
        made = [self._of_raw(row) for row in raw]
        kept = [self._of_former(hit) for hit in self._former(missing)]
        refused = self._write([*made, *kept])
        return Progress(until, len(made), len(kept), refused)

    def next_offset(self, place: TopicPartition, since: int, until: int) -> int:
        """The first offset from `since` that MongoDB or the former indices have; `until` where there is none below."""
        found = self._store.collection.find_one({"_id": _range(place, since, until)}, {"_id": 1}, sort=[("_id", 1)])
        first = until if found is None else parse_position(found["_id"]).offset
        query = of_partition(place, since, first)
        hits = self._search(query=query, sort="kafka.offset", size=1)
        return min([first, *(parse_position(hit["_id"]).offset for hit in hits)])

    def erase(self) -> int:
        """What was erased in the former indices, and was copied before that, is erased in the new ones; how many."""
        erased = scan(self._client, index=self._alias, query={"query": ERASED}, ignore_unavailable=True)
        stored = {hit["_id"]: hit["_source"] for hit in erased}
        ids, changed = list(stored), 0
        for first in range(0, len(ids), IDS_PER_REQUEST):
            some = {"bool": {"filter": {"ids": {"values": ids[first : first + IDS_PER_REQUEST]}}, "must_not": ERASED}}
            hits = self._client.search(index=self._months.pattern, query=some, source=False, size=IDS_PER_REQUEST)
            found = [(month_of(hit["_index"]), hit["_id"], stored[hit["_id"]]) for hit in hits["hits"]["hits"]]
            self._write(found)
            changed += len(found)
        return changed

    def _raw(self, place: TopicPartition, since: int, until: int) -> Iterator[dict[str, Any]]:
        fields = {"event": 1, "kafka.timestamp": 1, "erased_at": 1}
        return self._store.find({"_id": _range(place, since, until)}, fields)

    def _ids_of_former(self, place: TopicPartition, since: int, until: int) -> list[str]:
        hits = self._search(query=of_partition(place, since, until), size=2 * OFFSETS_PER_STRETCH, source=False)
        return [hit["_id"] for hit in hits]

    def _former(self, ids: list[str]) -> list[Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for first in range(0, len(ids), IDS_PER_REQUEST):
            some = ids[first : first + IDS_PER_REQUEST]
            for hit in self._search(query={"ids": {"values": some}}, size=2 * IDS_PER_REQUEST):
                found[hit["_id"]] = hit
        return list(found.values())

    def _search(self, **options: Any) -> list[Mapping[str, Any]]:
        reply = self._client.search(index=self._alias, ignore_unavailable=True, **options)
        return list(reply["hits"]["hits"])

    def _of_raw(self, row: Mapping[str, Any]) -> Action:
        position = parse_position(row["_id"])
        timestamp = max(int((row.get("kafka") or {}).get("timestamp") or 0), 0)
        event = row.get("event") or {}
        time_ms = self._documents.time_ms(event, timestamp)
        month = index_name(self._alias, time_ms)
        if isinstance(erased_at := row.get("erased_at"), datetime):
            return month, row["_id"], erased_document(position._asdict(), int(erased_at.timestamp() * 1000))
        bus = {**position._asdict(), "timestamp": timestamp}
        return month, row["_id"], self._documents.document(event, time_ms, bus, self._indexed_at_ms, self._key)

    def _of_former(self, hit: Mapping[str, Any]) -> Action:
        """By the rules of today, as `./millrace reindex` rewrites it; its month stays."""
        stored, month = hit["_source"], month_of(hit["_index"])
        if "event" not in stored:
            return month, hit["_id"], stored
        times = stored["@timestamp"], stored["kafka"], stored["indexed_at"]
        return month, hit["_id"], self._documents.document(stored["event"], *times, self._key)

    def _write(self, documents: list[Action]) -> int:
        """Write documents over what is there; how many Elasticsearch refuses for what they are."""
        actions = (
            {"_op_type": "index", "_index": self._months.place(month), "_id": each, "_source": document}
            for month, each, document in documents
        )
        refused = 0
        for is_written, outcome in streaming_bulk(
            self._client, actions, max_chunk_bytes=BULK_BYTES, raise_on_error=False, chunk_size=IDS_PER_REQUEST
        ):
            if is_written:
                continue
            told = outcome["index"]
            if refused_by_elasticsearch(told["status"], told.get("error") or {}) is None:
                words = elasticsearch_words(told.get("error") or {})
                raise UnavailableError(f"Elasticsearch does not take documents of {self._alias}: {words}")
            refused += 1
        return refused


def of_partition(place: TopicPartition, since: int, until: int | None = None) -> dict[str, Any]:
    """A query for the documents of a partition with an offset from `since`, and below `until` where there is one."""
    bounds = {"gte": since} | ({} if until is None else {"lt": until})
    conditions = [{"term": {"kafka.topic": place[0]}}, {"term": {"kafka.partition": place[1]}}]
    return {"bool": {"filter": [*conditions, {"range": {"kafka.offset": bounds}}]}}


def _range(place: TopicPartition, since: int, until: int) -> dict[str, str]:
    return {"$gte": bus_position(*place, since), "$lt": bus_position(*place, until)}
