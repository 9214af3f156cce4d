"""Indexing: events in Elasticsearch, each under its bus position, in monthly indices behind an alias."""

import logging
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import orjson
from confluent_kafka import Message
from elasticsearch import (
    ApiError,
    ConnectionError,
    ConnectionTimeout,
    Elasticsearch,
    TransportError,
)

from config.errors import NO_ANSWER, AccessError, MillraceError, TerminalError, UnavailableError
from config.settings import ElasticsearchSettings
from kafka.dead_letter_reasons import EventError, Reason, elasticsearch_words, refused_by_elasticsearch
from kafka.event_json import decode_event
from kafka.forgotten import ForgottenVisitors
from kafka.position import partition_key
from kafka.record_time import recorded_ms
from kafka.sinks.elasticsearch_marks import ElasticsearchMarks
from kafka.sinks.event_document import Documents, EventDocuments, erased_document, index_name
from kafka.sinks.sink import BusLog, Sink, StoreMark, Written
from kafka.sinks.store_marks import refuse_another_log

logger = logging.getLogger(__name__)

BULK_BYTES = 8 * 1024 * 1024
LOGIN_SECONDS = 25.0
"""A server that was just started knows its native users only once their index is read; the bus's patience is 30 s."""
CREATED, REFUSED, ALREADY_INDEXED, TOO_LARGE, TOO_MANY_REQUESTS, SERVER_ERROR = 201, 400, 409, 413, 429, 500
_TIMED_OUT, _UNAUTHORISED, _FORBIDDEN = 408, 401, 403
_SECURITY = "security_exception"
_REPLY_FIELDS = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"

T = TypeVar("T")
Indexable = tuple[Message, bytes, bytes]
"""The record, its action line and its document line."""


def connect(settings: ElasticsearchSettings, user: str, password: str, workers: int) -> Elasticsearch:
    """A client for `workers` threads that leaves retrying to the consumer."""
    return Elasticsearch(
        settings.elasticsearch_url,
        **settings.elasticsearch_tls_options,
        basic_auth=(user, password),
        connections_per_node=workers,
        max_retries=0,
        request_timeout=60,
    )


class ElasticsearchSink(Sink):
    """Creates documents in bulk; one that is there already was indexed before."""

    stage = "indexer"

    def __init__(
        self,
        client: Elasticsearch,
        alias: str,
        address: str,
        forgotten: ForgottenVisitors,
        documents: Documents | None = None,
    ) -> None:
        self._client = client
        self._alias = alias
        self._documents = documents or EventDocuments()
        self._forgotten = forgotten
        self._marks = ElasticsearchMarks(client, address)
        self._where = f"Elasticsearch index {alias}-* at {address}"
        self._has_answered = False
        self._refused_since: float | None = None

    def setup(self, log: BusLog) -> None:
        """Refuse to index without the template, which would fix wrong types for a month, or beside another log."""
        indices = self._client.indices
        found = self._ask("looking for the template of", lambda: indices.exists_index_template(name=self._alias))
        if not found:
            raise TerminalError(f"{self._where} has no index template named {self._alias}; ./millrace up puts it there")
        refuse_another_log(log, self._kept(log).values(), self._where)

    def marks(self, log: BusLog) -> dict[int, StoreMark]:
        """How far each partition is indexed."""
        kept = self._kept(log)
        if not kept:
            logger.info(
                "the index keeps no progress of this topic yet: reading begins at its beginning, and what is indexed "
                "already stays as it is topic=%s",
                log.topic,
            )
        return kept

    def reached(self, log: BusLog, reached: dict[int, StoreMark]) -> None:
        """Keep the marks in an index of their own, by optimistic concurrency."""
        self._ask("keeping the progress of", lambda: self._marks.keep(log, reached))

    def write(self, batch: list[Message]) -> Written:
        """Index a batch; what is bad in itself, by our rules or the server's mapping, is dead."""
        written = Written()
        indexable = self._prepare(batch, written)
        for bulk in _bulks(indexable):
            self._send(bulk, written)
        return written

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _prepare(self, batch: list[Message], written: Written) -> list[Indexable]:
        indexable: list[Indexable] = []
        indexed_at = int(time.time() * 1000)
        topic, partition = batch[0].topic() or "", batch[0].partition() or 0
        prefix = partition_key(topic, partition)
        for message in batch:
            try:
                event = decode_event(message.value())
            except EventError as error:
                written.dead.append((message, error))
                continue
            offset, bus_time = message.offset(), message.timestamp()[1]
            time_ms = self._documents.time_ms(event, bus_time)
            bus = {"topic": topic, "partition": partition, "offset": offset, "timestamp": max(bus_time, 0)}
            action = f'{{"create":{{"_index":"{index_name(self._alias, time_ms)}","_id":"{prefix}:{offset:019d}"}}}}'
            if self._forgotten.holds(event, recorded_ms(message)):
                document = erased_document(bus, indexed_at)
            else:
                document = self._documents.document(event, time_ms, bus, indexed_at, self._forgotten.key)
            indexable.append((message, action.encode(), orjson.dumps(document)))
        return indexable

    def _kept(self, log: BusLog) -> dict[int, StoreMark]:
        return self._ask("reading the progress of", lambda: self._marks.read(log))

    def _send(self, bulk: list[Indexable], written: Written) -> None:
        lines: list[Any] = [line for _, action, document in bulk for line in (action, document)]
        try:
            reply = self._client.bulk(operations=lines, filter_path=_REPLY_FIELDS)
        except (ApiError, TransportError) as error:
            if isinstance(error, ApiError) and error.status_code == TOO_LARGE:
                self._send_in_parts(bulk, written)
                return
            raise self._explain(error, "indexing into") from error
        outcomes = [item["create"] for item in reply["items"]] if reply["errors"] else [{"status": CREATED}] * len(bulk)
        faults = [self._fault(outcome) for outcome in outcomes]
        self._has_answered = True
        for (message, _, _), outcome, fault in zip(bulk, outcomes, faults, strict=True):
            if fault is not None:
                written.dead.append((message, fault))
            elif outcome["status"] == ALREADY_INDEXED:
                written.already += 1
            else:
                written.stored += 1

    def _send_in_parts(self, bulk: list[Indexable], written: Written) -> None:
        """A request beyond the limit of the server, or of a proxy before it, is halved down to single documents."""
        if len(bulk) == 1:
            ((message, _, document),) = bulk
            detail = f"{len(document)} bytes in a request of its own are too large for {self._where}"
            written.dead.append((message, EventError(Reason.TOO_LARGE, detail)))
            return
        middle = len(bulk) // 2
        self._send(bulk[:middle], written)
        self._send(bulk[middle:], written)

    def _fault(self, outcome: dict[str, Any]) -> EventError | None:
        """The document's own fault, or None where it is indexed now; raises where the server is at fault."""
        status, error = outcome["status"], outcome.get("error", {})
        if status < REFUSED or status == ALREADY_INDEXED:
            return None
        fault = refused_by_elasticsearch(status, error)
        if fault is None:
            raise self._refusal(status, error.get("type"), f"indexing into {self._where}", elasticsearch_words(error))
        return fault

    def _ask(self, doing: str, command: Callable[[], T]) -> T:
        try:
            answer = command()
        except (ApiError, TransportError) as error:
            raise self._explain(error, doing) from error
        self._has_answered = True
        return answer

    def _explain(self, error: ApiError | TransportError, doing: str) -> MillraceError:
        if isinstance(error, ApiError):
            return self._refusal(error.status_code, _type_of(error), f"{doing} {self._where}", str(error)[:300])
        return explain(error, f"{doing} {self._where}")

    def _refusal(self, status: int, kind: str | None, doing: str, words: str) -> MillraceError:
        problem = refusal(status, kind, doing, words)
        if not isinstance(problem, AccessError):
            self._refused_since = None
            return problem
        now = time.monotonic()
        self._refused_since = self._refused_since or now
        if self._has_answered or now - self._refused_since < LOGIN_SECONDS:
            return UnavailableError(f"{problem} (a server just started may not know the login yet: trying again)")
        return problem


