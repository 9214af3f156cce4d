"""Rejected events by the rule that they broke: what a run's summary and `./millrace rejected` count."""

from typing import NamedTuple

import psycopg

from config.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "sql" / "rejected"


class BrokenRule(NamedTuple):
    """A rule, the field that it looks at, and the rejected events that broke it."""

    rule: str
    field: str
    events: int


def broken_rules(
    connection: psycopg.Connection, run_id: int | None = None, feed: str | None = None
) -> list[BrokenRule]:
    """Of the events that a run was the last to judge, or of all that are rejected; the most frequent first.

    Of the main feed, or of the one beside it that is named.
    """
    values = {"run_id": run_id, "feed": feed}
    rows = connection.execute(statement("broken_rules", feed), values).fetchall()
    return [BrokenRule(*row) for row in rows]


def statement(name: str, feed: str | None) -> bytes:
    """A file of sql/rejected: that of the main feed, or of the others."""
    return (FOLDER / f"{'feed_' if feed else ''}{name}.sql").read_text(encoding="utf-8").encode()
