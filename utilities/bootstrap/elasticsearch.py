"""The index template, and the two users where the server keeps users itself (the local one has them in files)."""

import json
from typing import Any

import yaml
from elasticsearch import ApiError, AuthenticationException, Elasticsearch, TransportError

from config.errors import AccessError, UnavailableError
from config.settings import PROJECT_ROOT, ElasticsearchSettings
from utilities.local_servers.settings import SecretSettings

CONFIGURATION = PROJECT_ROOT / "config" / "elasticsearch"
SUPERUSER = "elastic"
USERS = {"indexer": "elasticsearch_indexer_password", "reader": "elasticsearch_reader_password"}


def prepare_elasticsearch(secrets: SecretSettings) -> None:
    """Create what is missing of the users, and put the index template."""
    settings = ElasticsearchSettings.load()
    address = f"http://{settings.elasticsearch_host}:{settings.elasticsearch_port}"
    try:
        with _client(address, SUPERUSER, secrets.reveal("elasticsearch_elastic_password")) as client:
            _ensure_users(client, address, secrets)
            template: dict[str, Any] = json.loads((CONFIGURATION / "index-template.json").read_text())
            client.indices.put_index_template(name=settings.elasticsearch_alias, **template)
    except AuthenticationException:
        raise AccessError(
            f"Elasticsearch at {address} refuses user {SUPERUSER}: ELASTICSEARCH_ELASTIC_PASSWORD is not the one its"
            " data was created with"
        ) from None
    except (ApiError, TransportError) as error:
        raise UnavailableError(f"Elasticsearch at {address}: {error}") from error


def _client(address: str, user: str, password: str) -> Elasticsearch:
    return Elasticsearch(address, basic_auth=(user, password), request_timeout=30)


def _ensure_users(client: Elasticsearch, address: str, secrets: SecretSettings) -> None:
    roles = yaml.safe_load((CONFIGURATION / "roles.yml").read_text())
    for user, secret in USERS.items():
        password = secrets.reveal(secret)
        try:
            with _client(address, user, password) as own:
                own.security.authenticate()
        except AuthenticationException:
            client.security.put_role(name=user, **roles[user])
            client.security.put_user(username=user, password=password, roles=[user])
