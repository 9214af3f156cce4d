"""The bare loop that the mirror is compared with: consume, produce, commit, at least once, and nothing else.

A script of its own with the client alone, so that it starts as fast as a loop can. BARE_LOOP holds, as JSON:
`source` and `destination` (client properties), `topic` (on both sides) and `events` (0: until SIGTERM).
"""

import json
import os
import signal
import sys

from confluent_kafka import Consumer, Producer, TopicPartition

RECORDS_PER_READ = 10_000
RECORDS_PER_COMMIT = 50_000
PARTITIONS = 3
# The fastest settings found: 71k events/s with the default back-off, 132k with this one, 172k with commits at 50,000.
CONSUMER = {"enable.auto.commit": False, "auto.offset.reset": "earliest", "fetch.queue.backoff.ms": 20}
PRODUCER = {
    "compression.type": "lz4",
    "linger.ms": 20,
    "queue.buffering.max.messages": 200_000,
    "delivery.report.only.error": True,
}


def copy(consumer: Consumer, producer: Producer, topic: str, events: int) -> None:
    """Copy `events` records, or without end when 0."""
    done = committed = 0
    while not events or done < events:
        wanted = min(RECORDS_PER_READ, events - done) if events else RECORDS_PER_READ
        messages = consumer.consume(wanted, 0.1)
        for message in messages:
            producer.produce(
                topic,
                message.value(),
                message.key(),
                message.partition() or 0,
                timestamp=message.timestamp()[1],
                headers=message.headers(),
            )
        producer.poll(0)
        done += len(messages)
        if done - committed >= RECORDS_PER_COMMIT or (done > committed and not messages):
            producer.flush()
            consumer.commit(asynchronous=False)
            committed = done
    producer.flush()
    if done > committed:
        consumer.commit(asynchronous=False)


def main() -> int:
    """Run the loop that BARE_LOOP describes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    setup = json.loads(os.environ["BARE_LOOP"])
    topic = setup["topic"]
    consumer = Consumer({**setup["source"], **CONSUMER, "group.id": f"bare-loop-{topic}"})
    producer = Producer({**setup["destination"], **PRODUCER})
    consumer.assign(consumer.committed([TopicPartition(topic, partition) for partition in range(PARTITIONS)], 30))
    copy(consumer, producer, topic, setup["events"])
    consumer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
