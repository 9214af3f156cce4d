"""Documents of Elasticsearch by event id or by position."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from config.operator_logins import SearchReaderSettings
from config.settings import ElasticsearchSettings
from kafka.position import BusPosition, bus_position, parse_position
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
    conditions = [{"term": {"kafka.topic": topic}}, {"terms": {"event_id": list(spellings)}}]
    with search_client(settings, settings.elasticsearch_reader_user, settings.elasticsearch_reader_password) as client:
        return hits(client, settings.elasticsearch_alias, {"bool": {"filter": conditions}}, LONGEST_ANSWER)


def document_at(settings: SearchReaderSettings, position: str) -> SearchDocument | None:
    """The document of one position; None where there is none."""
    with search_client(settings, settings.elasticsearch_reader_user, settings.elasticsearch_reader_password) as client:
        return next(iter(hits(client, settings.elasticsearch_alias, {"ids": {"values": [position]}}, 1)), None)


def indexed_among(
    settings: SearchReaderSettings,
    positions: Collection[BusPosition],
    alias: str = ElasticsearchSettings.elasticsearch_alias,
) -> set[BusPosition]:
    """Which of these positions have a document, of those visible to searches."""
    ids = [bus_position(*position) for position in positions]
    found: set[BusPosition] = set()
    with search_client(settings, settings.elasticsearch_reader_user, settings.elasticsearch_reader_password) as client:
        for first in range(0, len(ids), IDS_PER_QUERY):
            answer = client.search(
                index=alias,
                query={"ids": {"values": ids[first : first + IDS_PER_QUERY]}},
                size=IDS_PER_QUERY,
                source=False,
                ignore_unavailable=True,
            )
            found.update(parse_position(hit["_id"]) for hit in answer["hits"]["hits"])
    return found


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
