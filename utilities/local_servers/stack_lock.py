"""One command at a time changes a stack of servers. Read before the environment exists: standard library only."""

import fcntl
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utilities.local_servers.places import make_place, refuse_foreign, unusable

ENTERED_BY_ALL = 0o711
READ_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH


@contextmanager
def alone(directory: Path, create: bool = False) -> Iterator[None]:
    """Keep other commands from the servers of `directory` during the block; one that is at work is waited for.

    The lock is on the directory itself, and ends with the process, however that ends. Whoever may read the directory
    can hold it, so others may only enter it. Where there is no directory, and none is to be created, there is nothing
    to hold. Raises TerminalError where it cannot be made or entered, or another account can change what is in it.
    """
    descriptor = _locked(directory, create)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(directory: Path, create: bool) -> int | None:
    state = directory.parent.parent
    while True:
        try:
            if create:
                make_place(directory, ENTERED_BY_ALL, state)
            else:
                refuse_foreign(directory, state)
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            _close_to_readers(descriptor)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unusable(directory, error) from error
        _lock(descriptor)
        # `clean` deletes the directory that it holds.
        if directory.exists() and directory.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
        os.close(descriptor)


def _close_to_readers(descriptor: int) -> None:
    """One of an earlier version, too."""
    found = os.fstat(descriptor)
    if found.st_uid == os.geteuid():
        os.fchmod(descriptor, stat.S_IMODE(found.st_mode) & ~READ_BY_OTHERS)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("millrace: another command starts or stops these servers: waiting for its end", file=sys.stderr)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
