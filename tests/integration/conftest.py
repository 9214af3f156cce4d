"""Fixtures of the tests that need a warehouse without a pipeline."""

import os
from collections.abc import Iterator

import pytest

from tests.empty_database import Database, empty_database
from utilities.local_servers.stack import Stack


@pytest.fixture
def database(servers: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An empty database, which Alembic's settings name."""
    name = f"empty_{os.getpid()}"
    monkeypatch.setenv("POSTGRES_DB", name)
    with empty_database(servers, name) as database:
        yield database
