"""The leader epoch of a position: with it a broker tells whether the log before the position is the one that was read.

The position behind the last record may belong to a later leader than the record: marks of transactions, and records of
aborted ones, are part of the log and never given to a reader. With the record's epoch such a position would look like
one of a log that was truncated (KIP-320).
"""

import re

from confluent_kafka import Consumer, TopicPartition

_DIVERGED_AT = re.compile(r"truncation detected .*broker end offset is (\d+)")
_NO_EPOCH = "No epoch found"
"""How the client's texts tell what the broker answered about a leader epoch (librdkafka 2.16, rdkafka_offset.c)."""


def diverged_at(reason: str) -> int | None:
    """Where the log went another way than what was read of it, by the text of `_AUTO_OFFSET_RESET`; None if it did not.

    The text alone tells it: truncation has no code of its own where `auto.offset.reset` is `error`.
    """
    found = _DIVERGED_AT.search(reason)
    return int(found[1]) if found else None


def is_unverifiable(reason: str) -> bool:
    """Whether the broker knows too little of the past to compare, by the text of `_AUTO_OFFSET_RESET`."""
    return _NO_EPOCH in reason


def epoch_before(consumer: Consumer, topic: str, partition: int, offset: int) -> int | None:
    """The leader epoch of what was read last before `offset`; None unless the client's position is `offset`."""
    (position,) = consumer.position([TopicPartition(topic, partition)])
    return position.leader_epoch if position.offset == offset else None
