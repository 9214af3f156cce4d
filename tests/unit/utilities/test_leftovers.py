"""What a killed supervisor leaves running is ended, and nothing else is."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config.errors import TerminalError
from utilities.local_servers import leftovers
from utilities.local_servers.server import Server
from utilities.local_servers.supervision import Supervisor

PATIENCE_SECONDS = 30.0
OBEDIENT = "import time; open('ready', 'w').close(); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {OBEDIENT}"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); {OBEDIENT}"


def stand_in(directory: Path, name: str, program: str) -> Server:
    place = directory / name
    place.mkdir()
    command = [sys.executable, "-c", program]
    return Server(name, "127.0.0.1:1", "1", command, place, {}, prepare=lambda: None, ready=lambda: None)


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (server.directory / "ready").exists():
        assert time.monotonic() < deadline, f"{server.name} did not start"
        time.sleep(0.02)


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    """A stack of three stand-ins, one of them deaf to SIGTERM and one with a child."""
    monkeypatch.setattr("utilities.local_servers.supervision.STOP_SECONDS", 1)
    (tmp_path / "log").mkdir()
    servers = [stand_in(tmp_path, *each) for each in (("one", OBEDIENT), ("two", DEAF), ("three", PARENT))]
    supervisor = Supervisor(tmp_path)
    supervisor.start(servers)
    for server in servers:
        wait_until_ready(server)
    yield supervisor
    supervisor.shut_down()


def processes(supervisor: Supervisor) -> list[psutil.Process]:
    direct = [psutil.Process(info["pid"]) for info in supervisor.states().values()]
    return [*direct, *(child for process in direct for child in process.children(recursive=True))]


def kill_supervisor(supervisor: Supervisor) -> None:
    daemon = psutil.Process(int((supervisor.directory / "supervisord.pid").read_text()))
    daemon.kill()
    daemon.wait(PATIENCE_SECONDS)


def test_what_a_killed_supervisor_left_is_ended_and_a_bystander_is_not(stack: Supervisor) -> None:
    left = processes(stack)
    assert len(left) == 4
    # A shell in the stack's folder, with a name of its files on the command line, is none of its servers.
    command = [sys.executable, "-c", "import time; time.sleep(600)", str(stack.configuration)]
    bystander = subprocess.Popen(command, cwd=stack.directory)
    try:
        kill_supervisor(stack)
        assert all(process.is_running() for process in left)
        stack.shut_down()
        _, alive = psutil.wait_procs(left, timeout=0)
        assert alive == []
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_supervisor_that_lost_its_socket_is_ended_with_its_servers(stack: Supervisor) -> None:
    daemon = psutil.Process(int((stack.directory / "supervisord.pid").read_text()))
    left = [*processes(stack), daemon]
    stack.socket.unlink()
    stack.shut_down()
    _, alive = psutil.wait_procs(left, timeout=0)
    assert alive == []


def test_what_cannot_be_ended_is_named(stack: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    left = processes(stack)
    kill_supervisor(stack)
    with monkeypatch.context() as patched:
        patched.setattr(leftovers, "_signal", lambda process, number: False)
        patched.setattr(leftovers, "KILLED_SECONDS", 0.1)
        with pytest.raises(TerminalError, match=rf"could not be ended: pid .*\b{left[0].pid}\b"):
            stack.shut_down()
    stack.shut_down()
    _, alive = psutil.wait_procs(left, timeout=0)
    assert alive == []


def test_the_supervisors_file_is_never_open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    real_open = os.open

    def note(path: str | Path, flags: int, mode: int = 0o777, **others: int) -> int:
        descriptor = real_open(path, flags, mode, **others)
        if Path(path).parent == tmp_path:
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor

    (tmp_path / "supervisord.conf").touch()
    (tmp_path / "supervisord.conf").chmod(0o666)
    monkeypatch.setattr(os, "open", note)
    monkeypatch.setattr(Supervisor, "is_running", lambda self: True)
    monkeypatch.setattr(Supervisor, "_reload", lambda self: None)
    monkeypatch.setattr(Supervisor, "states", lambda self: {})
    former = os.umask(0)
    try:
        Supervisor(tmp_path).start([])
    finally:
        os.umask(former)
    assert modes == [0o600]
    assert stat.S_IMODE((tmp_path / "supervisord.conf").stat().st_mode) == 0o600


def test_a_server_is_stopped_as_its_supervisor_would_have_done(tmp_path: Path) -> None:
    configuration = tmp_path / "supervisord.conf"
    configuration.write_text("[supervisord]\n[program:postgres]\nstopsignal=INT\n[program:kafka-1]\nstopsignal=TERM\n")
    assert leftovers._stop_signals(configuration) == {"postgres": signal.SIGINT, "kafka-1": signal.SIGTERM}
