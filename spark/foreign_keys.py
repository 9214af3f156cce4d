"""The foreign keys of what a run loads, proved by set in the statement that writes the rows.

PostgreSQL looks up each key of each row by itself, 6 us apiece: half of a load. Here the row triggers are off for one
statement of this session, and the same statement looks for rows whose key has no member, one anti-join a key. That is
as strict: the referenced tables are locked against writes of others before, so that no member goes until the run has
committed. For everybody else, and for every other statement of the run, the triggers stay on.

`SET session_replication_role` is a superuser's right that PostgreSQL 15 and later can grant (`make up`, `bootstrap`).
Where it was not granted, the triggers check the keys.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from config.errors import TerminalError

logger = logging.getLogger(__name__)

WRITTEN_TABLE = re.compile(r"^INSERT INTO (\w+)", re.MULTILINE)
FOREIGN_KEYS = """
SELECT key.conrelid::regclass::text, key.conname, key.confrelid::regclass::text,
       array_agg(own.attname::text ORDER BY listed.place), array_agg(other.attname::text ORDER BY listed.place)
FROM pg_constraint AS key
CROSS JOIN unnest(key.conkey, key.confkey) WITH ORDINALITY AS listed (own, other, place)
JOIN pg_attribute AS own ON own.attrelid = key.conrelid AND own.attnum = listed.own
JOIN pg_attribute AS other ON other.attrelid = key.confrelid AND other.attnum = listed.other
WHERE key.contype = 'f' AND key.conparentid = 0 AND key.connamespace = 'public'::regnamespace
GROUP BY key.oid
ORDER BY key.conname
"""
# An older server does not know the privilege and only evaluates what it is asked.
MAY_PROVE_BY_SET = """
SELECT CASE WHEN current_setting('server_version_num')::integer >= 150000
    THEN has_parameter_privilege('session_replication_role', 'SET') END
"""
LOCK_REFERENCED_TABLES = "SELECT etl.lock_referenced_tables()"
TRIGGERS_OFF = "SET LOCAL session_replication_role = replica"
TRIGGERS_ON = "SET LOCAL session_replication_role = origin"


@dataclass(frozen=True)
class ForeignKey:
    """A declared foreign key; `columns` refer to `members` of the table `dimension`, in this order."""

    table: str
    name: str
    dimension: str
    columns: tuple[str, ...]
    members: tuple[str, ...]

    @property
    def orphan(self) -> sql.Composed:
        """A subquery: the least key, as text, of a row of `loaded` that has no member; NULL where every row has."""
        own = [sql.SQL("loaded.{}").format(sql.Identifier(column)) for column in self.columns]
        pairs = [
            sql.SQL("member.{} = {}").format(sql.Identifier(member), column)
            for member, column in zip(self.members, own, strict=True)
        ]
        # As a trigger does it: a row with a NULL in its key refers to nothing.
        filled = [sql.SQL("{} IS NOT NULL").format(column) for column in own]
        return sql.SQL(
            "(SELECT min(concat_ws(', ', {own})) FROM loaded"
            " WHERE {filled} AND NOT EXISTS (SELECT FROM {dimension} AS member WHERE {pairs}))"
        ).format(
            own=sql.SQL(", ").join(own),
            filled=sql.SQL(" AND ").join(filled),
            dimension=sql.Identifier(self.dimension),
            pairs=sql.SQL(" AND ").join(pairs),
        )


@dataclass(frozen=True)
class ForeignKeys:
    """The declared foreign keys by table; `by_set` tells whether this session may prove them so."""

    by_table: Mapping[str, Sequence[ForeignKey]]
    by_set: bool

    @classmethod
    def lock(cls, connection: psycopg.Connection) -> "ForeignKeys":
        """Read the keys and lock the tables that they refer to until the transaction ends; raises psycopg.Error."""
        by_set = bool(_row(connection.execute(MAY_PROVE_BY_SET))[0])
        if not by_set:
            logger.warning(
                "foreign keys are checked row by row, which takes as long as the rest of the load:"
                " ./millrace bootstrap --only postgres grants the ETL what proves them by set"
            )
            return cls({}, by_set)
        connection.execute(LOCK_REFERENCED_TABLES)
        by_table: dict[str, list[ForeignKey]] = {}
        for table, name, dimension, columns, members in connection.execute(FOREIGN_KEYS).fetchall():
            by_table.setdefault(table, []).append(ForeignKey(table, name, dimension, tuple(columns), tuple(members)))
        return cls(by_table, by_set)

    def load(self, connection: psycopg.Connection, statement: str, values: Mapping[str, Any]) -> int:
        """Run a statement, and prove the keys of the rows that it writes; how many rows they are.

        Raises TerminalError where a key has no member, psycopg.Error (ForeignKeyViolation) where a trigger says so.
        """
        written = WRITTEN_TABLE.search(statement)
        keys = self.by_table.get(written[1], ()) if written else ()
        if not keys:
            return connection.execute(statement.encode(), values).rowcount
        query = _proving(statement, keys)
        connection.execute(TRIGGERS_OFF)
        rows, *orphans = _row(connection.execute(query, values))
        connection.execute(TRIGGERS_ON)
        for key, orphan in zip(keys, orphans, strict=True):
            if orphan is not None:
                raise TerminalError(
                    f"nothing was published: {key.table} violates foreign key {key.name},"
                    f" {', '.join(key.columns)} {orphan} is not in {key.dimension}"
                )
        return int(rows)


def _proving(statement: str, keys: Sequence[ForeignKey]) -> bytes:
    """The statement, then in one row: how many rows it wrote, and an orphan of each key."""
    columns = sorted({column for key in keys for column in key.columns})
    returned = sql.SQL(", ").join(map(sql.Identifier, columns)).as_string()
    orphans = sql.SQL(", ").join(key.orphan for key in keys).as_string()
    return (
        f"WITH loaded AS (\n{statement}\nRETURNING {returned}\n)\nSELECT (SELECT count(*) FROM loaded), {orphans}"
    ).encode()


def _row(cursor: psycopg.Cursor[tuple[Any, ...]]) -> tuple[Any, ...]:
    row = cursor.fetchone()
    if row is None:
        raise TerminalError("PostgreSQL answered a question for one row with none")
    return row
