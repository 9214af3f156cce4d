"""The keys of the warehouse, read anew every few seconds: so a revoked one is refused soon, and no request waits."""

import time
from collections.abc import Callable

import psycopg
from psycopg.conninfo import make_conninfo

from serving.api_key import ApiKey, KeyRing, Kind
from serving.periodic import Periodic
from serving.problem import Code, Problem
from serving.settings import ServingSettings

GOOD_KEYS = """
SELECT key_id, kind, name, secret_hash, feeds, events_per_second, burst, origins
FROM serving.api_key WHERE revoked_at IS NULL
"""
STATEMENT_SECONDS = 5


class KeyStore(Periodic[KeyRing]):
    """The keys as of at most `stale_seconds` ago; a thread of its own reads them."""

    def __init__(
        self,
        read: Callable[[], list[ApiKey]],
        refresh_seconds: float,
        stale_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        what = "the warehouse, which has its keys"
        super().__init__(what, lambda: KeyRing(read()), refresh_seconds, stale_seconds, clock)
        self._retry_seconds = refresh_seconds

    def ring(self) -> KeyRing:
        """The keys that are good; raises Problem where they are not known well enough to let anybody in."""
        if (ring := self.value) is None:
            raise Problem(Code.KEYS_UNAVAILABLE, "the keys could not be read of late", (), self._retry_seconds)
        return ring

    @property
    def is_known(self) -> bool:
        """Whether the keys were read of late."""
        return self.value is not None


class WarehouseKeys:
    """Reads the keys with the API's own login, which may do nothing else; keeps its connection."""

    def __init__(self, settings: ServingSettings) -> None:
        self._address = make_conninfo(
            host=settings.postgres_host,
            port=settings.postgres_port,
            dbname=settings.postgres_db,
            user=settings.postgres_api_user,
            password=settings.postgres_api_password.get_secret_value(),
            connect_timeout=STATEMENT_SECONDS,
            options=f"-c statement_timeout={STATEMENT_SECONDS}s",
            # A server that is gone without a word is noticed before the keys are stale.
            keepalives_idle=5,
            keepalives_interval=5,
            keepalives_count=2,
            tcp_user_timeout=10_000,
            application_name="millrace-api",
        )
        self._connection: psycopg.Connection | None = None

    def __call__(self) -> list[ApiKey]:
        """All keys that are not revoked; raises psycopg.Error."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._address, autocommit=True)
        try:
            rows = self._connection.execute(GOOD_KEYS).fetchall()
        except psycopg.Error:
            self._connection.close()
            raise
        return [_key(*row) for row in rows]


def _key(
    key_id: str,
    kind: str,
    name: str,
    secret_hash: bytes,
    feeds: list[str],
    events_per_second: float,
    burst: int,
    origins: list[str],
) -> ApiKey:
    rate = float(events_per_second)
    return ApiKey(key_id, Kind(kind), name, bytes(secret_hash), frozenset(feeds), rate, burst, frozenset(origins))