def refusal(status: int, kind: str | None, doing: str, words: str) -> MillraceError:
    """The typed error for an HTTP `status` with the error type `kind`: have a person act on the login, or wait.

    Whatever the server says of an index, of the cluster or of itself (blocks, limits, closed or missing indices, no
    room) may be mended while we wait; unknown refusals are among them.
    """
    if status == _UNAUTHORISED:
        return AccessError(f"{doing} failed: wrong user name or password; check ELASTICSEARCH_INDEXER_PASSWORD")
    if status == _FORBIDDEN and kind in (None, _SECURITY):
        return AccessError(f"{doing} failed: the user lacks a permission; grant it in config/elasticsearch/roles.yml")
    if kind is None and REFUSED <= status < SERVER_ERROR and status not in (_TIMED_OUT, TOO_MANY_REQUESTS):
        return TerminalError(f"{doing} failed: {words}; is that an Elasticsearch of version 8?")
    return UnavailableError(f"{doing} failed: the server does not take it now: {words}")


def explain(error: TransportError, doing: str) -> MillraceError:
    """The typed error where the client got no answer: wait, or have a person act."""
    if isinstance(error, ConnectionError | ConnectionTimeout):
        return UnavailableError(f"{doing} failed: {NO_ANSWER} ({reason_of(error)})")
    return TerminalError(f"{doing} failed: {str(error)[:300]}")


def reason_of(error: TransportError) -> str:
    """What went wrong, without the address and the errors that the client wraps it in."""
    return re.sub(r"^HTTPS?Connection(Pool)?\([^)]*\): ", "", str(error.message))[:200]


def _type_of(error: ApiError) -> str | None:
    told = error.body.get("error") if isinstance(error.body, dict) else None
    return told.get("type") if isinstance(told, dict) else None


def _bulks(indexable: list[Indexable]) -> Iterator[list[Indexable]]:
    """Split by size: a request beyond the server's http.max_content_length (100 MB) is refused as a whole."""
    bulk: list[Indexable] = []
    size = 0
    for entry in indexable:
        if bulk and size + len(entry[2]) > BULK_BYTES:
            yield bulk
            bulk, size = [], 0
        bulk.append(entry)
        size += len(entry[2])
    if bulk:
        yield bulk
