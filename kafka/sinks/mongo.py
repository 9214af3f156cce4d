"""Landing: events as sent, in MongoDB, each under its bus position.

    {_id: "topic:00002:0000000000000000041", event: {...}, kafka: {timestamp, key, headers}, landed_at}

`kafka.timestamp` is milliseconds since 1970 as on the bus; `kafka.key` and header values are binary or null.
"""

import logging
import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import bson
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from confluent_kafka import Message
from pymongo import MongoClient, WriteConcern
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
)

from config.errors import NO_ANSWER, AccessError, MillraceError, TerminalError, UnavailableError
from config.settings import MongoSettings
from kafka.dead_letter_reasons import MONGODB_DUPLICATE_KEY, EventError, Reason, refused_by_mongodb
from kafka.dead_letters.letter import headers_of
from kafka.event_json import MAX_EVENT_BYTES, decode_event
from kafka.forgotten import ForgottenVisitors
from kafka.position import bus_position, partition_key
from kafka.record_time import recorded_ms
from kafka.scrubbing.scrub import scrubbed_start
from kafka.sinks.landing_holds import why_held
from kafka.sinks.landing_marks import LandingMarks
from kafka.sinks.landing_names import landing_hold, landing_watermarks
from kafka.sinks.sink import BusLog, LostMarksError, Sink, StoreMark, Written
from kafka.sinks.store_marks import refuse_another_log

logger = logging.getLogger(__name__)

DURABLE = WriteConcern(w="majority", j=True, wtimeout=30_000)
"""What is acknowledged so is undone by no crash or failover; standalone, it means the journal (docs/durability.md).

A batch of documents that are there already waits for it too: the server then waits for its newest operation.
"""
_WRONG_LOGIN, _NOT_AUTHORISED = 18, 13
_WAITING_DOES_NOT_MEND = {59, 72, 73, 79, 166}
"""CommandNotFound, InvalidOptions, InvalidNamespace, UnknownReplWriteConcern, CommandNotSupportedOnView."""

Document = dict[str, Any]
T = TypeVar("T")


