"""The list of forgotten visitors: in PostgreSQL, where it is backed up, and on the bus, where the stages read it.

Each gets what the other has: a Kafka cluster that was lost gets the list back, and so does a warehouse. Nothing is ever
taken off it.
"""

import time
import uuid
from collections.abc import Mapping

import psycopg
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config.errors import ConfigurationError, UnavailableError
from config.kafka_client import ClientConfig
from config.operator_logins import OperatorKafkaSettings, WarehouseSettings
from kafka.client import RefusedLogin, explain
from kafka.forgotten import ForgottenTopic, ForgottenVisitors, nobody
from kafka.forgotten_settings import ForgottenSettings
from utilities.stores.warehouse import warehouse_connection

WRITE_SECONDS = 30.0
_PRODUCER: ClientConfig = {"enable.idempotence": True, "acks": "all", "queue.buffering.max.messages": 0}
LISTED = "SELECT visitor, (extract(epoch FROM forgotten_at) * 1000)::bigint FROM etl.forgotten_visitor"
LIST = """
INSERT INTO etl.forgotten_visitor AS known (visitor, forgotten_at) VALUES (%s, to_timestamp(%s / 1000.0))
ON CONFLICT (visitor) DO UPDATE SET forgotten_at = greatest(known.forgotten_at, excluded.forgotten_at)
"""

Moments = Mapping[str, int]
"""Hash of a visitor, 32 hex digits -> moment of forgetting, milliseconds since 1970."""


def synchronise_list() -> ForgottenVisitors:
    """`synchronise` by the settings; returns the list as the stages see it."""
    warehouse, bus, key = WarehouseSettings.load(), OperatorKafkaSettings.load(), ForgottenSettings.load().key
    with warehouse_connection(warehouse, warehouse.postgres_user, warehouse.postgres_password) as connection:
        on_bus = synchronise(connection, bus, key)
    listed = ForgottenVisitors(on_bus, key)
    listed.refresh()
    return listed


def synchronise(
    connection: psycopg.Connection, bus: OperatorKafkaSettings, key: bytes, added: Moments | None = None
) -> ForgottenTopic:
    """Give PostgreSQL, within the caller's transaction, and the topic what they lack of each other and of `added`.

    Returns the topic as it was read before it was given something. Raises ConfigurationError where the list was made
    with another key, and what `explain` makes of a bus that is away or has no such topic.
    """
    on_bus = ForgottenTopic(bus.client(), bus.forgotten_topic)
    on_bus.read_on()
    kept = {visitor.hex: int(moment) for visitor, moment in connection.execute(LISTED)}
    known = merged(kept, on_bus.moments)
    if known and nobody(key) not in known:
        raise ConfigurationError(
            "FORGOTTEN_KEY",
            f"is not the one that the list of forgotten visitors was made with (topic {bus.forgotten_topic}): put that"
            " one back, or where the list is another installation's set FORGOTTEN_TOPIC",
        )
    wanted = merged({nobody(key): int(time.time() * 1000)} | known, added or {})
    for visitor, moment in wanted.items():
        if kept.get(visitor) != moment:
            connection.execute(LIST, [uuid.UUID(visitor), moment])
    lacking = {visitor: moment for visitor, moment in wanted.items() if on_bus.moments.get(visitor) != moment}
    # The entry of nobody last: it says that the list is whole.
    last = {each: lacking.pop(each) for each in [nobody(key)] if each in lacking}
    for entries in (lacking, last):
        _publish(bus, entries)
    return on_bus


def merged(one: Moments, other: Moments) -> dict[str, int]:
    """Every visitor of both, with the later moment."""
    return {each: max(moments[each] for moments in (one, other) if each in moments) for each in {**one, **other}}


def _publish(bus: OperatorKafkaSettings, entries: Moments) -> None:
    """Returns when all are on the bus."""
    if not entries:
        return
    doing = f"writing topic {bus.forgotten_topic} at {bus.kafka_brokers} as {bus.kafka_operator_username}"
    config = bus.client()
    refused, failures = RefusedLogin(config), list[KafkaError]()

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failures.append(error)

    producer = Producer({**config, **_PRODUCER}, error_cb=refused)
    try:
        for visitor, moment in entries.items():
            producer.produce(bus.forgotten_topic, str(moment).encode(), visitor.encode(), on_delivery=delivered)
            producer.poll(0)
        left = producer.flush(WRITE_SECONDS)
    except KafkaException as error:
        raise explain(refused.error or error, doing) from error
    if refused.error or failures:
        raise explain(refused.error or failures[0], doing)
    if left:
        raise UnavailableError(f"{doing}: no answer within {WRITE_SECONDS:.0f} s")
