"""Where the local servers keep their state. Read before the environment exists: standard library only."""

import errno
import hashlib
import os
import shlex
import shutil
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from config.errors import ConfigurationError, TerminalError
from config.printable import printable

WRITTEN_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
MOST_LINKS_TOLD = 10
ACCESS_LIST = "system.posix_acl_access"
NAMED_ENTRIES = (0x02, 0x08)
"""ACL_USER and ACL_GROUP of linux/posix_acl.h; behind the version (4 bytes) come tag, rights and id of each entry."""
PROGRAMS = "programs"
"""The folder of a stack with links to what its servers run."""
CHECKOUT = Path(__file__).resolve().parent.parent.parent


def state_directory(given: str | None) -> Path:
    """`MILLRACE_STATE_DIRECTORY` as it is `given`, `~` being the user's home; the default where there is none.

    Raises ConfigurationError for a place that would be another one for whoever starts elsewhere.
    """
    if not given:
        return default_state_directory()
    try:
        place = Path(given).expanduser()
    except RuntimeError:  # no such user
        place = Path(given)
    if not place.is_absolute():
        raise ConfigurationError("MILLRACE_STATE_DIRECTORY", f"should be a path from / or ~ (got {given!r})")
    return place


def default_state_directory() -> Path:
    """`/var/lib/millrace` for root, whose servers run as another user; else the user's own data directory."""
    if os.geteuid() == 0:
        return Path("/var/lib/millrace")
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "millrace"


def default_stack(environment_file: Path) -> str:
    """A name for the servers of `environment_file`, so that two checkouts never share data."""
    digest = hashlib.sha256(str(environment_file.resolve()).encode()).hexdigest()
    return f"{CHECKOUT.name}-{digest[:8]}"


def stack_directory(state_directory: Path, stack: str) -> Path:
    """Data, logs and rendered configuration of one checkout's servers.

    Raises ConfigurationError where `stack` is no name.
    """
    if stack in ("", ".", "..") or "/" in stack:
        raise ConfigurationError("MILLRACE_STACK", f"should be a name, not a path (got {stack!r})")
    return state_directory / "stacks" / stack


def make_place(directory: Path, mode: int = 0o755, state: Path | None = None) -> None:
    """Make a directory, by default one that every account may read, and leave one that is there as it is.

    So too what it stands in, whatever the umask. Raises TerminalError where that cannot be, and as `refuse_foreign`.
    """
    try:
        for place in reversed((directory, *directory.parents)):
            if not place.exists():
                with suppress(FileExistsError):  # another command makes it now
                    place.mkdir(mode)  # at no moment open to more
                    place.chmod(mode if place == directory else 0o755)
            _refuse_foreign(place, state)
        if not directory.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))
    except OSError as error:
        raise unusable(directory, error) from error


def refuse_foreign(directory: Path, state: Path | None = None) -> None:
    """Raise TerminalError where another account than root or ours can change what is there, as sshd's StrictModes does.

    Looks at each directory of the path and at what the links in it lead to, as far as it is there. Of our own below
    `state` others lose the right to write: an earlier version has left it to them where the umask does.
    """
    try:
        for place in reversed((directory, *directory.parents)):
            _refuse_foreign(place, state)
    except FileNotFoundError:
        return
    except OSError as error:
        raise unusable(directory, error) from error


def is_trusted(account: int) -> bool:
    """Whether what this account does may decide what ours does: root, we, and who can exchange all there is below /."""
    return account in (0, os.geteuid(), Path("/").stat().st_uid)


def _refuse_foreign(place: Path, state: Path | None) -> None:
    """As `refuse_foreign`, of one place; what it stands in has been looked at."""
    found = place.lstat()
    if place == place.parent:  # whoever can change / can change the programs, too
        return
    if not is_trusted(found.st_uid):
        raise _foreign(place, "belongs to another account")
    if stat.S_ISLNK(found.st_mode):
        place.stat()  # not in a circle
        refuse_foreign(place.parent / place.readlink())
    elif state in place.parents and found.st_uid == os.geteuid() and found.st_mode & WRITTEN_BY_OTHERS:
        place.chmod(stat.S_IMODE(found.st_mode) & ~WRITTEN_BY_OTHERS)
    elif _others_may_exchange(place, found):
        # Servers may run there, which nobody finds any more where the commands are sent to another place.
        raise TerminalError(
            f"{place}: others may write into it; take that from them (chmod g-w,o-w {shlex.quote(str(place))}), or,"
            " where no servers were started yet, give them another place: MILLRACE_STATE_DIRECTORY"
        )


def _foreign(place: Path, why: str) -> TerminalError:
    return TerminalError(f"{place}: {why}; the servers' place can be another one: MILLRACE_STATE_DIRECTORY")


def _others_may_exchange(place: Path, found: os.stat_result) -> bool:
    """Whether accounts that are not trusted can put something else in the place of what is in a directory.

    Not where it is sticky, as /tmp. A group is no danger where it is root's and no list names others, who have the
    group's rights; who is in another nobody can list, as in one of a domain. And whom somebody but root lets write into
    his own home has all of his account.
    """
    if found.st_mode & stat.S_ISVTX or not found.st_mode & WRITTEN_BY_OTHERS:
        return False
    if found.st_mode & stat.S_IWOTH:
        return True
    is_ours = found.st_uid == os.geteuid() != 0
    return (not is_ours and found.st_gid != 0) or _lets_others_write(place)


def _lets_others_write(place: Path) -> bool:
    """Whether a POSIX access control list lets accounts or groups write whom the mode does not name."""
    try:
        listed = os.getxattr(place, ACCESS_LIST)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENODATA):
            return False
        raise
    return any(tag in NAMED_ENTRIES and rights & 2 for tag, rights, _ in struct.iter_unpack("<HHI", listed[4:]))


def unusable(directory: Path, error: OSError) -> TerminalError:
    """What to say of a place that cannot be made or entered."""
    told = f"{error.filename or directory}: {error.strerror}"
    return TerminalError(f"{told}; the servers' place can be another one: MILLRACE_STATE_DIRECTORY")


def delete_stack(directory: Path) -> None:
    """Delete what the stopped servers of a checkout have left; raises TerminalError where that cannot be.

    So too where data may be elsewhere, behind links: who made them, and what else is there, is for a person to judge.
    """
    if links := list(islice(_links_out_of(directory), MOST_LINKS_TOLD)):
        raise TerminalError(
            "the servers are stopped, but nothing was deleted, as links lead to other places:"
            f" {'; '.join(map(printable, links))}; if the servers' data is there, delete it, then the links, and run"
            " clean again"
        )
    shutil.rmtree(directory, ignore_errors=True)
    if directory.exists():
        raise TerminalError(f"the servers are stopped, but {directory} could not be deleted: delete it as its owner")
    print("millrace: the servers are stopped and their data is deleted")


def _links_out_of(directory: Path) -> Iterator[str]:
    """Each link that leads out of a stack's directory, with its target, but for those to the programs."""
    here = directory.resolve()
    if directory.is_symlink():
        yield f"{directory} -> {here}"
    for folder, names, files in os.walk(here):
        if Path(folder) == here / PROGRAMS:
            names.clear()
            continue
        for link in (Path(folder, name) for name in (*names, *files)):
            if link.is_symlink() and not Path(os.path.realpath(link)).is_relative_to(here):
                yield f"{link} -> {link.readlink()}"
