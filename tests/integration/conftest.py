"""Fixtures of the tests that need a warehouse without a pipeline."""

import itertools
import os
from collections.abc import Iterator

import pytest

from tests.empty_database import Database, empty_database, empty_warehouse
from utilities.local_servers.stack import Stack

_numbers = itertools.count(1)


@pytest.fixture
def database(servers: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An empty database, which Alembic's settings name."""
    name = f"empty_{os.getpid()}"
    monkeypatch.setenv("POSTGRES_DB", name)
    with empty_database(servers, name) as database:
        yield database


@pytest.fixture
def warehouse(servers: Stack) -> Iterator[Database]:
    """A migrated warehouse without rows."""
    with empty_warehouse(servers, f"warehouse_{os.getpid()}_{next(_numbers)}") as database:
        yield database
