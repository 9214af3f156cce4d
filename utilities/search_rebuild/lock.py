"""One rebuild of an alias at a time: a lock at the warehouse, which a killed process loses with its connection.

Two would write over each other's checkpoints, and the slower one into what the faster one has put behind the alias.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from config.errors import UnderWayError
from config.operator_logins import WarehouseSettings
from utilities.stores.warehouse import warehouse_connection


@contextmanager
def alone(alias: str) -> Iterator[Callable[[], None]]:
    """Hold the lock in the block, which gets a function that raises where the lock is lost.

    Raises UnderWayError where another process has it.
    """
    settings = WarehouseSettings.load()
    number = int.from_bytes(hashlib.sha256(f"rebuild of {alias}".encode()).digest()[:8], signed=True)
    with warehouse_connection(settings, settings.postgres_user, settings.postgres_password) as connection:
        connection.autocommit = True
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [number]).fetchone()
        if row is None or not row[0]:
            raise UnderWayError(f"{alias} is being rebuilt by another process")

        def stay_alone() -> None:
            # Where the connection is lost, so is the lock, and asking raises.
            connection.execute("SELECT 1")

        yield stay_alone
