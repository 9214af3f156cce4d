"""The index template, the index of the indexer's progress, and the users where the server keeps users itself.

The local server has them in files.
"""

import json
from typing import Any

import yaml
from elasticsearch import ApiError, AuthenticationException, Elasticsearch, TransportError

from config.errors import AccessError, UnavailableError
from config.secret_settings import SecretSettings
from config.settings import PROJECT_ROOT, ElasticsearchSettings
from kafka.elasticsearch_marks import PROGRESS_INDEX

CONFIGURATION = PROJECT_ROOT / "config" / "elasticsearch"
SUPERUSER = "elastic"
KIBANA = "kibana_system"
USERS = {user: f"elasticsearch_{user}_password" for user in ("indexer", "reader", "operator")}


def prepare_elasticsearch(secrets: SecretSettings) -> None:
    """Create what is missing of the users and of the index of progress; put the roles and the index template."""
    settings = ElasticsearchSettings.load()
    address = settings.elasticsearch_url
    try:
        with _client(settings, SUPERUSER, secrets.reveal("elasticsearch_elastic_password")) as client:
            _ensure_users(client, settings, secrets)
            template: dict[str, Any] = json.loads((CONFIGURATION / "index-template.json").read_text())
            client.indices.put_index_template(name=settings.elasticsearch_alias, **template)
            if not client.indices.exists(index=PROGRESS_INDEX):
                progress: dict[str, Any] = json.loads((CONFIGURATION / "progress-index.json").read_text())
                client.indices.create(index=PROGRESS_INDEX, **progress)
    except AuthenticationException:
        raise AccessError(
            f"Elasticsearch at {address} refuses user {SUPERUSER}: ELASTICSEARCH_ELASTIC_PASSWORD is not the one its"
            " data was created with"
        ) from None
    except (ApiError, TransportError) as error:
        raise UnavailableError(f"Elasticsearch at {address}: {error}") from error


def _client(settings: ElasticsearchSettings, user: str, password: str) -> Elasticsearch:
    options = settings.elasticsearch_tls_options
    return Elasticsearch(settings.elasticsearch_url, **options, basic_auth=(user, password), request_timeout=30)


def _ensure_users(client: Elasticsearch, settings: ElasticsearchSettings, secrets: SecretSettings) -> None:
    roles = yaml.safe_load((CONFIGURATION / "roles.yml").read_text())
    for user, secret in USERS.items():
        password = secrets.reveal(secret)
        realm = _realm(settings, user, password)
        if realm == "file":
            # The local server, which has no Kibana beside it and cannot keep users itself.
            return
        # Always: a role of an earlier version may not do all that this one needs.
        client.security.put_role(name=user, **roles[user])
        if realm is None:
            client.security.put_user(username=user, password=password, roles=[user])
    password = secrets.reveal("elasticsearch_kibana_password")
    if _realm(settings, KIBANA, password) is None:
        client.security.change_password(username=KIBANA, password=password)


def _realm(settings: ElasticsearchSettings, user: str, password: str) -> str | None:
    """Type of the realm that accepts the login, such as `file` or `native`; None where none does."""
    try:
        with _client(settings, user, password) as own:
            return str(own.security.authenticate()["authentication_realm"]["type"])
    except AuthenticationException:
        return None
