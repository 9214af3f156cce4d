"""The real servers of a test run: one set, started once; or, for a quick look, those of `./millrace up`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.secret_settings import SecretSettings
from utilities.local_servers.ephemeral import ephemeral_stack
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.stack import Stack


@contextmanager
def running_stack(directory: Path) -> Iterator[Stack]:
    """All servers, started and prepared, stopped and deleted at the end; `directory` holds the environment file.

    `TEST_SERVERS=running` takes those of `./millrace up`, whose warehouse must be migrated; tests that stop a server
    are not for that.
    """
    if os.environ.get("TEST_SERVERS") == "running":
        yield Stack(LocalServerSettings.load(), SecretSettings.load())
    else:
        with ephemeral_stack(directory, "test-") as stack:
            yield stack
