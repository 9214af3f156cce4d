"""Events that were not let onto the bus, as dead letters of the stage `api`: as sent, with reason, to be replayed."""

import secrets
import time
import zlib
from collections.abc import Iterable

from kafka.dead_letters.letter import API, PENDING, DeadLetter
from kafka.position import BusPosition
from kafka.posted import SENT_BY_HEADER
from serving.events import Verdict
from serving.publisher import Outgoing


def failed_event(verdict: Verdict, topic: str, partitions: int, key_id: str) -> DeadLetter:
    """The letter of an invalid event.

    It never had an offset; a random number stands in its place, so that each letter is one of its own: of a million,
    two are the same with a chance of one in ten million. The partition is where its replay goes.
    """
    return DeadLetter(
        stage=API,
        position=BusPosition(topic, partition_of(verdict.key or verdict.value, partitions), secrets.randbits(63)),
        reason=verdict.reason,
        detail=verdict.detail,
        status=PENDING,
        timestamp_ms=time.time_ns() // 1_000_000,
        key=verdict.key,
        value=verdict.value,
        headers=[(SENT_BY_HEADER, key_id.encode())],
    )


def partition_of(key: bytes, partitions: int) -> int:
    """Where the bus's client puts a record of this key (librdkafka's `consistent_random`)."""
    return zlib.crc32(key) % partitions


def outgoing(letters: Iterable[DeadLetter], topic: str) -> list[Outgoing]:
    """The letters as records of the topic of dead letters."""
    return [Outgoing(topic, letter.record_key, letter.value, letter.record_headers()) for letter in letters]
