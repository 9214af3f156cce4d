"""Events that were not let onto the bus, as dead letters of the stage `api`: as sent, with reason, to be replayed."""

import hashlib
import time
import zlib
from collections.abc import Iterable

from kafka.dead_letters.letter import API, PENDING, DeadLetter
from kafka.position import BusPosition
from kafka.posted import SENT_BY_HEADER
from serving.events import Verdict
from serving.publisher import Outgoing

DAY_MS = 86_400_000


def failed_event(verdict: Verdict, topic: str, partitions: int, key_id: str) -> DeadLetter:
    """The letter of an invalid event.

    It never had an offset; a number of its bytes, its key and the day stands in its place, so that a request that is
    sent again makes no second letter. The partition is where its replay goes.
    """
    now_ms = time.time_ns() // 1_000_000
    return DeadLetter(
        stage=API,
        position=BusPosition(
            topic, partition_of(verdict.key or verdict.value, partitions), _number(verdict, key_id, now_ms)
        ),
        reason=verdict.reason,
        detail=verdict.detail,
        status=PENDING,
        timestamp_ms=now_ms,
        key=verdict.key,
        value=verdict.value,
        headers=[(SENT_BY_HEADER, key_id.encode())],
    )


def _number(verdict: Verdict, key_id: str, now_ms: int) -> int:
    """Of a million letters two have the same number with a chance of one in ten million.

    What became of a letter is final: what is sent on another day is one of its own, to be replayed or erased anew.
    """
    told = hashlib.sha256(b"%b:%d:" % (key_id.encode(), now_ms // DAY_MS) + verdict.value).digest()
    return int.from_bytes(told[:8]) >> 1


def partition_of(key: bytes, partitions: int) -> int:
    """Where the bus's client puts a record of this key (librdkafka's `consistent_random`)."""
    return zlib.crc32(key) % partitions


def outgoing(letters: Iterable[DeadLetter], topic: str) -> list[Outgoing]:
    """The letters as records of the topic of dead letters."""
    return [Outgoing(topic, letter.record_key, letter.value, letter.record_headers()) for letter in letters]
