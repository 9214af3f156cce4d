"""What the supervisor and the status table need to know of one server."""

import hashlib
import os
import pwd
import stat
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from config.errors import TerminalError
from utilities.local_servers.places import is_trusted, make_place, unusable

SERVER_USER = "millrace"
MOST_CONFIGURATION_BYTES = 10**6
READ_SECONDS = 10
OF_THE_DISK = "lost+found"
"""What a file system has in its first directory, for root alone."""
_WRITE = 'umask 077; cat > "$2" && mv -fT "$2" "$1"'
ANOTHER_PLACE = "give the servers another place: MILLRACE_STATE_DIRECTORY"
READY_SECONDS = 180
"""How long servers that were started may take to answer a login."""


@dataclass(frozen=True)
class Server:
    """One supervised process.

    `ports` maps each port to the variable that sets it. `programs` links to what is found on the caller's PATH:
    `command` and `environment` name the link, so that a caller with another PATH describes the same server. `prepare`
    makes the data directory at the first start, and the configuration at every start; `refresh` writes the
    configuration of a server that runs, which reads some of it without being started again; `ready` sends one
    authenticated request and raises any exception while the server cannot answer it. `user` is the account it runs
    under, None for ours.
    """

    name: str
    address: str
    version: str
    command: Sequence[str]
    directory: Path
    ports: Mapping[int, str]
    prepare: Callable[[], None]
    ready: Callable[[], None]
    refresh: Callable[[], None] = lambda: None
    environment: Mapping[str, str] = field(default_factory=dict)
    programs: Mapping[Path, Callable[[], Path]] = field(default_factory=dict)
    user: str | None = None
    stop_signal: str = "TERM"
    stop_seconds: int = 60

    @property
    def log(self) -> Path:
        """Standard output and error of the process, rotated by the supervisor."""
        return self.directory.parent / "log" / f"{self.name}.log"

    def link_programs(self, again: bool) -> None:
        """Make each link of `programs` that is missing or leads nowhere, or all `again`.

        Raises TerminalError where a program is not found or the server's account may not enter its folder; its former
        link is left.
        """
        for link, find in self.programs.items():
            if again or not link.exists():
                found = find()
                if self.user:
                    refuse_closed(found, self.user, "have another one first on the PATH")
                make_place(link.parent)
                link.parent.chmod(0o755)
                partial = link.with_name(f"{link.name}.partial")
                partial.unlink(missing_ok=True)
                partial.symlink_to(found)
                partial.replace(link)


@cache
def server_user() -> str | None:
    """The account that the servers run under: a system user when we are root, else ourselves (None)."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SERVER_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", SERVER_USER]
        subprocess.run(command, check=True)
    return SERVER_USER


def refuse_closed(place: Path, user: str, otherwise: str = ANOTHER_PLACE) -> None:
    """Raise TerminalError where the servers' account `user`, another than ours, may not enter `place`.

    `otherwise` is what helps besides opening it.
    """
    enters = subprocess.run(["test", "-x", str(place)], env={"PATH": os.defpath}, **_as_account(user))
    if enters.returncode != 0:
        raise TerminalError(
            f"{place}: the account {user}, as which the servers run, may not enter it or what it stands in; give these"
            f" directories mode 755, or {otherwise}"
        )


def write_configuration(directory: Path, files: Mapping[str, str]) -> None:
    """Write what differs of these files (name -> text), for the server account alone.

    By that account: in a directory of its own it may have put a link to anything, which root would follow.
    """
    for name, text in files.items():
        path = directory / name
        if read_as_server_user(path) != text:
            run_as_server_user(["sh", "-c", _WRITE, "sh", str(path), f"{path}.{os.getpid()}.partial"], stdin=text)


def read_as_server_user(path: Path) -> str:
    """What a file of a server's own directory holds, as far as its account may read it; empty where there is none."""
    command = ["head", "--bytes", str(MOST_CONFIGURATION_BYTES), str(path)]
    try:
        read: subprocess.CompletedProcess[bytes] = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=READ_SECONDS,
            **_as_account(server_user()),
        )
    except subprocess.TimeoutExpired as error:
        raise TerminalError(f"{path} cannot be read: it is no file") from error
    return read.stdout.decode(errors="replace")


def digest_of(files: Mapping[str, str]) -> dict[str, str]:
    """A variable for the environment of a server that reads these files only at its start: another text restarts it."""
    text = "".join(f"{name}\n{text}\n" for name, text in sorted(files.items()))
    return {"MILLRACE_CONFIGURATION": hashlib.sha256(text.encode()).hexdigest()[:16]}


def own(path: Path, is_linked: bool = False) -> None:
    """Give `path`, a server's directory, which is made where it is missing, and all below it to the server account.

    Closed to others. A link that root or we have made leads to its place elsewhere; links below it are followed, and
    given to the account, by nobody. Raises TerminalError for a link of another account, where one could exchange what
    it leads to, and where that `is_linked` to holds what is not the account's: it may be more than a server's data.
    """
    make_place(path.parent)
    try:
        if path.is_symlink() and is_trusted(path.lstat().st_uid):
            path.stat()  # not in a circle, and a disk that is not there now has the data
            return own(path.parent / path.readlink(), is_linked=True)
        path.mkdir(mode=0o700, exist_ok=True)
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise unusable(path, error) from error
    try:
        user = server_user()
        account = pwd.getpwnam(user) if user else None
        if is_linked and account and not _is_for(account.pw_uid, directory):
            raise TerminalError(
                f"{path}: a server's directory is a link to it, and it holds what is not the servers': link to an empty"
                f" directory of its own; where all in it is the server's data, give it to the account: chown -R {user}:"
            )
        os.fchmod(directory, 0o700)
        if account:
            _give(directory, account.pw_uid, account.pw_gid)
    finally:
        os.close(directory)


def _is_for(account: int, directory: int) -> bool:
    """Whether a directory is the account's already, or empty as a new disk is."""
    return os.fstat(directory).st_uid == account or set(os.listdir(directory)) <= {OF_THE_DISK}


def _give(directory: int, account: int, group: int) -> None:
    for folder, names, files, place in os.fwalk(".", dir_fd=directory):
        if folder == "." and OF_THE_DISK in names:
            names.remove(OF_THE_DISK)
        for name in (".", *files):
            if not stat.S_ISLNK(os.stat(name, dir_fd=place, follow_symlinks=False).st_mode):
                os.chown(name, account, group, dir_fd=place, follow_symlinks=False)


def _as_account(user: str | None) -> dict[str, Any]:
    """How `subprocess` runs a command as another account, without our groups and directory; None is ours."""
    return {"user": user, "group": user, "extra_groups": [] if user else None, "cwd": "/"}


def run_as_server_user(command: Sequence[str], environment: Mapping[str, str] | None = None, stdin: str = "") -> None:
    """Run a preparation step to its end as the server account; raises TerminalError with its last line of output."""
    result = subprocess.run(
        list(command),
        env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **(environment or {})},
        input=stdin,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **_as_account(server_user()),
    )
    if result.returncode != 0:
        last = result.stdout.strip().splitlines()[-1:] or ["no output"]
        raise TerminalError(f"{Path(command[0]).name} failed with status {result.returncode}: {last[0]}")
