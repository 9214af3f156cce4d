"""The real servers of a test run: one set, started once."""

from contextlib import AbstractContextManager
from pathlib import Path

from utilities.local_servers.ephemeral import ephemeral_stack
from utilities.local_servers.stack import Stack


def running_stack(directory: Path) -> AbstractContextManager[Stack]:
    """All servers, started and prepared; `directory` holds the environment file. Stopped and deleted at the end."""
    return ephemeral_stack(directory, "test-")
