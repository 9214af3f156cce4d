"""The operator's connection to Elasticsearch."""

from collections.abc import Iterator
from contextlib import contextmanager

from elasticsearch import ApiError, AuthenticationException, AuthorizationException, Elasticsearch, TransportError
from pydantic import SecretStr

from config.errors import AccessError, UnavailableError
from config.settings import ElasticsearchSettings, whether_it_runs
from kafka.sinks.elasticsearch import reason_of


@contextmanager
def search_client(settings: ElasticsearchSettings, user: str, password: SecretStr) -> Iterator[Elasticsearch]:
    """A client; what it raises becomes AccessError or UnavailableError as one line."""
    address, login = settings.elasticsearch_url, (user, password.get_secret_value())
    try:
        with Elasticsearch(
            address, **settings.elasticsearch_tls_options, basic_auth=login, request_timeout=60
        ) as client:
            yield client
    except AuthenticationException as error:
        variable = settings.variable_of(password)
        raise AccessError(f"Elasticsearch at {address} refuses user {user}: check {variable}") from error
    except AuthorizationException as error:
        raise AccessError(f"Elasticsearch at {address} refuses user {user} a permission: {error}") from error
    except ApiError as error:
        raise UnavailableError(f"Elasticsearch at {address} does not do it: {error}") from error
    except TransportError as error:
        look = whether_it_runs(settings.elasticsearch_host, "elasticsearch")
        raise UnavailableError(f"Elasticsearch at {address} does not answer; {look} ({reason_of(error)})") from error
