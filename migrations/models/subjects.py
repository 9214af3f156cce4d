"""The tables that analysts see, by what they are about: the chapters of the dictionary and of the entity diagram."""

from types import ModuleType

from sqlalchemy import Column, Table

from migrations.models import (
    catalogue,
    dimensions,
    events,
    exchange_rates,
    feeds,
    product_views,
    sessions,
    visitor_path,
)
from migrations.models.base import Base

SUBJECTS = {
    "Dimensions": dimensions,
    "Product catalogue": catalogue,
    "Events of every kind": events,
    "Product views": product_views,
    "The visitor's path": visitor_path,
    "Exchange rates": exchange_rates,
    "Sessions and visitors": sessions,
    "The other feeds": feeds,
}


def tables_of(module: ModuleType) -> list[Table]:
    """The tables of schema public whose models the module holds, in its order."""
    models = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Base)]
    tables = [each.__table__ for each in models if each.__module__ == module.__name__]
    return [table for table in tables if isinstance(table, Table) and table.schema is None]


def unchecked_reference(column: Column[object]) -> str | None:
    """The `table.column` that a key without a foreign key points to."""
    target = column.info.get("references")
    return str(target) if target else None
