"""The parts of the API, put together by the settings."""

import logging
from collections.abc import Mapping
from dataclasses import replace

import psycopg
from confluent_kafka.admin import AdminClient

from config.errors import AccessError, TerminalError, UnavailableError
from kafka.client import RefusedLogin, find_topic
from kafka.feeds.declaration import load_feeds
from kafka.feeds.feed import MAIN, Feed
from serving.bus_watch import BusTopics, BusWatch
from serving.flight import Flight
from serving.ingest import Ingest
from serving.key_store import KeyStore, WarehouseKeys
from serving.metrics import Metrics
from serving.publisher import Publisher
from serving.rate_limit import RateLimits
from serving.readings import ReadingClock
from serving.settings import ServingSettings

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0


def feeds_of(settings: ServingSettings) -> dict[str, Feed]:
    """Every declared feed by its name; the topics of the main one are those of the settings."""
    feeds = load_feeds()
    main = replace(feeds[MAIN], topic=settings.destination_topic, dead_letter_topic=settings.dead_letter_topic)
    return {**feeds, MAIN: main}


def ingest_of(settings: ServingSettings, feeds: Mapping[str, Feed]) -> Ingest:
    """The parts; no thread is started, and no server asked."""
    config = settings.client_as(settings.kafka_api_username, settings.kafka_api_password)
    flight = Flight(settings.api_max_events_in_flight, settings.api_max_bytes_in_flight)
    topics = [name for feed in feeds.values() for name in (feed.topic, feed.dead_letter_topic)]
    return Ingest(
        settings=settings,
        feeds=feeds,
        keys=KeyStore(WarehouseKeys(settings), settings.api_refresh_seconds, settings.api_stale_seconds),
        limits=RateLimits(),
        flight=flight,
        bus=BusWatch(BusTopics(config, topics)),
        publisher=Publisher(config, settings.api_ack_seconds),
        metrics=Metrics(flight),
        clock=ReadingClock(),
    )


def check_logins(settings: ServingSettings) -> None:
    """Raises AccessError where a server refuses the API's login; one that is away is waited for while serving."""
    for check in (_check_bus, _check_warehouse):
        try:
            check(settings)
        except UnavailableError as error:
            logger.warning("%s; requests are answered 503 until then", error)


def _check_bus(settings: ServingSettings) -> None:
    config = settings.client_as(settings.kafka_api_username, settings.kafka_api_password)
    refused = RefusedLogin(config)
    admin = AdminClient(dict(config), error_cb=refused)
    doing = f"logging in at {settings.kafka_brokers} as {settings.kafka_api_username}"
    find_topic(admin, settings.destination_topic, refused, doing, CONNECT_SECONDS)


def _check_warehouse(settings: ServingSettings) -> None:
    address = f"PostgreSQL at {settings.postgres_host}:{settings.postgres_port}"
    try:
        WarehouseKeys(settings)()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise TerminalError(f"{address} has no table of keys: run ./millrace migrate") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise AccessError(f"{address} refuses user {settings.postgres_api_user} a grant: {_line(error)}") from error
    except psycopg.Error as error:
        if "authentication failed" in str(error):
            variable = settings.variable_of(settings.postgres_api_password)
            raise AccessError(f"{address} refuses user or password; check {variable} ({_line(error)})") from error
        raise UnavailableError(f"{address} does not answer ({_line(error)})") from error


def _line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())[:300]
