"""Documents of Elasticsearch by event id or by position."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from config.operator_logins import SearchReaderSettings
from utilities.stores.search import search_client

LONGEST_ANSWER = 100
IDS_PER_QUERY = 1_000


@dataclass(frozen=True)
class SearchDocument:
    """One hit: the index that holds it, its `_id` (the bus position as text) and its source."""

    index: str
    id: str
    source: dict[str, Any]


def documents_of_event(settings: SearchReaderSettings, topic: str, spellings: Sequence[str]) -> list[SearchDocument]:
    """Up to LONGEST_ANSWER documents of a topic whose `event_id` is spelled in one of these ways, by position."""
    password = settings.elasticsearch_reader_password.get_secret_value()
    conditions = [{"term": {"kafka.topic": topic}}, {"terms": {"event_id": list(spellings)}}]
    with search_client(settings, settings.elasticsearch_reader_user, password) as client:
        return hits(client, settings.elasticsearch_alias, {"bool": {"filter": conditions}}, LONGEST_ANSWER)


def document_at(settings: SearchReaderSettings, position: str) -> SearchDocument | None:
    """The document of one position; None where there is none."""
    password = settings.elasticsearch_reader_password.get_secret_value()
    with search_client(settings, settings.elasticsearch_reader_user, password) as client:
        return next(iter(hits(client, settings.elasticsearch_alias, {"ids": {"values": [position]}}, 1)), None)


def hits(client: Elasticsearch, alias: str, query: dict[str, Any], size: int) -> list[SearchDocument]:
    """The first `size` documents that fit, in order of partition and offset; none where there is no index yet."""
    found = client.search(
        index=alias,
        query=query,
        size=size,
        sort=[{"kafka.partition": {"order": "asc", "unmapped_type": "integer"}}, "kafka.offset"],
        ignore_unavailable=True,
    )
    return [SearchDocument(hit["_index"], hit["_id"], hit["_source"]) for hit in found["hits"]["hits"]]
