"""`./millrace live-copy [--follow]`: the live windows from the warehouse to Redis (serving/query/live_copy.py).

Each round reads one snapshot of the warehouse and writes, in one transaction of Redis, every window that batches after
the copy's position have changed, whole and absolute, and that position. Whoever is killed in between, or writes twice,
changes nothing. Where Redis has lost anything, or has the copy of another warehouse or stream, all is copied anew. The
stream knows nothing of it.
"""

import argparse
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from threading import Event
from typing import Any

import orjson
import psycopg
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, WatchError

from config.command_line import run_command
from config.errors import AccessError, ConfigurationError, UnavailableError
from kafka.signals import stop_on_signals
from kafka.waiting import Waiting
from serving.query.live_copy import (
    FRESH_SECONDS,
    KEPT_MINUTES,
    KEPT_SECONDS,
    NOW,
    POSITION,
    Now,
    members_key,
    redis_client,
    window_key,
)
from serving.query.live_store import anomalies_of, stream_of, tops_of
from serving.query.metric_names import LARGE_DIMENSIONS
from serving.query.parameters import at
from serving.query.settings import WarehouseReaderSettings
from serving.query.warehouse import address_of

logger = logging.getLogger("millrace.live_copy")

ROUND_SECONDS = 0.5
PAUSE_SECONDS = 2.0
"""After a round that failed."""
SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
STREAM = "SELECT current_database(), taken, batch_id, extract(epoch FROM now())::float8 FROM live.stream"
CHANGED = """
SELECT extract(epoch FROM start)::bigint
FROM (
    SELECT window_start FROM live.window_total WHERE batch_id > %(batch_id)s
    UNION SELECT minute FROM live.quality WHERE batch_id > %(batch_id)s
    UNION SELECT window_start FROM live.window_metric WHERE batch_id > %(batch_id)s
) AS changed (start)
WHERE start >= %(since)s
"""
STILL_THERE = """
SELECT known
FROM unnest(%s::bigint[]) AS known, to_timestamp(known) AS start
WHERE EXISTS (SELECT FROM live.window_total WHERE window_start = start)
   OR EXISTS (SELECT FROM live.quality WHERE minute = start)
   OR EXISTS (SELECT FROM live.window_metric WHERE window_start = start)
"""
MOST_MEMBERS = 1000
"""Of a metric, dimension and window: a sender can make any number of them, and Redis has to hold them."""
ROWS = """
SELECT feed, metric, dimension, member, extract(epoch FROM window_start)::bigint, value, unit, is_closed, batch_id
FROM (
    SELECT *, row_number() OVER (
        PARTITION BY feed, metric, dimension, window_start ORDER BY value DESC NULLS LAST, member
    ) AS place
    FROM live.series
    WHERE window_start = ANY (%(windows)s)
) AS ranked
WHERE place <= %(most)s
"""
Hashes = Mapping[str, dict[Any, bytes]]


@dataclass(frozen=True)
class Position:
    """How far the copy is: of which warehouse and stream, up to which batch, and what lies in Redis."""

    source: Sequence[Any] = ()
    batch_id: int = -1
    since: float = float("inf")
    windows: Sequence[int] = ()
    keys: Sequence[str] = ()


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="live-copy", description="Copy the live windows to Redis (LIVE_REDIS_URL), for low-latency readers."
    )
    parser.add_argument("--follow", action="store_true", help="keep running, and copy what changes")
    return run_command(parser, lambda options: _run(options.follow), arguments)


def _run(follow: bool) -> None:
    settings = WarehouseReaderSettings.load()
    url = settings.live_redis_url.get_secret_value()
    if not url:
        raise ConfigurationError("LIVE_REDIS_URL", "is not set: the address of the Redis that windows are copied to")
    stop = stop_on_signals()
    with redis_client(url) as client:
        if follow:
            _follow(client, address_of(settings, "millrace-live-copy"), stop)
        else:
            _once(client, address_of(settings, "millrace-live-copy"))


def _once(client: Redis, address: str) -> None:
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            renew(client, connection)
    except (RedisError, psycopg.Error) as error:
        raise _refused(error) or UnavailableError(_told(error)) from error


def _follow(client: Redis, address: str, stop: Event) -> None:
    waiting = Waiting(logger, "the live windows' copy waits for its servers")
    while not stop.is_set():
        try:
            with psycopg.connect(address, autocommit=True) as connection:
                while not stop.is_set():
                    renew(client, connection)
                    waiting.over()
                    stop.wait(ROUND_SECONDS)
        except (RedisError, psycopg.Error) as error:
            if refused := _refused(error):
                raise refused from error
            waiting.because(_told(error))
            stop.wait(PAUSE_SECONDS)


