"""Who may do what on the indices of the feeds beside the main one: as on the main feed's, under their names."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import yaml

from config.settings import PROJECT_ROOT, ElasticsearchSettings
from kafka.feeds.feed import Feed
from spark.live.metrics_settings import MetricsIndexSettings

if TYPE_CHECKING:  # the client takes a while to import, and whoever starts the server needs none
    from elasticsearch import Elasticsearch

ROLES = PROJECT_ROOT / "config" / "elasticsearch" / "roles.yml"
AUTO_CREATE = "action.auto_create_index"
ANY_INDEX = "true"
"""What a server says of it that makes any index by a write, which is its default."""


def application_roles(feeds: Sequence[Feed]) -> dict[str, Any]:
    """The roles of config/elasticsearch/roles.yml, by name, with what they are on the feeds' indices."""
    roles: dict[str, dict[str, Any]] = yaml.safe_load(ROLES.read_text())
    return {name: with_feeds(role, feeds) for name, role in roles.items()}


def with_feeds(role: dict[str, Any], feeds: Sequence[Feed]) -> dict[str, Any]:
    """The role with each feed's indices beside the main feed's."""
    main = ElasticsearchSettings.elasticsearch_alias

    def names(of_main: Sequence[str]) -> list[str]:
        ours = (name.replace(main, feed.index) for feed in feeds for name in of_main if name.startswith(main))
        return [*of_main, *ours]

    return {**role, "indices": [{**entry, "names": names(entry["names"])} for entry in role["indices"]]}


def allow_new_indices(client: "Elasticsearch", feeds: Sequence[Feed]) -> None:
    """Let writes make the months of feeds and metrics where the server makes listed indices only.

    A server of one's own may not.
    """
    settings = client.cluster.get_settings(include_defaults=True, flat_settings=True)
    told = [settings[scope].get(AUTO_CREATE) for scope in ("transient", "persistent", "defaults")]
    listed = str(next((value for value in told if value is not None), ANY_INDEX))
    aliases = [*(feed.index for feed in feeds), MetricsIndexSettings.metrics_alias]
    missing = [pattern for alias in aliases if (pattern := f"{alias}-*") not in listed.split(",")]
    if listed != ANY_INDEX and missing:
        client.cluster.put_settings(persistent={AUTO_CREATE: ",".join([*missing, listed])})
