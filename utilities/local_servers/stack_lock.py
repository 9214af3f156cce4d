"""One command at a time changes a stack of servers. Read before the environment exists: standard library only."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utilities.local_servers.places import make_place, refuse_foreign, unusable


@contextmanager
def alone(directory: Path, create: bool = False) -> Iterator[None]:
    """Keep other commands from the servers of `directory` during the block; one that is at work is waited for.

    The lock is on the directory itself, and ends with the process, however that ends. Where there is no directory, and
    none is to be created, there is nothing to hold. Raises TerminalError where it cannot be made or entered.
    """
    descriptor = _locked(directory, create)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(directory: Path, create: bool) -> int | None:
    while True:
        try:
            if create:
                make_place(directory)
                for place in (directory.parent, directory):
                    refuse_foreign(place)
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unusable(directory, error) from error
        _lock(descriptor)
        # `clean` deletes the directory that it holds.
        if directory.exists() and directory.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("millrace: another command starts or stops these servers: waiting for its end", file=sys.stderr)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
