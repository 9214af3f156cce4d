"""Nobody but root and we can change what the servers are started from, or what commands do with them."""

import os
import pwd
import shutil
import stat
import struct
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from config.errors import TerminalError
from config.secret_settings import SecretSettings
from utilities.command import servers_data
from utilities.local_servers import places
from utilities.local_servers.__main__ import main
from utilities.local_servers.environment import ensure_secrets
from utilities.local_servers.places import ACCESS_LIST, make_place, refuse_foreign
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.stack import Stack
from utilities.superset import server as superset

IS_ROOT = os.geteuid() == 0
OTHER, ANNA = (pwd.getpwnam(name).pw_uid for name in ("daemon", "games"))
only_root = pytest.mark.skipif(not IS_ROOT, reason="only root can give a directory to another account")


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that everybody may write into, as /tmp; pytest's own is below one of its user's."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o1777)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def anna(monkeypatch: pytest.MonkeyPatch, shared: Path) -> Path:
    """The home of an ordinary user, as whom we look."""
    home = shared / "home" / "anna"
    home.mkdir(parents=True)
    if IS_ROOT:
        os.chown(home, ANNA, pwd.getpwuid(ANNA).pw_gid)
        monkeypatch.setattr(os, "geteuid", lambda: ANNA)
    return home


@only_root
@pytest.mark.parametrize("foreign", [".", "state", "state/stacks", "state/stacks/s"])
@pytest.mark.parametrize("action", ["up", "down", "clean", "status", "logs", "stop kafka-1", "start kafka-1", "make"])
def test_no_command_uses_a_place_that_another_account_could_exchange(
    foreign: str, action: str, shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(shared / ".env"))
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(shared / "state"))
    monkeypatch.setenv("MILLRACE_STACK", "s")
    monkeypatch.setattr(Stack, "__init__", lambda *_: pytest.fail("the place was used"))
    monkeypatch.setattr(servers_data, "_shut_down", lambda _: pytest.fail("the place was used"))
    ensure_secrets(shared / ".env")
    (shared / "state" / "stacks" / "s").mkdir(parents=True)
    os.chown(shared / foreign, OTHER, OTHER)
    if action == "make":
        with pytest.raises(TerminalError, match="belongs to another account"):
            servers_data.delete_servers()
    else:
        assert main(action.split()) == 1
        told = f"{shared / foreign}: belongs to another account; the servers' place can be another one"
        assert told in capsys.readouterr().err


@only_root
@pytest.mark.parametrize("foreign", ["artifacts", "stacks/s/log"])
def test_no_server_is_installed_or_started_in_a_place_of_another_account(
    foreign: str, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(shared / ".env"))
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(shared))
    monkeypatch.setenv("MILLRACE_STACK", "s")
    monkeypatch.setattr(Stack, "ensure_artifacts", lambda _: pytest.fail("the place was used"))
    ensure_secrets(shared / ".env")
    (shared / foreign).mkdir(parents=True)
    os.chown(shared / foreign, OTHER, OTHER)
    with pytest.raises(TerminalError, match=f"^{shared / foreign}: belongs to another account"):
        Stack(LocalServerSettings.load(), SecretSettings.load()).up()


@only_root
def test_superset_keeps_no_secrets_in_a_place_of_another_account(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(shared / ".env"))
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(shared / "state"))
    ensure_secrets(shared / ".env")
    (shared / "state").mkdir()
    os.chown(shared / "state", OTHER, OTHER)
    monkeypatch.setattr(superset, "refuse_taken_port", lambda _: None)
    monkeypatch.setattr(superset, "warehouse_connection", lambda *_: nullcontext())
    monkeypatch.setattr(superset, "make", lambda _: 0)
    with pytest.raises(TerminalError, match=f"^{shared / 'state'}: belongs to another account"):
        superset.serve()
    assert list((shared / "state").iterdir()) == []


@only_root
def test_nothing_is_made_below_a_link_of_another_account(shared: Path) -> None:
    (shared / "etc").mkdir(mode=0o755)
    for target in (shared / "etc", shared / "none"):
        (shared / "state").symlink_to(target)
        os.lchown(shared / "state", OTHER, OTHER)
        with pytest.raises(TerminalError, match=rf"^{shared / 'state'}: belongs to another account"):
            make_place(shared / "state" / "stacks", state=shared / "state")
        (shared / "state").unlink()
    assert list((shared / "etc").iterdir()) == []


