"""What an event or a server's message says is shown as it is: it neither steers the terminal nor becomes a command."""

import argparse
import logging
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from config.command_line import run_command
from config.console import result_console
from config.errors import TerminalError
from config.printable import printable, printable_lines
from kafka.dead_letters.index import LetterHead
from kafka.dead_letters.letter import Origin
from kafka.event_text import as_json
from kafka.position import BusPosition
from kafka.replay_dead_letters import _print_tables as print_letters
from kafka.visitor import owner_hash
from spark.broken_rules import BrokenRule
from spark.quality import Check, Result
from utilities import python_check_mongo, rejected, report
from utilities.erasure import forget
from utilities.erasure.visitor import Visitor
from utilities.lineage import report as lineage
from utilities.lineage.way import Step, Way
from utilities.quality.__main__ import _print_table as print_checks

STEERING = ["\x1b]0;owned\x07\x1b[2J", "\x9b2J", "\u202egnp", "\u2066", "\x7f", "\ud800", "\r", "\0", "a\nforged line"]
TEXTS = ["[/x]", "[red]41", "[kafka.timestamp]", ":smiley:", "лв Größe 'q' \\ 🙂", *STEERING]
KEY = SecretStr("a key of at least sixteen characters")
POSITION = BusPosition("views", 0, 1)


def letters(text: str) -> None:
    print_letters([LetterHead("indexer", Origin("bus", POSITION), text, text, "pending", 3, (0, 0))], True)


def ways(text: str) -> None:
    step = Step("ETL", f"rejected by rule r: {text}")
    lineage._print_ways(text, [Way(POSITION, None, text, [step])], 2)
    lineage._print_ways(text, [], 0)


def day(text: str) -> None:
    place = {"bus_topic": "views", "bus_partition": 0, "bus_offset": 1}
    event = {"event_id": "e", "event_time": datetime.now(UTC), "store_id": text, "run_id": 1, **place}
    names = {"day_total": (1, 1), "facts_kept_from": 0, "day_events": [event]}
    warehouse = SimpleNamespace(**{name: lambda *_, found=found: found for name, found in names.items()})
    options = argparse.Namespace(product=text, date=date(2026, 1, 1), limit=1, json=False)
    lineage._print_day(cast(Any, warehouse), options)


def answers(text: str) -> None:
    cursor = SimpleNamespace(description=[SimpleNamespace(name=text)], fetchall=lambda: [(text,)])
    result_console().print(report._table(cast(Any, cursor)))


def landed(text: str) -> None:
    found = {"collection": text, "documents": 1, "partitions": {text: 1}, "kinds": {text: 1}}
    python_check_mongo._print_tables(found, None)


def checks(text: str) -> None:
    check = Check(text, "", "error", Decimal(1), "rows", True, "SELECT 1")
    print_checks([Result(check, datetime.now(UTC), None, Decimal(2), text)])


def rejections(text: str) -> None:
    original = as_json({"id": text})
    example = rejected._rejection("no_product", "field", text, "kind", None, 1, "views", 0, 1, original)
    rejected._print([BrokenRule("no_product", "field", 1)], [example], None)


def others(text: str) -> None:
    guest = owner_hash({"device_id": text}, KEY.get_secret_value().encode())
    rows = [(text, uuid.UUID(hashed), events) for hashed, events in ((guest, 3), (uuid.uuid4().hex, 2)) if hashed]
    stores = SimpleNamespace(ledger=SimpleNamespace(transaction=lambda _: rows))
    forget._print_others(cast(Any, stores), Visitor.of("4711", KEY), KEY)


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
@pytest.mark.parametrize("show", [letters, ways, day, answers, landed, checks, rejections, others])
def test_a_table_shows_the_text_of_an_event_and_does_not_obey_it(
    show: Callable[[str], None], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show(text)
    shown = capsys.readouterr().out
    assert printable(text) in shown
    assert shown == printable_lines(shown)
    assert not re.search("^forged", shown, re.MULTILINE)


def test_the_newest_document_is_shown_as_json_that_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    found: dict[str, Any] = {"collection": "c", "documents": 1, "partitions": {}, "kinds": {}}
    python_check_mongo._print_tables(found, {"event": {"page": "[/x] лв \x1b[2J \x9b2J \u202e"}})
    assert '"page": "[/x] лв \\u001b[2J \\u009b2J \\u202e"' in capsys.readouterr().out


def test_a_log_line_and_an_error_line_stay_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def failing(_: argparse.Namespace) -> int:
        logging.getLogger("stage").warning("refused reason=%s", "\x1b[2J\nforged")
        raise TerminalError("no \x1b[2J")

    run_command(argparse.ArgumentParser(prog="stage"), failing, [])
    logged, said = capsys.readouterr().err.splitlines()
    assert logged.endswith("WARNING stage refused reason=\\u001b[2J\\u000aforged")
    assert said == "stage: no \\u001b[2J"


def test_a_device_id_is_no_part_of_a_command_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    others("d1;touch${IFS}/tmp/pwned")
    guest, user = capsys.readouterr().out.splitlines()
    assert guest == "device d1;touch${IFS}/tmp/pwned has 3 events without a login, which stay: --device-id erases them"
    assert user.endswith("which stay: --user-id erases them")
    others("\x1b[2J")
    assert "which stay: --device-id-file (the id holds control characters) erases them" in capsys.readouterr().out
