"""The operator's view of the raw events in MongoDB."""

from collections.abc import Collection, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, cast

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError, ServerSelectionTimeoutError
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential

from config.errors import AccessError, MillraceError, UnavailableError
from config.operator_logins import OperatorMongoSettings
from config.settings import whether_it_runs
from kafka.position import BusPosition, bus_position, parse_position
from kafka.sinks.landed_documents import UNDECODED, as_sent
from kafka.sinks.landing_marks import REACHED, mark_of
from kafka.sinks.landing_names import landed_collections, landing_group, landing_hold, landing_watermarks
from kafka.sinks.mongo import DURABLE, reason_of
from kafka.sinks.sink import StoreMark

AUTHENTICATION_FAILED = 18
UNAUTHORIZED = 13
INTERRUPTED = 11601
IDS_PER_QUERY = 1_000
READ_ATTEMPTS = 5
TopicPartition = tuple[str, int]


def raw_store_error(address: str, error: PyMongoError) -> MillraceError:
    """One line that says whether MongoDB at `address` (host:port) is away, busy or refuses the login."""
    if isinstance(error, OperationFailure) and error.code in (AUTHENTICATION_FAILED, UNAUTHORIZED):
        return AccessError(f"MongoDB at {address} refuses the operator (MONGO_OPERATOR_PASSWORD): {reason_of(error)}")
    if is_interrupted(error):
        return UnavailableError(
            f"MongoDB at {address} is busy and breaks reads off; try again later ({reason_of(error)})"
        )
    look = whether_it_runs(address.rpartition(":")[0], "mongodb")
    return UnavailableError(f"MongoDB at {address} does not answer; {look} ({reason_of(error)})")


def is_interrupted(error: BaseException) -> bool:
    """Whether a read was broken off that may be asked again at once; not whether the server is away.

    Under load the driver's monitor takes a slow server for one that is gone and cancels what is under way on its
    connections ("operation cancelled"). The driver itself asks once more, and never for the rest of a cursor.
    """
    if isinstance(error, OperationFailure):
        return error.code == INTERRUPTED
    return isinstance(error, AutoReconnect) and not isinstance(error, ServerSelectionTimeoutError)


_asked_again = retry(
    retry=retry_if_exception(is_interrupted),
    wait=wait_exponential(multiplier=0.1, max=2),
    stop=stop_after_attempt(READ_ATTEMPTS),
    reraise=True,
)


class RawStore:
    """The collection of landed events, and the watermarks and consumer group of its landing."""

    def __init__(self, settings: OperatorMongoSettings, client: MongoClient[dict[str, Any]] | None = None) -> None:
        self.address = f"{settings.mongo_host}:{settings.mongo_port}"
        self.name = f"{settings.mongo_db}.{settings.mongo_collection}"
        self._settings = settings
        self._client: MongoClient[dict[str, Any]] = client or MongoClient(
            settings.mongo_host,
            settings.mongo_port,
            **settings.mongo_client_options,
            username=settings.mongo_operator_username,
            password=settings.mongo_operator_password.get_secret_value(),
            authSource="admin",
            serverSelectionTimeoutMS=5000,
        )
        self.landing_group = landing_group(settings.mongo_db, settings.mongo_collection)
        self._database = self._client[settings.mongo_db]
        self.collection = self._database[settings.mongo_collection]
        self._undecoded = self.collection.with_options(codec_options=UNDECODED)
        self.watermarks = self._database[landing_watermarks(settings.mongo_collection)]
        self.hold = self._database.get_collection(landing_hold(settings.mongo_collection), write_concern=DURABLE)

    @classmethod
    def connect(cls) -> Self:
        """Open the store of the settings; the first request finds out whether it answers."""
        return cls(OperatorMongoSettings.load())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def sibling(self, collection: str) -> "RawStore":
        """Another collection of the database, by this connection."""
        return RawStore(self._settings.model_copy(update={"mongo_collection": collection}), self._client)

    @_asked_again
    def others(self) -> list["RawStore"]:
        """The collections of the database that were landed into, but for this one; they share this connection."""
        names = landed_collections(self._database.list_collection_names()) - {self.collection.name}
        return [self.sibling(name) for name in sorted(names)]

    @_asked_again
    def marks(self) -> dict[TopicPartition, StoreMark]:
        """How far the landing has come, by topic and partition."""
        return {(row["topic"], row["partition"]): mark_of(row) for row in self.watermarks.find(REACHED)}

    def landed_until(self) -> dict[TopicPartition, int]:
        """By topic and partition: the offset below which the landing has stored every record."""
        return {place: mark.next_offset for place, mark in self.marks().items()}

    @_asked_again
    def count(self, topic: str, partition: int, until: int, since: int = 0) -> int:
        """Landed documents of one partition with an offset from `since` to below `until`."""
        bounds = {"$gte": bus_position(topic, partition, since), "$lt": bus_position(topic, partition, until)}
        return self.collection.count_documents({"_id": bounds})

    @_asked_again
    def stored_among(self, positions: Collection[BusPosition]) -> set[BusPosition]:
        """Which of these positions have a document."""
        ids = [bus_position(*position) for position in positions]
        found: set[BusPosition] = set()
        for first in range(0, len(ids), IDS_PER_QUERY):
            some = {"$in": ids[first : first + IDS_PER_QUERY]}
            found.update(parse_position(row["_id"]) for row in self.collection.find({"_id": some}, {"_id": 1}))
        return found

    def counts_by_partition(self) -> dict[TopicPartition, int]:
        """All landed documents, by topic and partition."""
        beyond_any_offset = 10**19 - 1
        return {key: self.count(*key, beyond_any_offset) for key in sorted(self.landed_until())}

    @_asked_again
    def counts_by_kind(self) -> dict[str, int]:
        """All landed documents by `collection` of the event, most frequent first; reads the whole collection."""
        pipeline: list[Mapping[str, Any]] = [
            {"$group": {"_id": "$event.collection", "count": {"$sum": 1}}},
            {"$sort": {"count": -1}},
        ]
        rows = map(as_sent, self._undecoded.aggregate(pipeline))
        return {str(row["_id"]): row["count"] for row in rows}

    def batches(self) -> Iterator[bytes]:
        """All documents, some after one another in each batch, as `batch_as_sent` takes them."""
        return cast("Iterator[bytes]", self.collection.find_raw_batches({}))

    @_asked_again
    def document(self, position: BusPosition) -> dict[str, Any] | None:
        """The landed document of a position, its event as sent."""
        found = self._undecoded.find_one({"_id": bus_position(*position)})
        return None if found is None else as_sent(found)

    @_asked_again
    def newest(self) -> dict[str, Any] | None:
        """The last document of the last partition."""
        found = self._undecoded.find_one(sort=[("_id", -1)])
        return None if found is None else as_sent(found)

    def find(self, query: Mapping[str, Any], fields: Mapping[str, int]) -> Iterator[dict[str, Any]]:
        """What documents hold of some fields."""
        return map(as_sent, self._undecoded.find(query, fields))
