"""The keyed hashes of devices whose ids were stored before dim_device had hashes (revision 0025)."""

import logging

import psycopg

from kafka.visitor import identity_hash

logger = logging.getLogger(__name__)

DEVICES_AT_ONCE = 50_000
UNHASHED = """
SELECT device_key, known.device_id
FROM dim_device AS device JOIN identity.device AS known USING (device_key)
WHERE device.device_id IS NULL
"""
HASHED = """
UPDATE dim_device AS device SET device_id = fresh.device_id
FROM unnest(%s::bigint[], %s::text[]) AS fresh (device_key, device_id)
WHERE fresh.device_key = device.device_key
"""


FORGET_HASHES = """
UPDATE dim_device AS device SET device_id = NULL
FROM identity.device AS known WHERE known.device_key = device.device_key
"""


def hash_devices(connection: psycopg.Connection, key: bytes, anew: bool = False) -> int:
    """Give each device that has an id and no hash its hash, within the caller's transaction; how many they are.

    With `anew` also those that have one, under another key: a full refresh then finds each under its surrogate key.
    """
    if anew:
        connection.execute(FORGET_HASHES)
    hashed = 0
    with connection.cursor(name="unhashed") as devices:
        devices.execute(UNHASHED)
        while some := devices.fetchmany(DEVICES_AT_ONCE):
            keys = [device_key for device_key, _ in some]
            connection.execute(HASHED, [keys, [identity_hash(device.strip(), key) for _, device in some]])
            hashed += len(some)
    if hashed:
        logger.info("devices that were stored by their ids have hashes devices=%d", hashed)
    return hashed
