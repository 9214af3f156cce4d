"""Documents of Elasticsearch by event id or by position."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, AuthenticationException, AuthorizationException, Elasticsearch, TransportError

from config.errors import AccessError, UnavailableError
from config.operator_logins import SearchReaderSettings
from config.settings import ElasticsearchSettings

LONGEST_ANSWER = 100
IDS_PER_QUERY = 1_000


@dataclass(frozen=True)
class SearchDocument:
    """One hit: the index that holds it, its `_id` (the bus position as text) and its source."""

    index: str
    id: str
    source: dict[str, Any]


@contextmanager
def search_client(settings: ElasticsearchSettings, user: str, password: str) -> Iterator[Elasticsearch]:
    """A client; what it raises becomes AccessError or UnavailableError as one line."""
    address, login = settings.elasticsearch_url, (user, password)
    try:
        with Elasticsearch(
            address, **settings.elasticsearch_tls_options, basic_auth=login, request_timeout=60
        ) as client:
            yield client
    except (AuthenticationException, AuthorizationException) as error:
        raise AccessError(f"Elasticsearch at {address} refuses user {user}: {error.message}") from error
    except (ApiError, TransportError) as error:
        raise UnavailableError(f"Elasticsearch at {address} does not answer: {error}") from error


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
