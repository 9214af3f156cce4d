"""Indexing: events in Elasticsearch, each under its bus position, in monthly indices behind an alias."""

import logging
import time
from collections.abc import Iterator
from typing import Any

import orjson
from confluent_kafka import Message
from elasticsearch import (
    ApiError,
    AuthenticationException,
    AuthorizationException,
    ConnectionError,
    ConnectionTimeout,
    Elasticsearch,
    TransportError,
)

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from config.settings import ElasticsearchSettings
from kafka.dead_letter_reasons import ELASTICSEARCH_DOCUMENT_FAULTS, EventError, Reason
from kafka.event_document import event_document, event_time_ms, index_name
from kafka.event_json import decode_event
from kafka.position import partition_key
from kafka.sink import BusLog, Sink, Written

logger = logging.getLogger(__name__)

BULK_BYTES = 8 * 1024 * 1024
REFUSED, FORBIDDEN, ALREADY_INDEXED, TOO_MANY_REQUESTS, SERVER_ERROR = 400, 403, 409, 429, 500
_REPLY_FIELDS = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"
_PASSING_BLOCKS = {"cluster_block_exception", "unavailable_shards_exception", "es_rejected_execution_exception"}

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

    def __init__(self, client: Elasticsearch, alias: str, address: str) -> None:
        self._client = client
        self._alias = alias
        self._where = f"Elasticsearch index {alias}-* at {address}"

    def setup(self, log: BusLog) -> None:
        """Refuse to index without the template: the first document would fix wrong types for a month."""
        try:
            found = self._client.indices.exists_index_template(name=self._alias)
        except (ApiError, TransportError) as error:
            raise explain(error, f"looking for the template of {self._where}") from error
        if not found:
            raise TerminalError(f"{self._where} has no index template named {self._alias}; make up puts it there")

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
            time_ms = event_time_ms(event, bus_time)
            bus = {"topic": topic, "partition": partition, "offset": offset, "timestamp": max(bus_time, 0)}
            action = f'{{"create":{{"_index":"{index_name(self._alias, time_ms)}","_id":"{prefix}:{offset:019d}"}}}}'
            document = orjson.dumps(event_document(event, time_ms, bus, indexed_at))
            indexable.append((message, action.encode(), document))
        return indexable

    def _send(self, bulk: list[Indexable], written: Written) -> None:
        lines: list[Any] = [line for _, action, document in bulk for line in (action, document)]
        try:
            reply = self._client.bulk(operations=lines, filter_path=_REPLY_FIELDS)
        except (ApiError, TransportError) as error:
            raise explain(error, f"indexing into {self._where}") from error
        if not reply["errors"]:
            written.stored += len(bulk)
            return
        outcomes = [item["create"] for item in reply["items"]]
        for outcome in outcomes:
            self._raise_if_general(outcome)
        for (message, _, _), outcome in zip(bulk, outcomes, strict=True):
            if outcome["status"] == ALREADY_INDEXED:
                written.already += 1
            elif outcome["status"] < REFUSED:
                written.stored += 1
            else:
                written.dead.append((message, EventError(Reason.REFUSED_BY_ELASTICSEARCH, _reason(outcome))))

    def _raise_if_general(self, outcome: dict[str, Any]) -> None:
        """Raise for a refusal that is not about the document."""
        status, kind = outcome["status"], outcome.get("error", {}).get("type")
        if (
            status < REFUSED
            or status == ALREADY_INDEXED
            or (status == REFUSED and kind in ELASTICSEARCH_DOCUMENT_FAULTS)
        ):
            return
        problem = f"indexing into {self._where} failed: {_reason(outcome)}"
        if status == TOO_MANY_REQUESTS or status >= SERVER_ERROR or kind in _PASSING_BLOCKS:
            raise UnavailableError(problem)
        raise AccessError(problem) if status == FORBIDDEN else TerminalError(problem)


def explain(error: ApiError | TransportError, doing: str) -> MillraceError:
    """The typed error for what the client raised: wait, or have a person act."""
    if isinstance(error, AuthenticationException):
        return AccessError(f"{doing} failed: wrong user name or password; check ELASTICSEARCH_INDEXER_PASSWORD")
    if isinstance(error, AuthorizationException):
        return AccessError(
            f"{doing} failed: the user has no such permission; grant it in config/elasticsearch/roles.yml"
        )
    passing = isinstance(error, ConnectionError | ConnectionTimeout)
    if passing or (isinstance(error, ApiError) and error.status_code in range(TOO_MANY_REQUESTS, SERVER_ERROR + 100)):
        return UnavailableError(f"{doing} failed: no answer; is the server running there? ({str(error)[:200]})")
    return TerminalError(f"{doing} failed: {str(error)[:300]}")


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


def _reason(outcome: dict[str, Any]) -> str:
    error = outcome.get("error", {})
    cause = error.get("caused_by", {}).get("reason")
    return f"{error.get('type')}: {error.get('reason')}" + (f" ({cause})" if cause else "")
