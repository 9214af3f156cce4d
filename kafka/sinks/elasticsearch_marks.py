"""How far each partition is indexed: one document a partition, in an index of its own beside those of the events.

    {_id: "topic:00002", topic, partition, next_offset, topic_id, leader_epoch, skipped, kept_at}

Fields match `config/elasticsearch/progress-index.json`. Read by `_id`, which needs no refresh.
"""

import time
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from config.errors import TerminalError, UnavailableError
from kafka.position import partition_key
from kafka.sinks.sink import BusLog, StoreMark
from kafka.sinks.store_marks import raised, refuse_another_log

PROGRESS_INDEX = "millrace-indexer-progress"
MOST_PARTITIONS = 10_000
_CONFLICT, _REFUSED = 409, 400

Place = dict[str, int]
"""The version of a document that is to be replaced: `if_seq_no`, `if_primary_term`."""


class ElasticsearchMarks:
    """Reads and raises the marks; errors of the client are the caller's to explain."""

    def __init__(self, client: Elasticsearch, address: str) -> None:
        self._client = client
        self._where = f"Elasticsearch index {PROGRESS_INDEX} at {address}"

    def read(self, log: BusLog) -> dict[int, StoreMark]:
        """The mark of each partition of the topic; raises TerminalError where the index is missing."""
        return {kept["partition"]: _mark(kept) for kept in self._search({"term": {"topic": log.topic}})}

    def read_all(self) -> dict[tuple[str, int], StoreMark]:
        """As `read`, of every topic that was indexed: by topic and partition."""
        return {(kept["topic"], kept["partition"]): _mark(kept) for kept in self._search({"match_all": {}})}

    def keep(self, log: BusLog, reached: dict[int, StoreMark]) -> None:
        """Raise the marks; UnavailableError where another process did so in between: to be done again."""
        if not reached:
            return
        kept = self._kept(log, reached)
        refuse_another_log(log, (mark for mark, _ in kept.values()), self._where)
        operations: list[dict[str, Any]] = []
        for partition, mark in reached.items():
            before, place = kept.get(partition, (None, None))
            action: dict[str, Any] = {"_id": partition_key(log.topic, partition)}
            operations.append({"index": {**action, **place}} if place else {"create": action})
            operations.append(_document(log.topic, partition, raised(before, mark)))
        reply = self._client.bulk(index=PROGRESS_INDEX, operations=operations)
        for item in reply["items"]:
            (outcome,) = item.values()
            if outcome["status"] == _CONFLICT:
                raise UnavailableError(f"{self._where} is being written by another indexer")
            if outcome["status"] >= _REFUSED:
                raise UnavailableError(f"keeping progress in {self._where} failed: {outcome['error']}")

    def _search(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            self._client.indices.refresh(index=PROGRESS_INDEX)
            found = self._client.search(index=PROGRESS_INDEX, query=query, size=MOST_PARTITIONS)
        except NotFoundError as error:
            raise self._missing() from error
        return [hit["_source"] for hit in found["hits"]["hits"]]

    def _kept(self, log: BusLog, partitions: dict[int, StoreMark]) -> dict[int, tuple[StoreMark, Place]]:
        keys = [partition_key(log.topic, partition) for partition in partitions]
        found = self._client.mget(index=PROGRESS_INDEX, ids=keys)
        kept = {}
        for document in found["docs"]:
            if "error" in document:
                raise UnavailableError(f"reading progress from {self._where} failed: {document['error']}")
            if document["found"]:
                place = {"if_seq_no": document["_seq_no"], "if_primary_term": document["_primary_term"]}
                kept[document["_source"]["partition"]] = (_mark(document["_source"]), place)
        return kept

    def _missing(self) -> TerminalError:
        return TerminalError(f"there is no {self._where}; ./millrace up puts it there (python -m utilities.bootstrap)")


def _mark(source: dict[str, Any]) -> StoreMark:
    return StoreMark(source["next_offset"], source["topic_id"], source.get("leader_epoch"), source["skipped"])


def _document(topic: str, partition: int, mark: StoreMark) -> dict[str, Any]:
    return {
        "topic": topic,
        "partition": partition,
        "next_offset": mark.next_offset,
        "topic_id": mark.topic_id,
        "leader_epoch": mark.leader_epoch,
        "skipped": mark.skipped,
        "kept_at": int(time.time() * 1000),
    }