@only_root
def test_what_a_link_of_ours_leads_to_is_looked_at_too(shared: Path) -> None:
    (shared / "disk" / "state").mkdir(parents=True)
    (shared / "state").symlink_to("disk/../disk/state")
    refuse_foreign(shared / "state")
    os.chown(shared / "disk", OTHER, OTHER)
    with pytest.raises(TerminalError, match="disk: belongs to another account"):
        refuse_foreign(shared / "state")
    (shared / "here").symlink_to("there")
    (shared / "there").symlink_to("here")
    with pytest.raises(TerminalError, match="Too many levels of symbolic links"):
        refuse_foreign(shared / "here")


def test_a_place_that_everybody_may_write_into_is_refused_unless_only_its_owners_can_remove_what_is_there(
    shared: Path,
) -> None:
    make_place(shared / "state" / "stacks")
    shared.chmod(0o777)
    with pytest.raises(TerminalError, match=f"^{shared}: others may write into it; .* MILLRACE_STATE_DIRECTORY$"):
        refuse_foreign(shared / "state" / "stacks")


def test_what_an_earlier_version_left_open_is_closed_below_the_state_directory_alone(shared: Path) -> None:
    stack = shared / "state" / "stacks" / "s"
    stack.mkdir(parents=True)
    (shared / "state").chmod(0o1777)
    for place in (stack, stack.parent):
        place.chmod(0o777)
    refuse_foreign(stack, shared / "state")
    modes = [stat.S_IMODE(place.stat().st_mode) for place in (stack, stack.parent, shared / "state")]
    assert modes == [0o755, 0o755, 0o1777]


@only_root
@pytest.mark.parametrize("group", [7, 54321])
def test_no_group_but_roots_may_write_into_roots_parents(group: int, shared: Path) -> None:
    """As Debian's /var/local, and one whose group neither passwd nor group lists."""
    parent = shared / "local"
    parent.mkdir()
    os.chown(parent, 0, group)
    parent.chmod(0o2775)
    with pytest.raises(TerminalError, match="others may write into it"):
        refuse_foreign(parent)
    os.chown(parent, 0, 0)
    refuse_foreign(parent)


@only_root
def test_whom_an_access_list_lets_write_is_seen(shared: Path) -> None:
    shared.chmod(0o775)
    refuse_foreign(shared)
    # user::rwx, user:OTHER:rwx, group::r-x, mask::rwx, other::r-x: the mode shows the mask as the group's.
    entries = [(1, 7, -1), (2, 7, OTHER), (4, 5, -1), (16, 7, -1), (32, 5, -1)]
    try:
        os.setxattr(
            shared, ACCESS_LIST, struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *each) for each in entries)
        )
    except OSError:
        pytest.skip("the file system has no access lists")
    assert stat.S_IMODE(shared.stat().st_mode) == 0o775
    with pytest.raises(TerminalError, match=f"others may write into it; .*chmod g-w,o-w {shared}"):
        refuse_foreign(shared)


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o775])
def test_an_ordinary_user_has_the_servers_in_a_home_that_a_group_may_write_into(mode: int, anna: Path) -> None:
    anna.chmod(mode)
    refuse_foreign(anna / ".local")
    anna.chmod(0o777)
    with pytest.raises(TerminalError, match="others may write into it"):
        refuse_foreign(anna)


@only_root
def test_a_shared_parent_whose_group_could_exchange_a_home_is_refused(anna: Path) -> None:
    anna.parent.chmod(0o775)
    refuse_foreign(anna)
    os.chown(anna.parent, 0, 7)
    with pytest.raises(TerminalError, match=f"^{anna.parent}: others may write into it"):
        refuse_foreign(anna)


@only_root
def test_whoever_owns_everything_owns_the_parents_too(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose root directory belongs to the account that built it, and may have any mode."""
    os.chown(shared, OTHER, OTHER)
    found = Path.lstat

    def of_other(path: Path) -> os.stat_result:
        here = found(path)
        return os.stat_result((0o40777, *here[1:4], OTHER, *here[5:])) if path == Path("/") else here

    with pytest.raises(TerminalError, match="belongs to another account"):
        refuse_foreign(shared)
    monkeypatch.setattr(Path, "lstat", of_other)
    monkeypatch.setattr(places, "is_trusted", lambda account: account in (0, OTHER))
    refuse_foreign(shared)
