"""Dead letters under another name: topics that former settings called DEAD_LETTER_TOPIC.

They are told by what they hold. The operator keeps its rights on a topic of former settings until
`bootstrap --former-topic` names it, and brokers list every topic that a principal has a right on.
"""

import time
from collections.abc import Collection, Iterator

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from config.errors import UnavailableError
from config.kafka_client import ClientConfig
from kafka.client import RefusedLogin, explain
from kafka.dead_letters.letter import letter_of
from kafka.log_reader import READER

ANSWER_SECONDS = 30.0
_SMALL: ClientConfig = {"fetch.message.max.bytes": 64 * 1024}
_MAY_NOT_READ = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}
_DELETED_MEANWHILE = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}
_TOLD = {KafkaError._PARTITION_EOF, *_MAY_NOT_READ, *_DELETED_MEANWHILE}


def former_dead_letter_topics(config: ClientConfig, known: Collection[str]) -> list[str]:
    """Topics with dead letters beside the `known` topics.

    Of each partition that the principal may read the oldest record is looked at. Raises what `explain` makes of a bus
    that is away.
    """
    return sorted({message.topic() or "" for message in _oldest_records(config, known) if _is_dead_letter(message)})


def _is_dead_letter(message: Message) -> bool:
    try:
        letter_of(message)
    except (LookupError, ValueError):
        return False
    return True


def _oldest_records(config: ClientConfig, left_out: Collection[str]) -> Iterator[Message]:
    """The first record of each partition of the topics that the principal is told of, but for our own."""
    doing, refused = f"looking for dead letters at {config['bootstrap.servers']}", RefusedLogin(config)
    consumer = Consumer({**config, **READER, **_SMALL, "error_cb": refused})
    try:
        topics = consumer.list_topics(timeout=ANSWER_SECONDS).topics
        waiting = {
            (name, partition)
            for name, topic in topics.items()
            if name not in left_out and not name.startswith("__") and topic.error is None
            for partition in topic.partitions
        }
        consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in sorted(waiting)])
        last_moved = time.monotonic()
        while waiting:
            for message in consumer.consume(100, 0.1):
                place = (message.topic() or "", message.partition() or 0)
                if _is_told(message, doing) and place in waiting:
                    waiting.remove(place)
                    consumer.incremental_unassign([TopicPartition(*place)])
                    last_moved = time.monotonic()
                    if message.error() is None:
                        yield message
            if waiting and time.monotonic() - last_moved > ANSWER_SECONDS:
                raise UnavailableError(f"{doing}: no answer within {ANSWER_SECONDS:.0f} s")
    except KafkaException as error:
        raise explain(refused.error or error, doing) from error
    finally:
        consumer.close()


def _is_told(message: Message, doing: str) -> bool:
    """Whether it settles its partition: a record, the end, or that there is none or not for this principal."""
    error = message.error()
    if error is None or error.code() in _TOLD:
        return True
    raise explain(error, doing)
