"""A second `up` leaves alone what runs as it is to run, and says what it restarts before it does."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import psutil
import pytest

from config.errors import TerminalError
from utilities.local_servers import actions
from utilities.local_servers import stack as stack_module
from utilities.local_servers.__main__ import main
from utilities.local_servers.server import Server
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.stack import Stack
from utilities.local_servers.stack_lock import alone
from utilities.local_servers.supervision import Supervisor


@pytest.fixture
def servers(tmp_path: Path) -> list[Server]:
    place = tmp_path / "place"
    for folder in (tmp_path / "log", place):
        folder.mkdir()
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    return [
        # A signal that comes before the command has begun is lost.
        Server(name, "127.0.0.1:1", "1", command, place, {}, lambda: None, ready=lambda: None, stop_seconds=5)
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


def test_a_server_that_the_settings_no_longer_ask_for_is_stopped_and_it_is_said(
    supervisor: Supervisor, servers: list[Server], capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor.start(servers[1:])
    assert list(supervisor.states()) == ["two"]
    said = capsys.readouterr().out
    assert said == "millrace: stopping one: the settings no longer ask for it; its data is kept\n"


def run_at_once(*commands: list[str]) -> list[int | None]:
    """The exit status of each."""
    context = get_context("fork")
    together = context.Barrier(len(commands))

    def run(command: list[str]) -> None:
        together.wait(60)
        sys.exit(main(command))

    processes = [context.Process(target=run, args=(command,)) for command in commands]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    return [process.exitcode for process in processes]


@pytest.fixture
def stack_directory(tmp_path: Path, servers: list[Server], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a checkout whose servers are `servers`."""
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("MILLRACE_STACK", "s")  # a socket's path has 107 characters at most
    directory = LocalServerSettings.load().stack_directory

    def described(server: Server) -> Server:
        place = directory / server.name
        return replace(server, directory=place, prepare=lambda: place.mkdir(exist_ok=True))

    monkeypatch.setattr(Stack, "servers", [described(server) for server in servers])
    monkeypatch.setattr(Stack, "ensure_artifacts", lambda _: None)
    # Which may not enter the places of root's tests.
    monkeypatch.setattr(stack_module, "server_user", lambda: None)
    monkeypatch.setattr(actions, "bootstrap", lambda *_, **__: None)
    return directory


def test_commands_at_once_take_turns_and_each_does_its_work(
    stack_directory: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    supervisor = Supervisor(stack_directory)
    with ExitStack() as ending:
        ending.callback(supervisor.shut_down)
        assert run_at_once(["up"], ["up"]) == [0, 0]
        assert capfd.readouterr().err.count("waiting for its end") == 1
        started = pids(supervisor)
        assert all(started.values())
        assert run_at_once(["stop", "one"], ["start", "two"], ["up"]) == [0, 0, 0]
        assert pids(supervisor)["two"] == started["two"]
        assert "Traceback" not in capfd.readouterr().err
    assert supervisor.states() == {}


def test_whoever_waited_while_the_stack_was_deleted_holds_the_new_one(tmp_path: Path) -> None:
    directory = tmp_path / "stack"
    with alone(directory, create=True):
        directory.rmdir()
        with alone(directory, create=True):
            assert directory.exists()
    with alone(tmp_path / "none"):
        assert not (tmp_path / "none").exists()


def test_what_the_supervisor_refuses_is_one_line(supervisor: Supervisor, servers: list[Server]) -> None:
    with pytest.raises(TerminalError, match=r"supervisord refuses startProcess three: BAD_NAME"):
        supervisor.start_server("three")
    with pytest.raises(TerminalError, match=r"supervisord refuses startProcess one: NO_FILE.*/none"):
        supervisor.start([replace(servers[0], command=["/none"])])
