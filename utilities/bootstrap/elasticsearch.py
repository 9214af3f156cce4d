"""The index templates, the index of the indexer's progress, and the users, where the server keeps users itself.

The local server has them in files.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from elasticsearch import ApiError, AuthenticationException, Elasticsearch, TransportError

from config.errors import AccessError, UnavailableError
from config.principals import ElasticsearchPrincipals
from config.secret_settings import SecretSettings
from config.settings import PROJECT_ROOT, ElasticsearchSettings
from kafka.feeds.declaration import feeds_beside_main, load_feeds
from kafka.feeds.search import template
from kafka.sinks.elasticsearch_marks import PROGRESS_INDEX
from spark.live.metrics_settings import MetricsIndexSettings
from utilities.bootstrap.lifecycle import apply_lifecycle, retention_of
from utilities.stores.search_access import allow_new_indices, application_roles, with_feeds

logger = logging.getLogger(__name__)

CONFIGURATION = PROJECT_ROOT / "config" / "elasticsearch"
METRICS_ALIAS = MetricsIndexSettings.metrics_alias
SUPERUSER = "elastic"
KIBANA = "kibana_system"
APPLICATIONS = ("indexer", "reader", "operator", "stream")
"""Roles of roles.yml; each user has one."""
ANALYST = "analyst"
MARK = {"millrace": True}
FIELD_SECURITY_LICENCES = {"platinum", "enterprise", "trial"}
"""That include field-level security (https://www.elastic.co/subscriptions)."""


def prepare_elasticsearch(secrets: SecretSettings) -> None:
    """Create what is missing of the users and of the index of progress; put the roles and the index templates."""
    settings = ElasticsearchSettings.load()
    address = settings.elasticsearch_url
    try:
        with _client(settings, SUPERUSER, secrets.reveal("elasticsearch_elastic_password")) as client:
            _ensure_users(client, settings, secrets)
            main: dict[str, Any] = json.loads((CONFIGURATION / "index-template.json").read_text())
            client.indices.put_index_template(name=settings.elasticsearch_alias, **main)
            feeds = feeds_beside_main()
            for feed in feeds:
                client.indices.put_index_template(name=feed.index, **template(feed))
            metrics: dict[str, Any] = json.loads((CONFIGURATION / f"{METRICS_ALIAS}-template.json").read_text())
            client.indices.put_index_template(name=METRICS_ALIAS, **metrics)
            kept = retention_of(list(load_feeds().values()), settings.elasticsearch_alias, METRICS_ALIAS)
            apply_lifecycle(client, kept)
            allow_new_indices(client, feeds)
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
    roles = application_roles(feeds_beside_main())
    names = ElasticsearchPrincipals.load()
    users = {role: str(getattr(names, f"elasticsearch_{role}_user")) for role in (*APPLICATIONS, ANALYST)}
    first = users[APPLICATIONS[0]], secrets.reveal(f"elasticsearch_{APPLICATIONS[0]}_password")
    if _realm(settings, *first) == "file":
        # The local server, which has no Kibana beside it and cannot keep users itself.
        return
    roles[ANALYST] = analyst_role(dict(client.license.get()["license"]))
    for role, user in users.items():
        client.security.put_role(name=role, **roles[role])
        password = secrets.reveal(f"elasticsearch_{role}_password")
        client.security.put_user(username=user, password=password, roles=[role], metadata=MARK)
    for user, described in client.security.get_user().items():
        if described.get("metadata", {}).get("millrace") and user not in users.values():
            client.security.disable_user(username=user)
    password = secrets.reveal("elasticsearch_kibana_password")
    if _realm(settings, KIBANA, password) is None:
        client.security.change_password(username=KIBANA, password=password)


def analyst_role(licence: Mapping[str, Any]) -> dict[str, Any]:
    """The role of whoever looks at events in Kibana: without the event as sent, where the licence allows for that."""
    role = with_feeds(json.loads((CONFIGURATION / "analyst-role.json").read_text()), feeds_beside_main())
    if licence.get("type") in FIELD_SECURITY_LICENCES and licence.get("status") == "active":
        return role
    logger.warning(
        "the licence has no field-level security: the analyst can read ip, e-mail and ids in `event` licence=%s",
        licence.get("type"),
    )
    for index in role["indices"]:
        index.pop("field_security", None)
    return role


def _realm(settings: ElasticsearchSettings, user: str, password: str) -> str | None:
    """Type of the realm that accepts the login, such as `file` or `native`; None where none does."""
    try:
        with _client(settings, user, password) as own:
            return str(own.security.authenticate()["authentication_realm"]["type"])
    except AuthenticationException:
        return None
