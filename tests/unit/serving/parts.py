"""An API over a bus and a store of keys that the test plays."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, Message
from fastapi.testclient import TestClient

from kafka.feeds.declaration import load_feeds
from serving.api_key import ApiKey, Kind, new_key
from serving.app import build_app
from serving.bus_watch import BusWatch, KnownTopic
from serving.flight import Flight
from serving.ingest import Ingest
from serving.key_store import KeyStore
from serving.metrics import Metrics
from serving.publisher import Publisher
from serving.rate_limit import RateLimits
from serving.readings import ReadingClock
from serving.settings import ServingSettings

TOPIC, DEAD = "sensor-readings", "sensor-readings-dead-letters"


@dataclass(eq=False)
class FakeBus:
    """A producer that delivers at each poll, unless told otherwise; several may be made of it."""

    config: dict[str, Any] = field(default_factory=dict)
    written: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    error: int | None = None
    only_topic: str | None = None
    most_bytes: int = -1
    holds: bool = False
    made: int = 0
    purged: int = 0
    offsets: Any = field(default_factory=itertools.count)

    def make(self, config: Any) -> "FakeBus":
        self.config, self.made = dict(config), self.made + 1
        return self

    def produce(self, topic: str, **record: Any) -> None:
        self.waiting.append({"topic": topic, **record})

    def poll(self, timeout: float) -> int:
        count = 0
        while self.waiting and not self.holds:
            record = self.waiting.pop(0)
            is_meant = self.only_topic in (None, record["topic"]) and len(record["value"] or b"") > self.most_bytes
            failed = self.error is not None and is_meant
            error = KafkaError(self.error or 0, fatal=self.error == KafkaError._FATAL) if failed else None
            if error is None:
                self.written.append(record)
            record["on_delivery"](error, Message(topic=record["topic"], partition=1, offset=next(self.offsets)))
            count += 1
        return count

    def purge(self) -> None:
        self.purged += 1

    def __len__(self) -> int:
        return len(self.waiting)

    def values(self, topic: str) -> list[bytes]:
        return [record["value"] for record in self.written if record["topic"] == topic]


@dataclass
class Api:
    """The API, its bus and its keys."""

    bus: FakeBus
    ingest: Ingest
    client: TestClient
    key: str
    publishable: str
    keys: dict[str, ApiKey]

    def post(self, body: Any, path: str = "/api/events/sensor-readings", **options: Any) -> Any:
        headers = {"X-API-Key": self.key, "Content-Type": "application/json", **options.pop("headers", {})}
        headers = {name: value for name, value in headers.items() if value is not None}
        place = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.client.post(path, headers=headers, **place, **options)


def made_key(kind: Kind, **changes: Any) -> tuple[str, ApiKey]:
    new = new_key(kind)
    limits: dict[str, Any] = {"feeds": frozenset({"sensor-readings"}), "events_per_second": 1e6, "burst": 10**6}
    return new.text, ApiKey(new.key_id, kind, "test", new.secret_hash, **{**limits, **changes})


def make_api(bus: FakeBus, **settings: Any) -> Api:
    """An API that is ready, with a secret key and a publishable one."""
    secret, publishable = made_key(Kind.SECRET), made_key(Kind.PUBLISHABLE, origins=frozenset({"https://shop.example"}))
    known = dict([secret, publishable])
    given = ServingSettings(kafka_api_password="x", postgres_api_password="x", **settings)  # type: ignore[arg-type]
    flight, feed = (
        Flight(given.api_max_events_in_flight, given.api_max_bytes_in_flight),
        load_feeds()["sensor-readings"],
    )
    keys = KeyStore(lambda: list(known.values()), 60, 60)
    watch = BusWatch(lambda: {TOPIC: KnownTopic("topic-id", 3), DEAD: KnownTopic("dead-id", 3)})
    keys.refresh()
    watch.refresh()
    publisher = Publisher({}, given.api_ack_seconds, bus.make)
    limits = RateLimits()
    ingest = Ingest(given, {feed.name: feed}, keys, limits, flight, watch, publisher, Metrics(flight), ReadingClock())
    client = TestClient(build_app(ingest), raise_server_exceptions=False)
    return Api(bus, ingest, client, secret[0], publishable[0], known)
