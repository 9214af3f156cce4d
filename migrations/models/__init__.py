"""The warehouse's tables as SQLAlchemy models: equal to the migrated schema, which a test checks by autogenerate.

A revision never imports them: it says what was true when it was written. Their comments are those of the catalog, and
with the sources that they name they make docs/data_dictionary.md.
"""

from collections.abc import MutableMapping
from typing import Any

from migrations.models import (
    anomalies,
    catalogue,
    dimensions,
    events,
    exchange_rates,
    feed_ledger,
    feeds,
    identity,
    ledger,
    live,
    live_feeds,
    product_views,
    serving,
    sessions,
    staging,
    visitor_path,
)
from migrations.models.base import is_month_partition, metadata

__all__ = [
    "anomalies",
    "catalogue",
    "dimensions",
    "events",
    "exchange_rates",
    "feed_ledger",
    "feeds",
    "identity",
    "is_compared",
    "is_modelled",
    "ledger",
    "live",
    "live_feeds",
    "metadata",
    "product_views",
    "serving",
    "sessions",
    "staging",
    "visitor_path",
]


def is_modelled(name: str | None, kind: str, _parents: MutableMapping[Any, str | None]) -> bool:
    """Alembic's `include_name`: of the schemas, public (None) and those that models name."""
    return kind != "schema" or name in {None, *(table.schema for table in metadata.tables.values())}


def is_compared(_item: Any, name: str | None, kind: str, _reflected: bool, _counterpart: Any) -> bool:
    """Alembic's `include_object`: all but partitions, which the ETL makes; its own version table Alembic leaves out."""
    return kind != "table" or not is_month_partition(str(name))
