"""The demonstration refuses what it cannot do before it starts anything."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pydantic import SecretStr

from utilities import demo
from utilities.command.table import COMMANDS
from utilities.local_servers.stack import ServerStatus, Stack
from utilities.psql import ReaderSettings


@pytest.mark.parametrize("events", ["-5", "0", "many"])
def test_a_wrong_number_of_events_is_refused_before_the_servers_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], events: str
) -> None:
    monkeypatch.setenv("EVENTS", events)
    monkeypatch.setattr(demo, "_run_step", lambda _: pytest.fail("a step was run"))
    assert demo.main([]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("demo: EVENTS: ")


def test_the_last_lines_say_what_to_look_at_and_that_the_servers_go_on_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "an_event", lambda _: "f523185f-406c-4bc8-9a0a-ea02de1b0e67")
    rows = [
        ServerStatus("kafka-1", "127.0.0.1:9094", "running", 7, 2**30, "1"),
        ServerStatus("postgres", "127.0.0.1:5433", "running", 8, 2**29, "1"),
        ServerStatus("mongodb", "mongo.example", "yours (MONGO_HOST)", None, None, ""),
    ]
    stack = cast(Stack, SimpleNamespace(status=lambda: rows, settings=SimpleNamespace(stack_directory=Path("/stack"))))
    reader = ReaderSettings(postgres_bi_password=SecretStr("x"))
    text = "\n".join(demo.what_to_do_now(reader, stack, generated=True))
    assert "./millrace trace f523185f-406c-4bc8-9a0a-ea02de1b0e67" in text
    assert "2 servers go on running with 1.5 GiB of memory: ./millrace down stops them, their data in /stack" in text
    named = {line.split("./millrace ")[1].split()[0].rstrip(";") for line in text.splitlines() if "./millrace" in line}
    assert named == {"psql", "live", "report", "trace", "dead-letters", "rejected", "down"} & COMMANDS.keys()
    assert "on purpose" not in "\n".join(demo.what_to_do_now(reader, stack, generated=False))
