"""The operator's connection to Elasticsearch."""

from collections.abc import Iterator
from contextlib import contextmanager

from elasticsearch import ApiError, AuthenticationException, AuthorizationException, Elasticsearch, TransportError

from config.errors import AccessError, UnavailableError
from config.settings import ElasticsearchSettings


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
