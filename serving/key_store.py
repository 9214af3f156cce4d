"""The keys of the warehouse, read anew every few seconds: so a revoked one is refused soon, and no request waits."""

import logging
import time
from collections.abc import Callable
from threading import Event, Thread

import psycopg
from psycopg.conninfo import make_conninfo

from kafka.waiting import Waiting
from serving.api_key import ApiKey, KeyRing, Kind
from serving.problem import Code, Problem
from serving.settings import ServingSettings

logger = logging.getLogger(__name__)

GOOD_KEYS = """
SELECT key_id, kind, name, secret_hash, feeds, events_per_second, burst, origins
FROM serving.api_key WHERE revoked_at IS NULL
"""
STATEMENT_SECONDS = 5


class KeyStore:
    """The keys as of at most `stale_seconds` ago; a thread of its own reads them."""

    def __init__(
        self,
        read: Callable[[], list[ApiKey]],
        refresh_seconds: float,
        stale_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._refresh_seconds, self._stale_seconds = read, refresh_seconds, stale_seconds
        self._clock = clock
        self._ring = KeyRing()
        self._read_at: float | None = None
        self._waiting = Waiting(logger, "the API waits for the warehouse, which has its keys")
        self._stop = Event()
        self._thread = Thread(target=self._run, name="keys", daemon=True)

    def start(self) -> None:
        """Begin to read; does not wait for the first answer."""
        self._thread.start()

    def close(self) -> None:
        """Read no more."""
        self._stop.set()

    def ring(self) -> KeyRing:
        """The keys that are good; raises Problem where they are not known well enough to let anybody in."""
        if not self.is_known:
            raise Problem(Code.KEYS_UNAVAILABLE, "the keys could not be read of late", (), self._refresh_seconds)
        return self._ring

    @property
    def is_known(self) -> bool:
        """Whether the keys were read of late."""
        return self._read_at is not None and self._clock() - self._read_at <= self._stale_seconds

    def refresh(self) -> None:
        """Read the keys once; what was known stays where the warehouse does not answer."""
        asked_at = self._clock()
        try:
            self._ring = KeyRing(self._read())
            self._read_at = asked_at
            self._waiting.over()
        except psycopg.Error as error:
            self._waiting.because(" ".join(str(error).split()))

    def _run(self) -> None:
        while not self._stop.is_set():
            self.refresh()
            self._stop.wait(self._refresh_seconds)


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
