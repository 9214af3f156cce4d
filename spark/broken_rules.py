"""Rejected events by the rule that they broke: what a run's summary and `./millrace rejected` count."""

from typing import NamedTuple

import psycopg

from config.settings import PROJECT_ROOT

BROKEN_RULES = PROJECT_ROOT / "sql" / "rejected" / "broken_rules.sql"


class BrokenRule(NamedTuple):
    """A rule, the field that it looks at, and the rejected events that broke it."""

    rule: str
    field: str
    events: int


def broken_rules(connection: psycopg.Connection, run_id: int | None = None) -> list[BrokenRule]:
    """Of the events that a run was the last to judge, or of all that are rejected; the most frequent first."""
    rows = connection.execute(BROKEN_RULES.read_text(encoding="utf-8").encode(), {"run_id": run_id}).fetchall()
    return [BrokenRule(*row) for row in rows]
