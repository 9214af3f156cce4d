"""`python -m utilities.rejected [--run N] [--rule R] [--limit N] [--json]`: what the ETL rejected, and examples of it.

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
from config.settings import PROJECT_ROOT
from kafka.event_text import as_text, object_id
from kafka.position import bus_position
from spark.broken_rules import BrokenRule, broken_rules
from utilities.stores.warehouse import warehouse_connection

EXAMPLES = PROJECT_ROOT / "sql" / "rejected" / "examples.sql"
RUN_STATUS = "SELECT status FROM etl.run WHERE run_id = %s"
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
    parser.add_argument("--json", action="store_true", help="print one JSON object, with whole values")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    settings = WarehouseSettings.load()
    login = settings.postgres_user, settings.postgres_password
    with warehouse_connection(settings, *login, "-c TimeZone=UTC") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        _refuse_unpublished_run(connection, options.run)
        every = broken_rules(connection, options.run)
        examples = _examples(connection, options.run, options.rule, options.limit)
    rules = [broken for broken in every if options.rule in (None, broken.rule)]
    if options.json:
        print(json.dumps(_as_json(options.run, rules, examples)))
    elif rules:
        _print(rules, examples, options.rule)
    else:
        _print_none(options.run, options.rule, every)


def _refuse_unpublished_run(connection: psycopg.Connection, run_id: int | None) -> None:
    if run_id is None:
        return
    status = connection.execute(RUN_STATUS, [run_id]).fetchone()
    if status != ("finished",):
        why = f"it is {status[0]}" if status else "there is no such run"
        raise TerminalError(f"run {run_id} has rejected nothing: {why}")


def _examples(connection: psycopg.Connection, run_id: int | None, rule: str | None, limit: int) -> list[Rejection]:
    values = {"run_id": run_id, "rule": rule, "limit": limit}
    rows = connection.execute(EXAMPLES.read_text(encoding="utf-8").encode(), values).fetchall()
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


def _print(rules: Sequence[BrokenRule], examples: Sequence[Rejection], asked_rule: str | None) -> None:
    console = result_console()
    for broken in rules:
        events = f"{broken.events:,} event{'' if broken.events == 1 else 's'}"
        console.print(f"{broken.rule}, field {broken.field}: {events}")
        _print_examples(console, [each for each in examples if (each.rule, each.field) == broken[:2]])
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
