"""Where the servers' state is: the same place for every command, or one line that says why there can be none."""

from pathlib import Path

import pytest

from config.errors import ConfigurationError, TerminalError
from config.secret_settings import SecretSettings
from utilities.command import servers_data
from utilities.local_servers import actions
from utilities.local_servers.__main__ import main
from utilities.local_servers.environment import ensure_secrets
from utilities.local_servers.places import delete_stack
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.stack import Stack
from utilities.local_servers.supervision import LONGEST_SOCKET_PATH, Supervisor


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of an environment file of its own; none of its commands starts a server."""
    path = tmp_path / ".env"
    ensure_secrets(path)
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(path))
    monkeypatch.setenv("MILLRACE_STACK", "s")
    monkeypatch.setattr(Stack, "servers", [])
    monkeypatch.setattr(Stack, "ensure_artifacts", lambda _: None)
    monkeypatch.setattr(actions, "bootstrap", lambda *_, **__: None)
    return path


def test_a_place_in_the_users_home_is_the_same_for_every_command(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with environment.open("a") as file:
        file.write("MILLRACE_STATE_DIRECTORY=~/state\n")
    assert LocalServerSettings.load().stack_directory == tmp_path / "state" / "stacks" / "s"
    assert servers_data._stack_directory() == tmp_path / "state" / "stacks" / "s"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("MILLRACE_STATE_DIRECTORY", "state", "should be a path from / or ~ (got 'state')"),
        ("MILLRACE_STATE_DIRECTORY", "~no-such-user/state", "should be a path from / or ~"),
        ("MILLRACE_STACK", "..", "should be a name, not a path (got '..')"),
        ("MILLRACE_STACK", "a/b", "should be a name, not a path"),
    ],
)
def test_what_is_no_place_is_refused_by_name(
    environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    told: str,
) -> None:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    for action in ("up", "clean"):
        assert main([action]) == 1
        assert f"{variable}: {told}" in capsys.readouterr().err
    with pytest.raises(ConfigurationError, match=variable):
        servers_data.delete_servers()
    assert list(tmp_path.iterdir()) == [environment]


def test_a_place_too_long_for_a_socket_is_refused_by_name(
    environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path / ("x" * LONGEST_SOCKET_PATH)))
    assert main(["up"]) == 1
    assert "MILLRACE_STATE_DIRECTORY: should be " in capsys.readouterr().err
    assert main(["down"]) == 0


def test_the_longest_place_that_is_taken_has_a_socket_for_every_pid(tmp_path: Path) -> None:
    spare = LONGEST_SOCKET_PATH - len("/supervisor.sock.4194304") - len(str(tmp_path))
    directory = tmp_path / ("x" * (spare - 1))
    with pytest.raises(ConfigurationError, match="should be 1 bytes shorter"):
        Supervisor(directory.with_name(directory.name + "x")).refuse_long_place()
    supervisor = Supervisor(directory)
    supervisor.refuse_long_place()
    (directory / "log").mkdir(parents=True)
    try:
        supervisor.start([])
        assert supervisor.is_running()
    finally:
        supervisor.shut_down()


@pytest.mark.parametrize("in_the_way", [".", "stacks", "stacks/s"])
def test_a_place_that_cannot_be_made_is_one_line(
    environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    in_the_way: str,
) -> None:
    state = tmp_path / "state"
    file = state / in_the_way
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(state))
    for action in ("up", "down"):
        assert main([action]) == 1
        assert f"{file}" in (said := capsys.readouterr().err)
        assert "the servers' place can be another one: MILLRACE_STATE_DIRECTORY" in said


def test_a_place_for_programs_that_cannot_be_made_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path))
    ensure_secrets(tmp_path / ".env")
    (tmp_path / "artifacts").touch()
    with pytest.raises(TerminalError, match=r"artifacts: .*MILLRACE_STATE_DIRECTORY"):
        Stack(LocalServerSettings.load(), SecretSettings.load()).ensure_artifacts()


def test_data_is_deleted_unless_some_may_be_elsewhere(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path / "state"))
    stack, disk = tmp_path / "state" / "stacks" / "s", tmp_path / "disk"
    programs, data = stack / "programs", stack / "postgres" / "data"
    for folder in (programs, data, disk / "pg_wal"):
        folder.mkdir(parents=True)
    (disk / "pg_wal" / "0001").write_text("anna@example.com")
    (programs / "postgres").symlink_to("/usr/bin")
    (data / "same").symlink_to("../data")
    links = {stack / "mongodb": disk, data / "pg_wal": disk / "pg_wal", data / "PG_VERSION": disk / "\n\x1b[2J"}
    for link, target in links.items():
        link.symlink_to(target)
    for delete in (lambda: main(["clean"]), servers_data.delete_servers):
        try:
            delete()
            said = capsys.readouterr().err
        except TerminalError as error:
            said = str(error)
        told = [f"{link} -> {target}" for link, target in links.items()]
        told[-1] = told[-1].replace("\n", "\\u000a").replace("\x1b", "\\u001b")
        assert "nothing was deleted" in said and all(one in said for one in told)
        assert "programs" not in said and "same" not in said
        assert (disk / "pg_wal" / "0001").exists() and data.exists()
    for link in links:
        link.unlink()
    assert main(["clean"]) == 0
    assert "their data is deleted" in capsys.readouterr().out
    assert not stack.exists()


def test_a_stack_that_is_itself_a_link_is_not_said_to_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "s").symlink_to(tmp_path / "disk")
    with pytest.raises(TerminalError, match=f"nothing was deleted, .*: {tmp_path / 's'} -> {tmp_path / 'disk'};"):
        delete_stack(tmp_path / "s")
    assert (tmp_path / "disk").exists()
