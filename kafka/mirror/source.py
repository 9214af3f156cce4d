"""The reading side of a lane: one source partition from an offset on, errors told apart from records."""

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from config.errors import MillraceError
from config.kafka_client import ClientConfig
from kafka.client import RefusedLogin
from kafka.leader_epoch import diverged_at, epoch_before, is_unverifiable
from kafka.lost_offsets import SourceOffsetsLostError
from kafka.partition_range import partition_range
from kafka.watchdog import WATCHDOG, see_that_it_answers

CONSUMER: ClientConfig = {
    "group.id": "millrace-mirror",  # the client wants one; offsets are assigned, so no group is joined
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    # An offset that retention has passed means loss: it must stop the mirror, not reset it.
    "auto.offset.reset": "error",
    # The default of 1000 ms is the main stall of a consume-produce loop (71k against 132k events/s).
    "fetch.queue.backoff.ms": 20,
    "fetch.wait.max.ms": 100,
}
SECONDS_TO_ASK = 2.0
SECONDS_BETWEEN_ANSWERS = 10.0


class SourceMadeAnewError(MillraceError):
    """The source topic is another one, `topic_id`, than the one that was read."""

    def __init__(self, topic: str, topic_id: str, partitions: int) -> None:
        self.topic_id, self.partitions = topic_id, partitions
        super().__init__(f"the source topic {topic} was made anew (id {topic_id})")


class SourcePartition:
    """Reads on from `next_offset`; used by one thread at a time."""

    def __init__(self, config: ClientConfig, topic: str, partition: int) -> None:
        self.topic, self.partition = topic, partition
        self.next_offset = 0
        self.leader_epoch: int | None = None
        """Of what is before `next_offset`; None where it is not known."""
        self.moved_at = self.fetched_at = time.monotonic()
        """When a record or the end was seen last, and when something was fetched last."""
        self._answered_at = 0.0
        self._doing = f"the mirror of partition {partition}"
        self.refused = RefusedLogin(config)
        self._config = {**config, "error_cb": self.refused}
        self._consumer = Consumer(self._config)

    def seek(self, offset: int, leader_epoch: int | None) -> None:
        """Read on from `offset`; the epoch lets librdkafka notice a truncation before it."""
        self.next_offset, self.leader_epoch = offset, leader_epoch
        # Not seek(), which fails while the partition is not being fetched.
        with WATCHDOG.guarding(self._doing):
            self._consumer.assign([self._place()])

    def reopen(self) -> None:
        """Forget all that is known of the topic: what librdkafka remembers of one is not reset by a new id.

        Nor is a loss that it has told taken back by a seek: it may be heard once more after it.
        """
        self.close()
        self._consumer = Consumer(self._config)

    def read(self, most: int, wait_seconds: float, limit: int | None) -> tuple[list[Message], bool]:
        """At most `most` records below offset `limit`, and whether anything came; raises KafkaException.

        Raises SourceOffsetsLostError where the source no longer has what comes next, or says so.
        """
        messages = self._consumer.consume(most, wait_seconds)
        if not messages:
            self._see_that_it_answers()
            return [], False
        self.fetched_at = time.monotonic()
        records = [message for message in messages if message.error() is None]
        if records and _behind(records[-1]) >= self.next_offset:
            self.next_offset, self.leader_epoch = _behind(records[-1]), records[-1].leader_epoch()
        # After the records: what is told of an offset is told behind the records before it.
        for message in messages:
            if message.error() is not None:
                self._heed(message, bool(records))
        if limit is not None and self.next_offset > limit:
            records = [record for record in records if (record.offset() or 0) < limit]
            known = records and _behind(records[-1]) == limit
            self.seek(limit, records[-1].leader_epoch() if known else None)
        return records, True

    def _see_that_it_answers(self) -> None:
        """A client that has stopped for good has nothing to give either."""
        if time.monotonic() - max(self.fetched_at, self._answered_at) > SECONDS_BETWEEN_ANSWERS:
            with WATCHDOG.guarding(self._doing):
                see_that_it_answers(self._consumer)
            self._answered_at = time.monotonic()

    def newest(self) -> int:
        """The partition's end as the last fetch told it; negative where none has."""
        return self._consumer.get_watermark_offsets(self._place(), cached=True)[1]

    def range(self) -> tuple[int, int]:
        """First offset and end, asked for now; raises KafkaException."""
        return partition_range(self._consumer, self._config, self.topic, self.partition, SECONDS_TO_ASK)

    def close(self) -> None:
        """Leave the source cluster."""
        with WATCHDOG.guarding(self._doing):
            self._consumer.close()

    def _place(self) -> TopicPartition:
        if self.leader_epoch is None:
            return TopicPartition(self.topic, self.partition, self.next_offset)
        return TopicPartition(self.topic, self.partition, self.next_offset, leader_epoch=self.leader_epoch)

    def _heed(self, event: Message, has_records: bool) -> None:
        error = event.error()
        if error is None or error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:  # no group is used
            return
        if error.code() == KafkaError._AUTO_OFFSET_RESET:
            self._heed_loss(event.offset(), error.str(), has_records)
            return
        if error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        # Beyond the last record there may be marks of transactions; the end of the partition is behind them.
        end = event.offset() or 0
        if end > self.next_offset:
            self.next_offset = end
            self.leader_epoch = epoch_before(self._consumer, self.topic, self.partition, end)
        self.moved_at = time.monotonic()

    def _heed_loss(self, offset: int | None, reason: str, has_records: bool) -> None:
        """The client reads no further until the next seek. It does not name the offset where epochs were compared.

        An event may be older than the last seek, and its offset may lie behind marks of transactions: then the source
        is asked again, from what is next here. So it is where records were read before the loss: they are not lost.
        """
        diverged = diverged_at(reason)
        is_elsewhere = offset not in (None, self.next_offset) if diverged is None else diverged >= self.next_offset
        if is_unverifiable(reason):
            self.seek(self.next_offset, None)
        elif is_elsewhere or (has_records and diverged is None):
            self.seek(self.next_offset, self.leader_epoch)
        else:
            low, high = self.range()
            raise SourceOffsetsLostError(self.topic, self.partition, self.next_offset, low, high, diverged)


def _behind(record: Message) -> int:
    return (record.offset() or 0) + 1
