"""Landing: events as sent, in MongoDB, each under its bus position.

    {_id: "topic:00002:0000000000000000041", event: {...}, kafka: {timestamp, key, headers}, landed_at}

`kafka.timestamp` is milliseconds since 1970 as on the bus; `kafka.key` and header values are binary or null.
"""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import bson
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from confluent_kafka import Message
from pymongo import MongoClient, UpdateOne
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DocumentTooLarge,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
)

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from config.settings import MongoSettings
from kafka.dead_letter_reasons import MONGODB_PASSING_CODES, MONGODB_TOO_LARGE_CODES, EventError, Reason
from kafka.event_json import MAX_EVENT_BYTES, decode_event
from kafka.landing_progress import landing_watermarks
from kafka.position import partition_key
from kafka.sink import BusLog, Sink, Written

logger = logging.getLogger(__name__)

DUPLICATE_KEY = 11000
_WRONG_LOGIN, _NOT_AUTHORISED = 18, 13

Document = dict[str, Any]
T = TypeVar("T")


def connect(settings: MongoSettings, user: str, password: str, workers: int) -> MongoClient[Document]:
    """A client for `workers` threads that notices a dead server within 5 s; it connects at its first command."""
    return MongoClient(
        settings.mongo_host,
        settings.mongo_port,
        **settings.mongo_tls_options,
        username=user,
        password=password,
        authSource="admin",
        appname="millrace-landing",
        maxPoolSize=workers + 2,
        serverSelectionTimeoutMS=5000,
        connectTimeoutMS=5000,
        socketTimeoutMS=60000,
        # The consumer retries whole batches; a driver's silent retry would hide what was inserted before.
        retryWrites=False,
    )


class MongoSink(Sink):
    """Inserts documents in unordered batches; a duplicate `_id` was landed before."""

    stage = "landing"

    def __init__(self, client: MongoClient[Document], database: str, collection: str, address: str) -> None:
        self._client = client
        self._collection = client[database][collection]
        self._watermarks = client[database][landing_watermarks(collection)]
        self._where = f"{database}.{collection} in MongoDB at {address}"

    def setup(self, log: BusLog) -> None:
        """Refuse to land beside events of another log: their positions would be taken for these."""
        marks = self._ask(lambda: list(self._watermarks.find({"topic": log.topic})))
        for mark in marks:
            if log.topic_id and mark.get("topic_id") not in ("", None, log.topic_id):
                raise TerminalError(
                    f"{self._where} holds events of an earlier topic {log.topic}, which was made anew since: positions "
                    "would repeat; empty it with delete_mongo_data or set another MONGO_COLLECTION"
                )

    def write(self, batch: list[Message]) -> Written:
        """Land a batch; what is bad in itself, by our rules or the server's, is dead."""
        written = Written()
        documents: list[Document] = []
        sources: list[Message] = []
        landed_at = datetime.now(UTC)
        prefix = partition_key(batch[0].topic() or "", batch[0].partition() or 0)
        for message in batch:
            value = message.value()
            try:
                event = decode_event(value)
                documents.append(
                    {
                        "_id": f"{prefix}:{message.offset():019d}",
                        "event": event,
                        "kafka": {
                            "timestamp": message.timestamp()[1],
                            "key": message.key(),
                            "headers": _headers(message),
                        },
                        "landed_at": landed_at,
                    }
                )
                sources.append(message)
            except EventError as error:
                written.dead.append((message, error))
        self._insert(documents, sources, written)
        return written

    def reached(self, log: BusLog, next_offsets: dict[int, int]) -> None:
        """Raise the high-water marks that the ETL trusts; they never fall."""
        updates: list[UpdateOne] = [
            UpdateOne(
                {"_id": partition_key(log.topic, partition)},
                {
                    "$max": {"next_offset": offset},
                    "$set": {"topic": log.topic, "partition": partition, "topic_id": log.topic_id},
                },
                upsert=True,
            )
            for partition, offset in next_offsets.items()
        ]
        self._ask(lambda: self._watermarks.bulk_write(updates, ordered=False))

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _insert(self, documents: list[Document], sources: list[Message], written: Written) -> None:
        if not documents:
            return
        try:
            result = self._collection.insert_many(documents, ordered=False)
            written.stored += len(result.inserted_ids)
        except BulkWriteError as error:
            self._sort_out(error, documents, sources, written)
        except (BSONError, DocumentTooLarge, OverflowError, UnicodeError) as error:
            self._insert_encodable(error, documents, sources, written)
        except PyMongoError as error:
            raise explain(error, f"inserting into {self._where}") from error

    def _sort_out(
        self, error: BulkWriteError, documents: list[Document], sources: list[Message], written: Written
    ) -> None:
        """Tell documents landed before from refused ones; raise where the server, not the document, is at fault."""
        details = error.details or {}
        refusals = details.get("writeErrors", [])
        away = [refusal for refusal in refusals if refusal.get("code") in MONGODB_PASSING_CODES]
        if away or details.get("writeConcernErrors"):
            reason = away[0].get("errmsg") if away else details["writeConcernErrors"][0].get("errmsg")
            raise UnavailableError(f"inserting into {self._where}: {reason}") from error
        written.stored += details.get("nInserted", 0)
        for refusal in refusals:
            if _landed_before(refusal):
                written.already += 1
            else:
                too_large = refusal.get("code") in MONGODB_TOO_LARGE_CODES
                reason = Reason.TOO_LARGE if too_large else Reason.REFUSED_BY_MONGODB
                detail = f"code {refusal.get('code')}: {refusal.get('errmsg', '')}"
                written.dead.append((sources[refusal["index"]], EventError(reason, detail)))

    def _insert_encodable(
        self, error: Exception, documents: list[Document], sources: list[Message], written: Written
    ) -> None:
        """Find the documents that BSON cannot hold, and insert the others; some may be in the store by now."""
        good: list[int] = []
        for index, document in enumerate(documents):
            refusal = _refused_by_bson(document)
            if refusal is None:
                good.append(index)
            else:
                written.dead.append((sources[index], refusal))
        if len(good) == len(documents):
            raise TerminalError(f"inserting into {self._where}: {error}") from error
        self._insert([documents[index] for index in good], [sources[index] for index in good], written)

    def _ask(self, command: Callable[[], T]) -> T:
        try:
            return command()
        except PyMongoError as error:
            raise explain(error, f"using {self._where}") from error


