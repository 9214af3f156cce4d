"""A person in what the warehouse holds of the feeds beside the main one: counted, and erased (sql/feeds/forget)."""

import uuid
from collections.abc import Iterator

import psycopg
from psycopg import sql

from config.settings import PROJECT_ROOT
from migrations.feed_facts import USERS, facts_of_users

FORGET = PROJECT_ROOT / "sql" / "feeds" / "forget" / "010_feed_events.sql"
BY_KEY = "user_key = (SELECT user_key FROM dim_user WHERE user_hash = %(visitor)s)"
BY_HASH = "user_hash = %(visitor)s"
ROWS = "SELECT count(*) FROM {} WHERE user_key = (SELECT user_key FROM dim_user WHERE user_hash = %s)"
REJECTED = "SELECT count(*) FROM etl.rejected_feed_event WHERE user_hash = %s"
REJECTIONS = "etl.rejected_feed_event"


def find_feed_facts(connection: psycopg.Connection, person: uuid.UUID) -> dict[str, int]:
    """The person's rows by table; `person` is the keyed hash."""
    named = {table: sql.SQL(ROWS).format(sql.Identifier(table)) for table in (*facts_of_users(), USERS)}
    counts = {**named, REJECTIONS: sql.SQL(REJECTED).format()}
    return {table: connection.execute(count, [person]).fetchall()[0][0] for table, count in counts.items()}


def erase_feed_facts(connection: psycopg.Connection, person: uuid.UUID) -> None:
    """Delete the person's rows within the caller's transaction; the ledger counts their documents as empty."""
    for statement in _statements():
        connection.execute(statement.encode(), {"visitor": person})


def _statements() -> Iterator[str]:
    """Facts before the user that they refer to."""
    text = FORGET.read_text(encoding="utf-8")
    of_facts = ((fact, BY_KEY, "loaded") for fact in facts_of_users())
    for table, of_person, counted in (*of_facts, (USERS, BY_HASH, "loaded"), (REJECTIONS, BY_HASH, "rejected")):
        yield text.replace("{table}", table).replace("{of_person}", of_person).replace("{counted}", counted)
