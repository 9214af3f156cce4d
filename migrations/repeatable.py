"""Repeatable migrations: what `sql/marts` and `sql/functions` create, made anew where a file has changed.

They stand upon the schema of the newest revision and upon no other: Alembic's environment (migrations/env.py) drops
them before a revision runs, so that no view is in its way, and makes them behind the last one, in the same transaction.
Without a revision to run, only what has changed and what reads it is made anew. `etl.repeatable` says what was made.
"""

import logging
from collections.abc import Iterable

import psycopg

from config.errors import TerminalError
from migrations.marts import Mart, by_dependence, read_objects

logger = logging.getLogger(__name__)

IS_RECORDED = "SELECT to_regclass('etl.repeatable') IS NOT NULL"
MADE = "SELECT kind, name, signature, checksum, reads FROM etl.repeatable ORDER BY place"
FORGET = "DELETE FROM etl.repeatable WHERE name = %s"
RECORD = """
INSERT INTO etl.repeatable (name, kind, signature, checksum, place, reads) VALUES (%s, %s, %s, %s, %s, %s)
"""
PLACE = "UPDATE etl.repeatable SET place = %s WHERE name = %s"
# Readers go on; a second migration waits here, and finds nothing left to do.
LOCK = "LOCK TABLE etl.repeatable IN EXCLUSIVE MODE"
# As etl.refresh_marts computes them.
SESSION = "SET LOCAL work_mem = '256MB'; SET LOCAL jit = off"
# What revision 0014 made from the files of its day, before 0024 wrote down what is made: kind, name, arguments.
BEFORE_0024 = (
    *(
        ("FUNCTION", f"mart.{name}", "(date, date)")
        for counted in ("country_visitors", "product_visitors", "referrer_type_visitors", "visitors")
        for name in (counted, f"{counted}_estimate")
    ),
    *(
        ("MATERIALIZED VIEW", f"mart.{name}", "")
        for name in (
            *("bots_and_people", "cohort_retention", "country_traffic", "daily_traffic", "device_browser"),
            *("freshness", "product_pairs", "product_performance", "referrer_campaign", "sketch_error"),
        )
    ),
    *(("VIEW", f"mart.{name}", "") for name in ("funnel", "product_revenue", "revenue")),
)


def changed_objects(connection: psycopg.Connection) -> list[str]:
    """Qualified names of what files and warehouse differ in; raises psycopg.Error where it was never migrated."""
    made = {name: checksum for _, name, _, checksum, _ in connection.execute(MADE).fetchall()}
    wanted = {each.qualified_name: each.checksum for each in read_objects()}
    return sorted(name for name in made.keys() | wanted.keys() if made.get(name) != wanted.get(name))


def apply_changes(connection: psycopg.Connection) -> list[str]:
    """Make anew what has changed and what reads it, within the owner's transaction; returns the changed names.

    Raises TerminalError where an object of somebody else reads what would have to be dropped.
    """
    if not changed_objects(connection):
        return []
    connection.execute(LOCK)
    connection.execute(SESSION)
    changed = changed_objects(connection)
    made = connection.execute(MADE).fetchall()
    stale = _with_readers(changed, {name: set(reads) for _, name, _, _, reads in made})
    for kind, name, signature, *_ in reversed(made):
        if name in stale:
            _drop(connection, kind, name, signature)
            connection.execute(FORGET, [name])
    standing = {name for _, name, *_ in made} - stale
    objects = by_dependence(read_objects())
    names = {each.qualified_name for each in objects}
    for place, each in enumerate(objects, 1):
        if each.qualified_name in standing:
            connection.execute(PLACE, [place, each.qualified_name])
        else:
            _make(connection, each, place, names)
    if changed:
        logger.info("repeatable migrations applied changed=%s", ",".join(changed) if made else "all")
    return changed


def drop_all(connection: psycopg.Connection) -> None:
    """Drop everything that was made, within the owner's transaction; raises TerminalError as `apply_changes` does."""
    recorded = connection.execute(IS_RECORDED).fetchone()
    if recorded is not None and recorded[0]:
        connection.execute(LOCK)
        made = [each[:3] for each in connection.execute(MADE).fetchall()]
        connection.execute("DELETE FROM etl.repeatable")
    else:
        made = list(BEFORE_0024)
    for kind, name, signature in reversed(made):
        _drop(connection, kind, name, signature)


def _make(connection: psycopg.Connection, each: Mart, place: int, names: set[str]) -> None:
    for statement in each.statements():
        connection.execute(statement.encode())
    values = [each.qualified_name, each.kind, each.signature, each.checksum, place, sorted(each.reads(names))]
    connection.execute(RECORD, values)


def _drop(connection: psycopg.Connection, kind: str, name: str, signature: str) -> None:
    try:
        connection.execute(f"DROP {kind} IF EXISTS {name}{signature}".encode())
    except psycopg.errors.DependentObjectsStillExist as error:
        readers = " ".join((error.diag.message_detail or "").split())
        raise TerminalError(
            f"{name} cannot be made anew: {readers}; drop what is not Millrace's own, and make it again afterwards"
        ) from error


def _with_readers(names: Iterable[str], reads: dict[str, set[str]]) -> set[str]:
    """The names, and whatever reads them, over any number of steps."""
    found = set(names)
    while readers := {name for name, read in reads.items() if read & found} - found:
        found |= readers
    return found