def explain(error: PyMongoError, doing: str) -> MillraceError:
    """The typed error for what the driver raised: wait, or have a person act."""
    code = error.code if isinstance(error, OperationFailure) else None
    if code == _WRONG_LOGIN:
        return AccessError(f"{doing} failed: wrong user name or password; check MONGO_LANDING_PASSWORD")
    if code == _NOT_AUTHORISED:
        return AccessError(f"{doing} failed: the user has no readWrite role on the database; grant it")
    passing = (ConnectionFailure, ExecutionTimeout, WaitQueueTimeoutError)
    if code in MONGODB_PASSING_CODES or isinstance(error, passing) or error.has_error_label("RetryableWriteError"):
        return UnavailableError(f"{doing} failed: no answer; is the server running there? ({reason_of(error)})")
    if isinstance(error, ConfigurationError):
        return TerminalError(f"{doing} failed: {error}; check MONGO_HOST and MONGO_PORT")
    return TerminalError(f"{doing} failed: {str(error)[:300]}")


def reason_of(error: PyMongoError) -> str:
    """What the driver says, without the time-outs, the topology or the server's answer that it goes on to recite."""
    return re.split(r" \(configured|, Timeout:|, full error:", str(error))[0][:200]


def _headers(message: Message) -> list[dict[str, Any]] | None:
    headers = message.headers()
    if headers is None:
        return None
    pairs = headers.items() if isinstance(headers, dict) else headers
    return [{"name": name, "value": value} for name, value in pairs]


def _landed_before(refusal: dict[str, Any]) -> bool:
    # A duplicate in another unique index is not a landed event.
    return refusal.get("code") == DUPLICATE_KEY and refusal.get("keyPattern", {"_id": 1}) == {"_id": 1}


def _refused_by_bson(document: Document) -> EventError | None:
    try:
        size = len(bson.encode(document, codec_options=CodecOptions()))
    except (BSONError, OverflowError, UnicodeError) as error:
        return EventError(Reason.REFUSED_BY_MONGODB, str(error)[:300])
    if size > MAX_EVENT_BYTES:
        return EventError(Reason.TOO_LARGE, f"{size} bytes as BSON, at most {MAX_EVENT_BYTES}")
    return None
