"""Where the local servers keep their state. Read before the environment exists: standard library only."""

import errno
import hashlib
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from config.errors import ConfigurationError, TerminalError

WRITTEN_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
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


def make_place(directory: Path, mode: int = 0o755) -> None:
    """Make a directory, by default one that every account may read, and leave one that is there as it is.

    So too what it stands in, whatever the umask. Raises TerminalError where that cannot be.
    """
    try:
        for place in reversed((directory, *directory.parents)):
            if not place.exists():
                with suppress(FileExistsError):  # another command makes it now
                    place.mkdir()
                    place.chmod(mode if place == directory else 0o755)
        if not directory.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))
    except OSError as error:
        raise unusable(directory, error) from error


def refuse_foreign(place: Path) -> None:
    """Raise TerminalError where another account than root or ours can change what is in `place`, which is there.

    Of a link, root or we must have made it and what it leads to. Others lose the right to write into what is ours: an
    earlier version has left it to them where the umask does.
    """
    found = place.stat()
    if {found.st_uid, place.lstat().st_uid} - {0, os.geteuid()}:
        why = "belongs to another account"
    elif not found.st_mode & WRITTEN_BY_OTHERS:
        return
    elif found.st_uid == os.geteuid():
        place.chmod(stat.S_IMODE(found.st_mode) & ~WRITTEN_BY_OTHERS)
        return
    else:
        why = "others may write into it"
    raise TerminalError(f"{place}: {why}; the servers' place can be another one: MILLRACE_STATE_DIRECTORY")


def unusable(directory: Path, error: OSError) -> TerminalError:
    """What to say of a place that cannot be made or entered."""
    told = f"{error.filename or directory}: {error.strerror}"
    return TerminalError(f"{told}; the servers' place can be another one: MILLRACE_STATE_DIRECTORY")


def delete_stack(directory: Path) -> None:
    """Delete what the stopped servers of a checkout have left; raises TerminalError where that cannot be."""
    shutil.rmtree(directory, ignore_errors=True)
    if directory.exists():
        raise TerminalError(f"the servers are stopped, but {directory} could not be deleted: delete it as its owner")
    print("millrace: the servers are stopped and their data is deleted")
