"""How long Elasticsearch keeps a feed's months: a lifecycle policy for each alias, where the server has such policies.

A server without them refuses a template that names one, so the name stands in a component template of its own, which
the index templates take in where it is there. The days are ELASTICSEARCH_RETENTION_DAYS, else the declaration's
`retention`; the least of several, and for ever where that is negative.

The server counts an index's age from when the index was made, not from the month in its name. So a month is deleted
that many days after its last day, at the earliest, and what was indexed long after it happened is kept as long.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import ApiError, Elasticsearch
from pydantic import PositiveInt

from config.settings import Settings
from kafka.feeds.feed import Feed
from kafka.feeds.search import retention_template

logger = logging.getLogger(__name__)

DAYS_OF_A_MONTH = 31
DAYS_OF_UNIT = {"d": 1, "day": 1, "days": 1, "y": 365, "yr": 365, "years": 365}
"""The units that ODCS names; what has another one deletes nothing."""
_UNKNOWN_TO_THE_SERVER = {400, 404, 405}


class SearchRetentionSettings(Settings):
    """How long events can be searched for."""

    elasticsearch_retention_days: PositiveInt | None = None
    """Delete months of Elasticsearch that are older than this; default: the `retention` of each feed's declaration."""


def apply_lifecycle(client: Elasticsearch, kept: Mapping[str, int | None]) -> None:
    """Put the policies, and the templates and indices under them; says so, or that this server has none.

    `kept` has the days of each alias, None for ever.
    """
    if not _has_lifecycle(client):
        logger.info("Elasticsearch has no lifecycle management here: indices are kept until somebody deletes them")
        return
    for alias, days in kept.items():
        name = retention_template(alias)
        client.ilm.put_lifecycle(name=name, policy=policy(days))
        settings = {"index.lifecycle.name": name}
        client.cluster.put_component_template(name=name, template={"settings": settings})
        client.indices.put_settings(index=alias, settings=settings, ignore_unavailable=True)
        told = "for ever" if days is None else f"for {days} days"
        logger.info("Elasticsearch keeps the months of %s %s", alias, told)


def retention_of(feeds: Sequence[Feed], main_alias: str, metrics_alias: str) -> dict[str, int | None]:
    """The days of every alias, None for ever: of each feed, and of the windows of the live side."""
    told = SearchRetentionSettings.load().elasticsearch_retention_days
    of_feeds = {main_alias if feed.is_main else feed.index: kept_days(feed, told) for feed in feeds}
    return {**of_feeds, metrics_alias: told}


def kept_days(feed: Feed, told: int | None) -> int | None:
    """The days that a feed's events are kept for; None for ever. `told` is the setting, which wins."""
    promised = [
        int(float(promise.value) * DAYS_OF_UNIT.get(promise.unit, 0))
        for promise in feed.promises
        if promise.property == "retention"
    ]
    days = told or min((days for days in promised if days > 0), default=None)
    return days or None


def policy(days: int | None) -> dict[str, Any]:
    """The policy; without days one that deletes nothing, so that a later setting finds every index under it."""
    phases: dict[str, Any] = {"hot": {"actions": {}}}
    if days is not None:
        phases["delete"] = {"min_age": f"{days + DAYS_OF_A_MONTH}d", "actions": {"delete": {}}}
    return {"phases": phases}


def _has_lifecycle(client: Elasticsearch) -> bool:
    try:
        client.ilm.get_status()
    except ApiError as error:
        if error.status_code in _UNKNOWN_TO_THE_SERVER:
            return False
        raise
    return True
