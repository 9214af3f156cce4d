"""Documents of Elasticsearch made anew by the rules of today, each from the event that it holds as sent."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import orjson
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from config.errors import UnavailableError
from kafka.progress import ProgressReport
from kafka.sinks.event_document import Documents, EventDocuments, month_of

DOCUMENTS_PER_REQUEST = 1_000
WRITTEN_SINCE = 409
"""Somebody else has written the document since it was read: whoever erases, and who must not be undone."""


def rewrite_documents(
    client: Elasticsearch, alias: str, key: bytes, documents: Documents | None = None
) -> tuple[int, int]:
    """Rewrite what today's rules make otherwise; how many documents were read and how many written.

    `key` is FORGOTTEN_KEY, `documents` what makes the feed's, by default the main feed's. The month of a document, and
    when it was indexed, stay. Raises UnavailableError where a document is refused, and what the client raises.
    """
    client.indices.refresh(index=alias, ignore_unavailable=True)
    total = int(client.count(index=alias, ignore_unavailable=True)["count"])
    read = rewritten = 0
    with ProgressReport("reindexing", total) as progress:
        hits = scan(client, index=alias, size=DOCUMENTS_PER_REQUEST, ignore_unavailable=True, seq_no_primary_term=True)
        while some := list(islice(hits, DOCUMENTS_PER_REQUEST)):
            rewritten += _write(client, list(_changes(some, key, documents or EventDocuments())))
            read += len(some)
            progress.update(read, max(total - read, 0))
    return read, rewritten


def _changes(hits: Sequence[Mapping[str, Any]], key: bytes, documents: Documents) -> Iterator[bytes]:
    """Action and document of each hit that would be indexed otherwise; what was erased holds no event."""
    for hit in hits:
        stored = hit["_source"]
        if "event" not in stored:
            continue
        fresh = documents.document(stored["event"], stored["@timestamp"], stored["kafka"], stored["indexed_at"], key)
        if fresh != stored:
            place = {"_index": month_of(hit["_index"]), "_id": hit["_id"]}
            read_at = {"if_seq_no": hit["_seq_no"], "if_primary_term": hit["_primary_term"]}
            yield orjson.dumps({"index": place | read_at})
            yield orjson.dumps(fresh)


def _write(client: Elasticsearch, lines: list[Any]) -> int:
    """Send the lines; how many documents were written."""
    if not lines:
        return 0
    replies = [item["index"] for item in client.bulk(operations=lines)["items"]]
    refused = [reply for reply in replies if reply["status"] >= 300 and reply["status"] != WRITTEN_SINCE]
    if refused:
        raise UnavailableError(f"Elasticsearch did not take {len(refused)} documents: {refused[0].get('error')}")
    return sum(reply["status"] < 300 for reply in replies)