def connect(settings: MongoSettings, user: str, password: str, workers: int) -> MongoClient[Document]:
    """A client for `workers` threads that notices a dead server within 5 s; it connects at its first command."""
    return MongoClient(
        settings.mongo_host,
        settings.mongo_port,
        **settings.mongo_client_options,
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

    def __init__(
        self,
        client: MongoClient[Document],
        database: str,
        collection: str,
        address: str,
        forgotten: ForgottenVisitors,
    ) -> None:
        self._client = client
        self._forgotten = forgotten
        self._collection = client[database].get_collection(collection, write_concern=DURABLE)
        watermarks = client[database].get_collection(landing_watermarks(collection), write_concern=DURABLE)
        self._marks = LandingMarks(watermarks)
        self._hold = client[database].get_collection(landing_hold(collection))
        self._where = f"{database}.{collection} in MongoDB at {address}"
        self._has_answered = False
        self._untold: set[tuple[int, int]] = set()
        """Partition and offset of the last document of each batch, until a mark tells of it."""

    def setup(self, log: BusLog) -> None:
        """Refuse to land beside events of another log: their positions would be taken for these."""
        self._refuse_held()
        refuse_another_log(log, self._ask(lambda: self._marks.read(log.topic)).values(), self._where)

    def marks(self, log: BusLog) -> dict[int, StoreMark]:
        """The watermarks that the ETL reads as well; raises UnavailableError while the collection is emptied.

        Asked by a member of the group, so that whoever holds the landing off and then finds the group empty is alone.
        """
        self._refuse_held()
        self._untold.clear()
        return self._ask(lambda: self._marks.take_over(log.topic))

    def write(self, batch: list[Message]) -> Written:
        """Land a batch; what is bad in itself, by our rules or the server's, is dead."""
        written = Written()
        documents: list[Document] = []
        sources: list[Message] = []
        landed_at = datetime.now(UTC)
        partition = batch[0].partition() or 0
        prefix = partition_key(batch[0].topic() or "", partition)
        for message in batch:
            try:
                body = self._body(message, decode_event(message.value()), landed_at)
                documents.append({"_id": f"{prefix}:{message.offset():019d}", **body})
                sources.append(message)
            except EventError as error:
                written.dead.append((message, error))
        self._insert(documents, sources, written)
        dead = {message.offset() for message, _ in written.dead}
        last = next((message.offset() for message in reversed(batch) if message.offset() not in dead), None)
        if last is not None:
            self._untold.add((partition, last))
        return written

    def reached(self, log: BusLog, reached: dict[int, StoreMark]) -> None:
        """Raise the watermarks, one update each: who else lands can only raise them too."""
        untold = self._untold.copy()
        self._refuse_restored(log, untold)
        for partition, mark in reached.items():
            if not self._ask(partial(self._marks.raise_to, log, partition, mark)):
                raise self._lost_marks(log)
        self._untold -= {(p, offset) for p, offset in untold if p in reached and offset < reached[p].next_offset}

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _refuse_restored(self, log: BusLog, untold: Collection[tuple[int, int]]) -> None:
        """Look at every partition before any is told of: the others may hear of no record for long.

        A store that was restored after a batch was written, and before that was told, may have the very mark that this
        landing knows; it does not have the documents.
        """
        if not self._ask(lambda: self._marks.are_kept(log.topic)):
            raise self._lost_marks(log)
        keys = [bus_position(log.topic, *place) for place in untold]
        if len(keys) > self._ask(lambda: len(list(self._collection.find({"_id": {"$in": keys}}, {"_id": 1})))):
            raise LostMarksError(f"{self._where} no longer has what this landing stored: it was emptied or restored")

    def _lost_marks(self, log: BusLog) -> LostMarksError:
        self.setup(log)  # says so where the mark is another log's
        return LostMarksError(
            f"the watermarks of {self._where} are no longer those that this landing went on from: it was"
            " emptied or restored, or another process lands"
        )

    def _refuse_held(self) -> None:
        holds = self._ask(lambda: list(self._hold.find()))
        if holds:
            raise UnavailableError(why_held(holds, self._where))

    def _body(self, message: Message, event: Document, landed_at: datetime) -> Document:
        """The document but for its `_id`; of a forgotten visitor's event only that it was landed."""
        bus_time = message.timestamp()[1]
        if self._forgotten.holds(event, recorded_ms(message)):
            bare = {"timestamp": bus_time, "key": None, "headers": None}
            return {"event": {}, "kafka": bare, "landed_at": landed_at, "erased_at": landed_at}
        origin = {"timestamp": bus_time, "key": message.key(), "headers": _headers(message)}
        return {"event": event, "kafka": origin, "landed_at": landed_at}

    def _insert(self, documents: list[Document], sources: list[Message], written: Written) -> None:
        if not documents:
            return
        try:
            result = self._collection.insert_many(documents, ordered=False)
            self._has_answered = True
            written.stored += len(result.inserted_ids)
        except BulkWriteError as error:
            self._sort_out(error, documents, sources, written)
        except (BSONError, DocumentTooLarge, OverflowError, UnicodeError) as error:
            self._insert_encodable(error, documents, sources, written)
        except PyMongoError as error:
            raise self._explain(error, "inserting into") from error

    def _sort_out(
        self, error: BulkWriteError, documents: list[Document], sources: list[Message], written: Written
    ) -> None:
        """Tell documents landed before from refused ones; raise where the server, not the document, is at fault."""
        details = error.details or {}
        # Where the acknowledgement is not durable, nothing of the batch is: it is written again, and found there.
        failures = list(details.get("writeConcernErrors", []))
        already, dead = 0, []
        for refusal in details.get("writeErrors", []):
            fault = _fault(refusal)
            if _landed_before(refusal):
                already += 1
            elif fault is None:
                failures.insert(0, refusal)
            else:
                dead.append((sources[refusal["index"]], fault))
        if failures:
            code, words = failures[0].get("code"), failures[0].get("errmsg")
            raise self._explain(OperationFailure(f"{words}", code), "inserting into") from error
        self._has_answered = True
        written.stored += details.get("nInserted", 0)
        written.already += already
        written.dead += dead

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
            answer = command()
            self._has_answered = True
            return answer
        except PyMongoError as error:
            raise self._explain(error, "using") from error

    def _explain(self, error: PyMongoError, doing: str) -> MillraceError:
        problem = explain(error, f"{doing} {self._where}")
        if self._has_answered and isinstance(problem, AccessError):
            return UnavailableError(f"{problem} (the same login was taken before: trying again)")
        return problem


def explain(error: PyMongoError, doing: str) -> MillraceError:
    """The typed error for what the driver raised: have a person act, or wait for whatever is not known to last."""
    code = error.code if isinstance(error, OperationFailure) else None
    if code == _WRONG_LOGIN:
        return AccessError(f"{doing} failed: wrong user name or password; check MONGO_LANDING_PASSWORD")
    if code == _NOT_AUTHORISED:
        return AccessError(f"{doing} failed: the user has no readWrite role on the database; grant it")
    if isinstance(error, ConfigurationError):
        return TerminalError(f"{doing} failed: {error}; check MONGO_HOST and MONGO_PORT")
    if error.timeout or isinstance(error, ConnectionFailure | WaitQueueTimeoutError):
        return UnavailableError(f"{doing} failed: {NO_ANSWER} ({reason_of(error)})")
    lasting = isinstance(error, DuplicateKeyError) or code in _WAITING_DOES_NOT_MEND
    if lasting or not isinstance(error, OperationFailure):
        return TerminalError(f"{doing} failed: {str(error)[:300]}")
    return UnavailableError(f"{doing} failed: the server does not take it now: code {code}, {reason_of(error)}")


def reason_of(error: PyMongoError) -> str:
    """What the driver says, without the time-outs, the topology or the server's answer that it goes on to recite."""
    return re.split(r" \(configured|, Timeout:|, full error:", str(error))[0][:200]


def _headers(message: Message) -> list[dict[str, Any]] | None:
    headers = headers_of(message)
    return None if headers is None else [{"name": name, "value": value} for name, value in headers]


def _landed_before(refusal: dict[str, Any]) -> bool:
    # Some servers name no index: then it is the one that every collection has.
    return refusal.get("code") == MONGODB_DUPLICATE_KEY and refusal.get("keyPattern", {"_id": 1}) == {"_id": 1}


def _fault(refusal: dict[str, Any]) -> EventError | None:
    return refused_by_mongodb(refusal.get("code"), refusal.get("errmsg", ""), refusal.get("keyPattern"))


def _refused_by_bson(document: Document) -> EventError | None:
    try:
        size = len(bson.encode(document, codec_options=CodecOptions()))
    except (BSONError, OverflowError, UnicodeError) as error:
        return EventError(Reason.REFUSED_BY_MONGODB, scrubbed_start(str(error), 300))
    if size > MAX_EVENT_BYTES:
        return EventError(Reason.TOO_LARGE, f"{size} bytes as BSON, at most {MAX_EVENT_BYTES}")
    return None
