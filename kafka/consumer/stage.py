"""One run of a consuming stage: signals, the topic of dead letters, a summary at the end."""

import logging
import time
from threading import Event

from confluent_kafka.admin import AdminClient

from config.kafka_client import ClientConfig
from kafka.client import RefusedLogin, find_topic
from kafka.consumer.bus_consumer import BusConsumer
from kafka.consumer.memory import MIB, most_bytes
from kafka.consumer.settings import ConsumerSettings
from kafka.consumer.setup import ConsumerSetup, Summary
from kafka.forgotten import ForgottenVisitors
from kafka.signals import stop_on_signals
from kafka.sinks.sink import Sink
from kafka.topics import DEAD_LETTER_PARTITIONS, DEAD_LETTERS_CONFIG, create_topic
from kafka.watchdog import WATCHDOG, begun_anew

logger = logging.getLogger(__name__)


def run_stage(
    settings: ConsumerSettings,
    config: ClientConfig,
    group: str,
    sink: Sink,
    forgotten: ForgottenVisitors,
    follow: bool,
    skip_lost: bool,
    stop: Event | None = None,
) -> None:
    """Consume the local topic into `sink` until done or stopped, and log what was done.

    `stop` is by default set by signals; a thread beside others is given one of its own.
    """
    stop = stop_on_signals() if stop is None else stop
    setup = ConsumerSetup(
        config=config,
        topic=settings.destination_topic,
        group=group,
        dead_letter_topic=settings.dead_letter_topic,
        workers=settings.max_workers,
        follow=follow,
        skip_lost=skip_lost,
        patience_seconds=None if follow else settings.retry_seconds,
    )
    if not begun_anew():  # which has been past this
        ensure_dead_letter_topic(settings, config, setup.connect_seconds)
    brokers = len(str(config["bootstrap.servers"]).split(","))
    at_most = most_bytes(setup.workers, brokers)
    WATCHDOG.expect(at_most)
    template = "%s starts topic=%s workers=%d memory_at_most=%dMiB"
    logger.info(template, sink.stage, setup.topic, setup.workers, at_most // MIB)
    started = time.monotonic()
    done = BusConsumer(setup, sink, forgotten, stop).run()
    _tell(sink.stage, setup.topic, done, max(time.monotonic() - started, 1e-3))


def _tell(stage: str, topic: str, done: Summary, seconds: float) -> None:
    logger.info(
        "%s is done topic=%s records=%d stored=%d already=%d dead_letters=%d seconds=%.1f rate=%.0f/s",
        stage,
        topic,
        done.records,
        done.stored,
        done.already,
        done.dead,
        seconds,
        done.records / seconds,
    )


def ensure_dead_letter_topic(settings: ConsumerSettings, config: ClientConfig, connect_seconds: float) -> None:
    """Create the topic of dead letters unless it exists; the bus has `connect_seconds` to answer."""
    refused = RefusedLogin(config)
    admin = AdminClient(dict(config), error_cb=refused)
    topic = settings.dead_letter_topic
    doing = f"writing topic {topic} at {config['bootstrap.servers']} as {config['sasl.username']}"
    if find_topic(admin, topic, refused, doing, connect_seconds) is None:
        limits = {"min.insync.replicas": str(settings.kafka_min_insync), **DEAD_LETTERS_CONFIG}
        create_topic(admin, topic, DEAD_LETTER_PARTITIONS, settings.kafka_replication, limits, doing)
