"""What root and another user write for the servers, and where: no account can have the one do what only root may."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import TerminalError
from config.secret_settings import SecretSettings
from utilities.local_servers import elasticsearch, kafka_brokers, postgres
from utilities.local_servers import server as server_module
from utilities.local_servers.environment import ensure_secrets
from utilities.local_servers.places import make_place
from utilities.local_servers.server import (
    Server,
    own,
    read_as_server_user,
    refuse_closed,
    write_configuration,
)
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.stack import Stack
from utilities.local_servers.stack_lock import alone
from utilities.local_servers.supervision import section

IS_ROOT = os.geteuid() == 0
ACCOUNT = "daemon" if IS_ROOT else None
only_root = pytest.mark.skipif(not IS_ROOT, reason="whoever is not root has the servers run under the same account")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that every account may enter, which pytest's own are not."""
    monkeypatch.setattr(server_module, "server_user", lambda: ACCOUNT)
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def described(place: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Server]:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(place))
    monkeypatch.setenv("MILLRACE_STACK", "s")
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(place / ".env"))
    ensure_secrets(place / ".env")
    return {each.name: each for each in Stack(LocalServerSettings.load(), SecretSettings.load()).servers}


def test_a_running_elasticsearch_gets_the_roles_and_users_of_an_upgrade_and_can_always_read_them(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = described(place, monkeypatch)["elasticsearch"]
    configuration = running.directory / "config"
    make_place(running.directory)
    own(configuration)
    running.refresh()
    names = ("roles.yml", "users_roles", "users")
    complete = [(configuration / name).read_text() for name in names]
    inodes = [(configuration / name).stat().st_ino for name in names]
    for name, text in zip(names[:2], complete, strict=False):
        (configuration / name).write_text(text.partition("operator:")[0])
    running.refresh()
    assert [(configuration / name).read_text() for name in names] == complete
    owner = pwd.getpwnam(ACCOUNT).pw_uid if ACCOUNT else os.geteuid()
    found = [(configuration / name).stat() for name in names]
    assert {(each.st_uid, stat.S_IMODE(each.st_mode)) for each in found} == {(owner, 0o600)}
    # Another file in the place of the former one; that of the users, which had not changed, is left.
    assert [before != after.st_ino for before, after in zip(inodes, found, strict=True)] == [True, True, False]


@pytest.mark.parametrize(
    ("name", "module", "file"),
    [
        ("postgres", postgres, "postgresql.conf"),
        ("elasticsearch", elasticsearch, "elasticsearch.yml"),
        ("kafka-2", kafka_brokers, "broker.properties"),
    ],
)
def test_what_a_server_reads_at_its_start_restarts_it_where_it_has_changed(
    name: str, module: object, file: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = section(described(place, monkeypatch)[name])
    assert section(described(place, monkeypatch)[name]) == before
    if module is kafka_brokers:
        changed = place / file
        monkeypatch.setattr(module, "BROKER_PROPERTIES", changed)
        changed.write_text("message.max.bytes=7\n")
    else:
        shutil.copytree(module.CONFIGURATION, place / "config")  # type: ignore[attr-defined]
        monkeypatch.setattr(module, "CONFIGURATION", place / "config")
        (place / "config" / file).write_text("# of another version\n")
    server = described(place, monkeypatch)[name]
    assert section(server) != before
    directory = server.directory / "config" if name == "elasticsearch" else server.directory
    make_place(server.directory)
    own(directory)
    server.refresh()
    assert (directory / file).read_text() in ("# of another version\n", "message.max.bytes=7\n")


@pytest.mark.parametrize("mode", [0o1777, 0o700])
def test_a_place_that_is_there_keeps_its_mode_and_what_is_made_below_can_be_read_by_every_account(
    mode: int, tmp_path: Path
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    given.chmod(mode)
    former = os.umask(0o077)
    try:
        make_place(given)
        make_place(given / "state" / "stacks")
        make_place(given / "private", 0o700)
    finally:
        os.umask(former)
    places = (given, given / "state", given / "state" / "stacks", given / "private")
    assert [stat.S_IMODE(place.stat().st_mode) for place in places] == [mode, 0o755, 0o755, 0o700]


def test_the_first_command_makes_places_that_every_account_may_enter_whatever_the_umask(tmp_path: Path) -> None:
    former = os.umask(0o077)
    try:
        with alone(tmp_path / "state" / "stacks" / "s", create=True):
            pass
    finally:
        os.umask(former)
    places = [tmp_path / "state" / "stacks" / "s", tmp_path / "state" / "stacks", tmp_path / "state"]
    # Whoever may read a directory may lock it.
    assert [stat.S_IMODE(each.stat().st_mode) for each in places] == [0o711, 0o755, 0o755]
    places[0].chmod(0o755)
    with alone(places[0]):
        assert stat.S_IMODE(places[0].stat().st_mode) == 0o711


@only_root
def test_no_other_account_can_hold_the_lock_of_the_servers(place: Path) -> None:
    stack = place / "stacks" / "s"
    with alone(stack, create=True):
        pass
    refused = subprocess.run(
        ["flock", "--nonblock", str(stack), "true"],
        user=ACCOUNT,
        group=ACCOUNT,
        extra_groups=[],
        stderr=subprocess.PIPE,
    )
    assert (refused.returncode != 0, b"Permission denied" in refused.stderr) == (True, True)


@only_root
def test_a_place_that_the_servers_may_not_enter_is_refused_by_its_variable(tmp_path: Path) -> None:
    # Root's tests run in a directory that other accounts may not enter.
    refused = tmp_path / "below"
    refused.mkdir(mode=0o755)
    tmp_path.chmod(0o700)
    with pytest.raises(TerminalError, match=rf"^{refused}: the account daemon, .* MILLRACE_STATE_DIRECTORY$"):
        refuse_closed(refused, "daemon")
    refuse_closed(Path("/tmp"), "daemon")


@only_root
def test_a_program_in_a_folder_that_the_servers_may_not_enter_is_refused_by_its_folder(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a Java in root's home."""
    java, link = place / "closed" / "java-17", place / "programs" / "kafka-1-java"
    java.mkdir(parents=True)
    server = replace(described(place, monkeypatch)["kafka-1"], programs={link: lambda: java}, user="daemon")
    server.link_programs(again=True)
    java.parent.chmod(0o700)
    with pytest.raises(TerminalError, match=rf"^{java}: the account daemon, .* or have another one first on the PATH$"):
        server.link_programs(again=True)
    assert link.readlink() == java


@only_root
def test_root_follows_no_link_that_the_servers_account_has_made(place: Path) -> None:
    daemon = pwd.getpwnam("daemon").pw_uid
    secret, directory, other = place / "shadow", place / "postgres", place / "etc"
    secret.write_text("root")
    secret.chmod(0o600)
    other.mkdir()
    (directory / "data").mkdir(parents=True)
    (directory / "data" / "link").symlink_to(secret)
    (directory / "pg_hba.conf").symlink_to(secret)
    (directory / "config").symlink_to(other)
    for link in ("config", "pg_hba.conf"):
        os.lchown(directory / link, daemon, daemon)
    own(directory)
    assert read_as_server_user(directory / "pg_hba.conf") == ""
    write_configuration(directory, {"pg_hba.conf": "local"})
    with pytest.raises(TerminalError, match="Permission denied"):
        write_configuration(directory / "config", {"users": "mine"})
    # In a directory of its own the account can exchange any name for another at any moment.
    for path in (directory / "config", directory / "data"):
        with pytest.raises(TerminalError, match=f"^{directory}: belongs to another account"):
            own(path)
    assert (secret.stat().st_uid, secret.read_text()) == (0, "root")
    assert (other.stat().st_uid, list(other.iterdir())) == (0, [])
    given = [entry for entry in (directory, *directory.rglob("*")) if not entry.is_symlink()]
    assert {entry.stat().st_uid for entry in given} == {daemon}
    assert (directory / "pg_hba.conf").read_text() == "local"


def test_data_that_was_moved_to_another_disk_by_a_link_is_used_there(place: Path) -> None:
    (place / "disk").mkdir()
    (place / "postgres").symlink_to("disk")
    (place / "disk" / "data").mkdir()
    (place / "disk" / "data" / "PG_VERSION").touch()  # as from a backup, by root
    if ACCOUNT:
        with pytest.raises(TerminalError, match=f"account: chown -R {ACCOUNT}:$"):
            own(place / "postgres")
        shutil.chown(place / "disk", ACCOUNT)
    own(place / "postgres")
    found = [entry.stat() for entry in (place / "disk", *(place / "disk").rglob("*"))]
    assert {each.st_uid for each in found} == {pwd.getpwnam(ACCOUNT).pw_uid if ACCOUNT else os.geteuid()}
    assert (len(found), stat.S_IMODE(found[0].st_mode)) == (3, 0o700)
    shutil.rmtree(place / "disk")
    with pytest.raises(TerminalError, match="No such file or directory"):
        own(place / "postgres")
    (place / "disk").symlink_to("postgres")
    with pytest.raises(TerminalError, match="Too many levels of symbolic links"):
        own(place / "postgres")


@only_root
def test_what_else_is_on_a_disk_stays_whose_it_is(place: Path) -> None:
    disk = place / "disk"
    (disk / "www").mkdir(parents=True)
    (disk / "www" / "index.html").touch()
    shutil.chown(disk / "www" / "index.html", "www-data")
    (disk / "lost+found").mkdir()
    (place / "postgres").symlink_to(disk)

    def owners() -> list[tuple[int, int]]:
        return [(entry.stat().st_uid, entry.stat().st_mode) for entry in (disk, *sorted(disk.rglob("*")))]

    before = owners()
    with pytest.raises(TerminalError, match=f"^{disk}: a server's directory is a link to it, and it holds"):
        own(place / "postgres")
    assert owners() == before
    shutil.rmtree(disk / "www")
    for _ in range(2):  # the account may have had it before
        own(place / "postgres")
        assert (disk.stat().st_uid, (disk / "lost+found").stat().st_uid) == (pwd.getpwnam("daemon").pw_uid, 0)


@only_root
def test_a_disk_on_which_the_servers_account_can_exchange_the_data_is_refused(place: Path) -> None:
    (place / "disk").mkdir()
    shutil.chown(place / "disk", "daemon")
    (place / "disk" / "postgres").mkdir()
    (place / "postgres").symlink_to(place / "disk" / "postgres")
    with pytest.raises(TerminalError, match=f"^{place / 'disk'}: belongs to another account"):
        own(place / "postgres")


def test_elasticsearch_has_its_directories_where_one_is_a_link_too(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = described(place, monkeypatch)["elasticsearch"]
    own(server.directory)
    (place / "disk").mkdir()
    (server.directory / "data").symlink_to(place / "disk")
    (server.directory / "config").mkdir()
    (server.directory / "config" / "elasticsearch.keystore").touch()
    server.prepare()
    owner = pwd.getpwnam(ACCOUNT).pw_uid if ACCOUNT else os.geteuid()
    found = [(server.directory / name).stat() for name in ("config", "config/users", "log", "tmp")]
    assert {each.st_uid for each in found} == {owner}
    assert (place / "disk").stat().st_uid == os.geteuid()  # root gives nobody what a link inside leads to


def test_what_is_no_file_is_not_waited_for(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "READ_SECONDS", 0.2)
    own(place / "postgres")
    os.mkfifo(place / "postgres" / "users")
    if ACCOUNT:
        shutil.chown(place / "postgres" / "users", ACCOUNT)
    with pytest.raises(TerminalError, match="cannot be read"):
        read_as_server_user(place / "postgres" / "users")
