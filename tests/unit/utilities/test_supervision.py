"""A second `up` leaves alone what runs as it is to run, and says what it restarts before it does."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from utilities.local_servers.server import Server
from utilities.local_servers.supervision import Supervisor


@pytest.fixture
def servers(tmp_path: Path) -> list[Server]:
    place = tmp_path / "place"
    for folder in (tmp_path / "log", place):
        folder.mkdir()
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    return [
        Server(name, "127.0.0.1:1", "1", command, place, {}, prepare=lambda: None, ready=lambda: None)
        for name in ("one", "two")
    ]


@pytest.fixture
def supervisor(tmp_path: Path, servers: list[Server]) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path)
    supervisor.start(servers)
    yield supervisor
    supervisor.shut_down()


def pids(supervisor: Supervisor) -> dict[str, int]:
    return {name: info["pid"] for name, info in supervisor.states().items()}


def test_a_caller_with_another_environment_restarts_nothing(
    supervisor: Supervisor, servers: list[Server], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = pids(supervisor)
    for name in ("PATH", "LANG", "HOME", "TMPDIR"):
        monkeypatch.setenv(name, "/elsewhere")
    supervisor.start(servers)
    assert pids(supervisor) == before
    assert capsys.readouterr().out == ""


def test_only_what_has_changed_is_restarted_and_it_is_said_before(
    supervisor: Supervisor, servers: list[Server], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = pids(supervisor)
    said_while_it_ran: list[str] = []
    end = Supervisor._replace

    def watched(supervisor: Supervisor, *groups: Sequence[str]) -> None:
        assert psutil.pid_exists(before["one"])
        said_while_it_ran.append(capsys.readouterr().out)
        end(supervisor, *groups)

    monkeypatch.setattr(Supervisor, "_replace", watched)
    one, two = servers
    supervisor.start([replace(one, environment={"HEAP": "512m"}), two])
    after = pids(supervisor)
    assert after["one"] not in (0, before["one"])
    assert after["two"] == before["two"]
    assert said_while_it_ran == ["millrace: restarting one: what it is started with has changed\n"]
