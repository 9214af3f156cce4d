"""Landed documents in the order of the bus: reads that outlast a server that goes away."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from kafka.position import bus_position
from kafka.sinks.landed_documents import LandedEvent, batch_as_sent, events_as_sent
from kafka.sinks.landing_marks import REACHED
from kafka.sinks.landing_names import landing_watermarks
from spark.outages import asked_again, explain, while_away
from spark.ranges import Portion, TopicPartition
from spark.settings import EtlSettings

KEYS_PER_QUERY = 500
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Landed:
    """By partition, the offset below which everything has landed; by topic, Kafka's id of it where one was told."""

    next_offsets: Mapping[TopicPartition, int]
    topic_ids: Mapping[str, str]


@dataclass(frozen=True)
class RawStore:
    """Where the landed events are, and the login that may read them; travels to the tasks that read."""

    host: str
    port: int
    database: str
    collection: str
    username: str
    password: SecretStr
    options: Mapping[str, Any]
    outage_seconds: float

    @classmethod
    def of(cls, settings: EtlSettings) -> "RawStore":
        """The raw store of the ETL's settings."""
        return cls(
            settings.mongo_host,
            settings.mongo_port,
            settings.mongo_db,
            settings.mongo_collection,
            settings.mongo_etl_username,
            settings.mongo_etl_password,
            settings.mongo_client_options,
            settings.etl_outage_seconds,
        )

    @property
    def doing(self) -> str:
        return f"reading {self.database}.{self.collection} from MongoDB at {self.host}:{self.port}"

    def landed(self) -> Landed:
        """How far each partition has landed; raises AccessError or UnavailableError."""

        def find() -> list[dict[str, Any]]:
            with self._connect() as client:
                return list(client[self.database][landing_watermarks(self.collection)].find(REACHED))

        try:
            rows: list[dict[str, Any]] = asked_again()(find)
        except PyMongoError as error:
            raise explain(error, self.doing) or error from None
        return Landed(
            {TopicPartition(row["topic"], int(row["partition"])): int(row["next_offset"]) for row in rows},
            {row["topic"]: row["topic_id"] for row in rows if row.get("topic_id")},
        )

    def scan(self, portion: Portion) -> Iterator[list[LandedEvent]]:
        """The events of a portion, some at a time and in no order within them.

        Asks for the very keys, which offsets tell. Of the raw stores tried, the local one looks through every key of
        the collection for each range of `_id` (0.5 s with a million documents), gives 20,000 documents by 40 lists of
        500 keys for as much of its CPU as by one range of 200,000 keys (0.14 s), by lists of 5,000 for more than twice
        that, and so for a projection to the fields wanted. Raises AccessError or, after `outage_seconds` without an
        answer, UnavailableError.
        """
        topic, partition, _, offsets = portion
        with self._connect() as client:
            for first in range(0, len(offsets), KEYS_PER_QUERY):
                some = offsets[first : first + KEYS_PER_QUERY]
                yield events_as_sent(self._find(client, [bus_position(topic, partition, offset) for offset in some]))

    def count(self, topic: str, partition: int, start: int, end: int) -> int:
        """How many documents a partition has at offsets `[start, end)`; raises as `landed` does."""
        bounds = {"$gte": bus_position(topic, partition, start), "$lt": bus_position(topic, partition, end)}
        try:
            with self._connect() as client:
                return int(client[self.database][self.collection].count_documents({"_id": bounds}))
        except PyMongoError as error:
            raise explain(error, self.doing) or error from None

    def documents_at(self, keys: list[str]) -> Iterator[Sequence[Document]]:
        """The documents of some `_id`s, some at a time; raises as `scan` does."""
        with self._connect() as client:
            for first in range(0, len(keys), KEYS_PER_QUERY):
                yield batch_as_sent(self._find(client, keys[first : first + KEYS_PER_QUERY]))

    def lacks(self, keys: Iterable[str]) -> Iterator[str]:
        """Those of some `_id`s that no document has; raises as `scan` does."""
        asked = iter(keys)
        with self._connect() as client:
            while some := list(islice(asked, KEYS_PER_QUERY)):
                found = {document["_id"] for document in batch_as_sent(self._find(client, some))}
                yield from (key for key in some if key not in found)

    def _find(self, client: MongoClient[dict[str, Any]], keys: list[str]) -> bytes:
        collection = client[self.database][self.collection]

        def find() -> bytes:
            # The driver's stubs take a raw batch for a document.
            batches = cast(
                Iterable[bytes], collection.find_raw_batches({"_id": {"$in": keys}}, batch_size=KEYS_PER_QUERY)
            )
            return b"".join(batches)

        try:
            documents: bytes = while_away(self.outage_seconds, self.doing)(find)
            return documents
        except PyMongoError as error:
            raise explain(error, self.doing) or error from None

    def _connect(self) -> MongoClient[dict[str, Any]]:
        return MongoClient(
            self.host,
            self.port,
            **self.options,
            username=self.username,
            password=self.password.get_secret_value(),
            authSource="admin",
            appname="millrace-etl",
            serverSelectionTimeoutMS=3_000,
            connectTimeoutMS=3_000,
            socketTimeoutMS=60_000,
        )
