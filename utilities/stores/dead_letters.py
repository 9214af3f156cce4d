"""The dead letters of a topic written again: Kafka changes no record, so that all are, and the former are deleted."""

from collections.abc import Callable

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from config.kafka_client import ClientConfig
from kafka.client import PRODUCER, RefusedLogin, describe_topic, explain
from kafka.dead_letters.index import DeadLetterIndex
from kafka.dead_letters.letter import DeadLetter, read_placed
from kafka.dead_letters.republication import in_transactions
from kafka.log_reader import log_ranges
from utilities.stores.bus_records import delete_records

CONNECT_SECONDS = 30.0
_PRODUCER: ClientConfig = {**PRODUCER, "transaction.timeout.ms": 60_000}
Kept = Callable[[DeadLetter, DeadLetterIndex], DeadLetter]
"""What is written of a letter's newest record."""


def rewrite_dead_letters(config: ClientConfig, topic: str, kept: Kept, verb: str) -> None:
    """Write what is `kept` of every dead letter, and delete the former records.

    Under the transactional id of kafka.replay_dead_letters: only one of the two writes the topic at a time. What was
    final of a letter is so afterwards: its newest record alone may not tell. A letter written twice does no harm, so
    the records are deleted after the last transaction.
    """
    doing = f"{verb} dead letters of {topic} at {config['bootstrap.servers']}"
    refused = RefusedLogin(config)
    producer = Producer({**config, **_PRODUCER, "transactional.id": f"millrace-replay-{topic}"}, error_cb=refused)
    describe_topic(producer, topic, refused, doing, CONNECT_SECONDS)
    try:
        producer.init_transactions(CONNECT_SECONDS)
        ranges = log_ranges(config, topic)
        index = DeadLetterIndex.read(config, topic, ranges)
        places = {head.place for head in index}
        newest = (letter for place, letter in read_placed(config, topic, ranges) if place in places)
        for letters in in_transactions(kept(letter, index) for letter in newest):
            producer.begin_transaction()
            for letter in letters:
                _produce(producer, topic, letter)
            producer.commit_transaction(CONNECT_SECONDS)
    except KafkaException as error:
        raise explain(refused.error or error, doing) from error
    ends = {partition: end for partition, (_, end) in ranges.items()}
    delete_records(AdminClient(dict(config)), topic, ends, doing)


def _produce(producer: Producer, topic: str, letter: DeadLetter) -> None:
    while True:
        try:
            return producer.produce(topic, letter.value, letter.record_key, headers=letter.record_headers())
        except BufferError:
            producer.poll(0.1)
