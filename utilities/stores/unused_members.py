"""Members of dimensions that no row refers to any more: what only a forgotten person, or removed months, had chosen.

Which columns refer to a member, the models say: a new fact is looked at without a list of its own. Products, stores,
days and kinds stay, for they tell of no person.
"""

from collections.abc import Iterator

import psycopg
from psycopg import sql
from sqlalchemy import Table

from migrations.models import metadata
from migrations.models.subjects import unchecked_reference
from spark.foreign_keys import TRIGGERS_OFF, TRIGGERS_ON, ForeignKeys

PARTS = {
    "dim_option_group": ("bridge_option_group",),
    "dim_option": (),
    "dim_referrer": (),
    "dim_device": ("identity.device",),
    "dim_user_agent": (),
    "dim_campaign": (),
}
"""Dimensions in the order in which they are emptied, each with the tables whose rows go with its members."""

Reference = tuple[Table, str]
"""A table and its column."""


def delete_unused_members(connection: psycopg.Connection) -> dict[str, int]:
    """Delete them in the caller's transaction, which holds the lock of the ETL's runs; members by dimension.

    A foreign key would look for each deleted member in every fact, row by row; the statement itself proves that there
    is no such row, and nobody else writes facts or the tables that are referred to meanwhile.
    """
    by_set = ForeignKeys.lock(connection).by_set
    if by_set:
        connection.execute(TRIGGERS_OFF)
    deleted = {}
    for dimension, parts in PARTS.items():
        deleted[dimension] = connection.execute(unused_members(dimension)).rowcount
        for part in parts:
            connection.execute(_rows_without_member(part, dimension))
    if by_set:
        connection.execute(TRIGGERS_ON)
    return deleted


def unused_members(dimension: str) -> sql.Composed:
    """The statement that deletes a dimension's members without references; those below 0 stand for none."""
    key = _key(dimension)
    used = [
        sql.SQL("NOT EXISTS (SELECT FROM {} AS used WHERE used.{} = member.{})").format(
            _name(table), sql.Identifier(column), sql.Identifier(key)
        )
        for table, column in references(dimension)
        if table.fullname not in PARTS[dimension]
    ]
    return sql.SQL("DELETE FROM {} AS member WHERE member.{} > 0 AND {}").format(
        sql.Identifier(dimension), sql.Identifier(key), sql.SQL(" AND ").join(used)
    )


def references(dimension: str) -> Iterator[Reference]:
    """Every column that refers to the dimension's key, by a foreign key or without one."""
    target = f"{dimension}.{_key(dimension)}"
    for table in metadata.sorted_tables:
        for column in table.columns:
            if target in {unchecked_reference(column), *(key.target_fullname for key in column.foreign_keys)}:
                yield table, column.name


def _rows_without_member(part: str, dimension: str) -> sql.Composed:
    table, key = metadata.tables[part], _key(dimension)
    (column,) = (column for found, column in references(dimension) if found is table)
    return sql.SQL(
        "DELETE FROM {} AS part WHERE NOT EXISTS (SELECT FROM {} AS member WHERE member.{} = part.{})"
    ).format(_name(table), sql.Identifier(dimension), sql.Identifier(key), sql.Identifier(column))


def _key(dimension: str) -> str:
    (key,) = metadata.tables[dimension].primary_key.columns
    return str(key.name)


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(table.schema, table.name) if table.schema else sql.Identifier(table.name)
