"""The leader epoch of a position: with it a broker tells whether the log before the position is the one that was read.

The position behind the last record may belong to a later leader than the record: marks of transactions, and records of
aborted ones, are part of the log and never given to a reader. With the record's epoch such a position would look like
one of a log that was truncated (KIP-320).
"""

from confluent_kafka import Consumer, TopicPartition


def epoch_before(consumer: Consumer, topic: str, partition: int, offset: int) -> int | None:
    """The leader epoch of what was read last before `offset`; None unless the client's position is `offset`."""
    (position,) = consumer.position([TopicPartition(topic, partition)])
    return position.leader_epoch if position.offset == offset else None