def _told(error: Exception) -> str:
    server = "Redis" if isinstance(error, RedisError) else "the warehouse"
    return f"{server}: {' '.join(str(error).split())[:300]}"


def _refused(error: Exception) -> AccessError | None:
    if isinstance(error, AuthenticationError | NoPermissionError):
        return AccessError(f"Redis refuses the login of LIVE_REDIS_URL ({error})")
    if "authentication failed" in str(error):
        return AccessError(f"{_told(error)}; check POSTGRES_QUERY_PASSWORD")
    return None


def renew(client: Redis, connection: psycopg.Connection) -> None:
    """One round, which writes nothing where the copy was changed meanwhile; raises psycopg.Error and RedisError."""
    with client.pipeline() as pipe:
        pipe.watch(POSITION)  # type: ignore[no-untyped-call]
        position = _position(pipe)
        began = time.monotonic()
        with connection.transaction():
            connection.execute(SNAPSHOT)
            now, position, hashes, gone = _read(connection, position)
        pipe.multi()
        if gone:
            pipe.delete(*gone)
        for key, row in hashes.items():
            pipe.delete(key)
            pipe.hset(key, mapping=row)
        for key in position.keys:
            pipe.expire(key, KEPT_SECONDS)
        pipe.set(POSITION, orjson.dumps(asdict(position)), ex=KEPT_SECONDS)
        # A round that took long is behind at its end; the next one is short.
        if (good_for := FRESH_SECONDS - (time.monotonic() - began)) > 0:
            pipe.set(NOW, orjson.dumps(asdict(now)), px=int(good_for * 1000) or 1)
        else:
            pipe.delete(NOW)
        try:
            pipe.execute()
        except WatchError:
            logger.info("another writer, or Redis itself, changed the copy meanwhile; the next round looks again")


def _position(pipe: Any) -> Position:
    """Where the copy is, if all of it is there; Redis may forget any key when its memory is full."""
    raw = pipe.get(POSITION)
    try:
        position = Position(**orjson.loads(raw)) if raw else Position()
    except (TypeError, ValueError):
        return Position()  # of another version
    if position.keys and pipe.exists(*position.keys) != len(position.keys):
        # Its keys are still known, and go with what is out of range.
        return Position(keys=position.keys)
    return position


def _read(connection: psycopg.Connection, known: Position) -> tuple[Now, Position, Hashes, Sequence[str]]:
    """The head, the new position, what is to be written and which keys go, of the transaction's snapshot."""
    stream = stream_of(connection)
    ((database, taken, batch_id, now),) = connection.execute(STREAM).fetchall()
    source, newest = [database, taken], stream["newest"] or 0
    since = max(0.0, newest - KEPT_MINUTES * 60)
    if list(known.source) != source or known.batch_id > batch_id or known.since > since:
        known = Position(keys=known.keys)
    asked = {"batch_id": known.batch_id, "since": at(since)}
    changed = {start for (start,) in connection.execute(CHANGED, asked)}
    kept = {start for (start,) in connection.execute(STILL_THERE, [list(known.windows)]) if start >= since} - changed
    wanted = {"windows": [at(start) for start in changed], "most": MOST_MEMBERS}
    hashes = _hashes(connection.execute(ROWS, wanted)) if changed else {}
    places = {key for start in kept for key in (window_key(start), members_key(start))}
    keys = sorted(places.intersection(known.keys) | hashes.keys())
    windows = sorted(start for start in kept | changed if window_key(start) in set(keys))
    tops, anomalies = tops_of(connection, newest), anomalies_of(connection, newest)
    head = Now(batch_id, now, **stream, since=since, windows=windows, tops=tops, anomalies=anomalies)
    gone = sorted(set(known.keys).difference(keys))
    return head, Position(source, batch_id, since, windows, keys), hashes, gone


def _hashes(rows: Iterable[tuple[Any, ...]]) -> Hashes:
    found: dict[str, dict[Any, bytes]] = defaultdict(dict)
    for feed, metric, dimension, member, start, *told in rows:
        key = members_key(start) if dimension in LARGE_DIMENSIONS else window_key(start)
        found[key]["|".join((feed, metric, dimension, member))] = orjson.dumps(told)
    return found


if __name__ == "__main__":
    sys.exit(main())
