"""`python -m utilities.rejected [--feed F] [--run N] [--rule R] [--limit N] [--json]`: what the ETL rejected.

Counts the rejected events by rule and field, and shows of each the events that were judged last: the value that broke
the rule, as it is stored (scrubbed), the event's id as sent, and its position on the bus.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import psycopg
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from config.command_line import run_command
from config.console import result_console
from config.errors import TerminalError
from config.operator_logins import WarehouseSettings
from kafka.event_text import as_text, object_id
from kafka.feeds.declaration import feed_named
from kafka.position import bus_position
from spark.broken_rules import BrokenRule, broken_rules, statement
from utilities.stores.warehouse import warehouse_connection

RUN_STATUS = "SELECT status FROM etl.run WHERE run_id = %s"
FEED_RUN_STATUS = "SELECT 'finished' FROM etl.feed_run WHERE run_id = %s AND feed = %s"
LONGEST_SHOWN = 120
"""Characters of a value in the table: a whole cart is in --json."""


@dataclass(frozen=True)
class Rejection:
    """A rejected event; `value` is None where the field was absent, and once `is_expired` (REJECTED_EVENT_DAYS)."""

    rule: str
    field: str
    value: str | None
    event_id: str | None
    position: str
    kind: str
    event_date: date | None
    run_id: int
    is_expired: bool


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, ask and print; returns the exit status."""
    parser = argparse.ArgumentParser(prog="rejected", description="Show which events the ETL rejected, and why.")
    parser.add_argument(
        "--run", type=int, metavar="N", help="only those that this run of the ETL was the last to judge"
    )
    parser.add_argument("--rule", help="only those that broke this rule")
    parser.add_argument(
        "--limit", type=int, default=5, metavar="N", help="examples of each rule at most (default 5; 0: counts alone)"
    )
    parser.add_argument("--feed", metavar="FEED", help="those of this feed of config/feeds instead of the main one")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with whole values")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    settings = WarehouseSettings.load()
    login = settings.postgres_user, settings.postgres_password
    with warehouse_connection(settings, *login, "-c TimeZone=UTC") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        feed = _beside_main(options.feed)
        _refuse_unpublished_run(connection, options.run, feed)
        every = broken_rules(connection, options.run, feed)
        examples = _examples(connection, feed, {"run_id": options.run, "rule": options.rule, "limit": options.limit})
    rules = [broken for broken in every if options.rule in (None, broken.rule)]
    if options.json:
        print(json.dumps(_as_json(options.run, rules, examples)))
    elif rules:
        _print(rules, examples, options.rule, feed)
    else:
        _print_none(options.run, options.rule, every)


def _beside_main(name: str | None) -> str | None:
    """The feed of that name, None for the main one."""
    if name is None:
        return None
    feed = feed_named(name)
    return None if feed.is_main else feed.name


def _refuse_unpublished_run(connection: psycopg.Connection, run_id: int | None, feed: str | None) -> None:
    if run_id is None:
        return
    if feed is None:
        status = connection.execute(RUN_STATUS, [run_id]).fetchone()
    else:
        status = connection.execute(FEED_RUN_STATUS, [run_id, feed]).fetchone()
    if status != ("finished",):
        why = f"it is {status[0]}" if status else "there is no such run"
        raise TerminalError(f"run {run_id} has rejected nothing: {why}")


def _examples(connection: psycopg.Connection, feed: str | None, values: dict[str, Any]) -> list[Rejection]:
    rows = connection.execute(statement("examples", feed), {**values, "feed": feed}).fetchall()
    return [_rejection(*row) for row in rows]


def _rejection(
    rule: str,
    field: str,
    value: str | None,
    kind: str,
    event_date: date | None,
    run_id: int,
    topic: str,
    partition: int,
    offset: int,
    original: str | None,
) -> Rejection:
    position = bus_position(topic, partition, offset)
    is_expired = value is None and original is None
    return Rejection(rule, field, value, sent_id(original), position, kind, event_date, run_id, is_expired)


def sent_id(original: str | None) -> str | None:
    """The `id`, else the `_id`, of an event that is kept as JSON, as it was sent; None where it has none."""
    event = json.loads(original) if original else None
    if not isinstance(event, dict):
        return None
    sent = (as_text(event.get("id")), as_text(object_id(event.get("_id"))))
    return next((text.strip() for text in sent if text and text.strip()), None)


def _print(
    rules: Sequence[BrokenRule], examples: Sequence[Rejection], asked_rule: str | None, feed: str | None = None
) -> None:
    console = result_console()
    for broken in rules:
        events = f"{broken.events:,} event{'' if broken.events == 1 else 's'}"
        console.print(f"{broken.rule}, field {broken.field}: {events}")
        _print_examples(console, [each for each in examples if (each.rule, each.field) == broken[:2]])
    if feed is not None:
        console.print(f"After a mend of its declaration: ./millrace etl --feeds {feed} --full-refresh loads it anew.")
        return
    chosen = f" --rule {asked_rule}" if asked_rule else ""
    also = "" if asked_rule else "; --rule RULE only those of one rule"
    console.print(
        f"After a mend: ./millrace etl --replay-rejected{chosen} judges them again{also}."
        " ./millrace trace POSITION tells an event's way."
    )


def _print_examples(console: Console, examples: Sequence[Rejection]) -> None:
    if not examples:
        return
    table = Table(box=None, pad_edge=False)
    # In one piece, to be copied from a narrow terminal too.
    table.add_column("position", no_wrap=True)
    table.add_column("id", overflow="fold")
    table.add_column("value", overflow="fold")
    for each in examples:
        table.add_row(each.position, each.event_id or "", _shown(each))
    console.print(Padding.indent(table, 2))


def _shown(rejection: Rejection) -> str:
    if rejection.value is None:
        return "(expired)" if rejection.is_expired else "(absent)"
    text = rejection.value
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _print_none(run_id: int | None, rule: str | None, every: Sequence[BrokenRule]) -> None:
    by_run = f" by run {run_id}" if run_id is not None else ""
    if rule is None or not every:
        result_console().print(f"no event is rejected{by_run}")
        return
    others = ", ".join(dict.fromkeys(broken.rule for broken in every))
    result_console().print(f"no event is rejected{by_run} by rule {rule}; by {others} some are")


def _as_json(run_id: int | None, rules: Sequence[BrokenRule], examples: Sequence[Rejection]) -> dict[str, Any]:
    found = [{**asdict(each), "event_date": each.event_date and each.event_date.isoformat()} for each in examples]
    return {"run": run_id, "rules": [broken._asdict() for broken in rules], "examples": found}


if __name__ == "__main__":
    sys.exit(main())
