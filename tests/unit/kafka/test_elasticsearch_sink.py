"""What becomes of each record of a batch on its way into Elasticsearch."""

import json
from typing import Any, cast

import pytest
from confluent_kafka import Message
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import (
    ApiError,
    AuthenticationException,
    AuthorizationException,
    ConnectionError,
    ConnectionTimeout,
    Elasticsearch,
)

from config.errors import AccessError, TerminalError, UnavailableError
from kafka.dead_letter_reasons import Reason
from kafka.dead_letters.letter import Headers
from kafka.record_time import ORIGINAL_TIMESTAMP_HEADER
from kafka.sinks.elasticsearch import BULK_BYTES, LOGIN_SECONDS, ElasticsearchSink
from kafka.sinks.sink import Written
from tests.forgotten import forgotten

Outcome = dict[str, Any]
CREATED: Outcome = {"status": 201}


RECORD = Message(topic="t", partition=2, offset=40, value=b"{}", timestamp=(1, 1_585_699_200_000))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the sink is told, in seconds."""
    now = [1_000.0]
    monkeypatch.setattr("kafka.sinks.elasticsearch.time.monotonic", lambda: now[0])
    return now


class Client:
    """Stands in for the client: answers each bulk with the outcomes prepared, or all created."""

    def __init__(self, outcomes: list[Outcome] | None = None, limit: int | None = None) -> None:
        self.outcomes = outcomes
        self.limit = limit
        self.problem: Exception | None = None
        self.bulks: list[list[bytes]] = []

    def bulk(self, operations: list[bytes], filter_path: str) -> dict[str, Any]:
        assert "status" in filter_path
        if self.problem is not None:
            raise self.problem
        if self.limit is not None and sum(map(len, operations)) > self.limit:
            raise api_error(ApiError, 413)
        self.bulks.append(operations)
        outcomes = self.outcomes or [CREATED] * (len(operations) // 2)
        return {"errors": bool(self.outcomes), "items": [{"create": outcome} for outcome in outcomes]}


def write(client: Client, *values: bytes | None) -> Written:
    batch = [
        Message(topic="t", partition=2, offset=40 + i, value=value, timestamp=(1, 1_585_699_200_000))
        for i, value in enumerate(values)
    ]
    return sink_of(client).write(batch)


def sink_of(client: Client) -> ElasticsearchSink:
    return ElasticsearchSink(
        cast(Elasticsearch, client), "product-views", "host:9200", forgotten({"4711": 1_585_699_200_000})
    )


def error(status: int, kind: str, reason: str = "why") -> Outcome:
    return {"status": status, "error": {"type": kind, "reason": reason, "caused_by": {"reason": "because"}}}


def api_error(kind: type[ApiError], status: int, body: Any = None) -> ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "host", 9200))
    return kind("message", meta, body or {})


def test_a_document_is_created_under_its_bus_position_in_the_month_of_the_event() -> None:
    client = Client()
    assert write(client, b'{"time_stamp":1588291200}', b"{}").stored == 2
    actions = [json.loads(line)["create"] for line in client.bulks[0][::2]]
    assert actions == [
        {"_index": "product-views-2020.05", "_id": "t:00002:0000000000000000040"},
        {"_index": "product-views-2020.04", "_id": "t:00002:0000000000000000041"},
    ]


def test_of_a_forgotten_visitors_event_its_position_is_indexed_in_its_month() -> None:
    client = Client()
    write(client, b'{"user_id_db":"4711","time_stamp":1588291200,"ip":"203.0.113.0"}')
    action, document = map(json.loads, client.bulks[0])
    assert action["create"] == {"_index": "product-views-2020.05", "_id": "t:00002:0000000000000000040"}
    assert document.pop("erased_at") > 1_585_699_200_000
    assert document == {"kafka": {"topic": "t", "partition": 2, "offset": 40}}


@pytest.mark.parametrize(("told", "held"), [(b"1585699200000", True), (b"1585699200001", False)])
def test_a_copy_with_the_present_time_is_judged_by_the_time_of_its_record(told: bytes, held: bool) -> None:
    client, value, now = Client(), b'{"user_id_db":"4711"}', 1_700_000_000_000
    headers: Headers = [(ORIGINAL_TIMESTAMP_HEADER, told)]
    copy = Message(topic="t", partition=2, offset=40, value=value, timestamp=(1, now), headers=headers)
    sink_of(client).write([copy])
    assert ("erased_at" in json.loads(client.bulks[0][1])) == held


def test_a_pretty_printed_event_stays_one_line_of_the_request() -> None:
    client = Client()
    write(client, b'{\n "a": 1\n}')
    assert b"\n" not in client.bulks[0][1]
    assert json.loads(client.bulks[0][1])["event"] == {"a": 1}


def test_a_bad_record_does_not_hold_up_the_others() -> None:
    written = write(Client(), b"{}", b"broken", b"{}")
    assert written.stored == 2
    assert [one.reason for _, one in written.dead] == [Reason.NOT_JSON]


def test_a_conflict_was_indexed_before() -> None:
    written = write(Client([CREATED, error(409, "version_conflict_engine_exception")]), b"{}", b"{}")
    assert (written.stored, written.already, written.dead) == (1, 1, [])


def test_only_the_document_that_the_mapping_refuses_is_dead_with_its_words() -> None:
    written = write(Client([CREATED, error(400, "document_parsing_exception")]), b"{}", b'{"a":1}')
    ((message, refusal),) = written.dead
    assert message.value() == b'{"a":1}'
    assert refusal.reason == Reason.REFUSED_BY_ELASTICSEARCH
    assert refusal.detail == "document_parsing_exception: why (because)"


@pytest.mark.parametrize(
    "outcome",
    [
        error(400, "document_parsing_exception", "[1:11] failed to parse: Number value length (2000) exceeds"),
        error(400, "mapper_parsing_exception", "failed to parse field [a] of type [long] in document with id 'x'"),
        error(400, "illegal_argument_exception", 'Document contains at least one immense term in field="a"'),
        error(400, "max_bytes_length_exceeded_exception", "bytes can be at most 32766 in length; got 40000"),
    ],
)
def test_a_fault_of_the_document_is_a_dead_letter(outcome: Outcome) -> None:
    written = write(Client([CREATED, outcome]), b"{}", b"{}")
    assert (written.stored, len(written.dead)) == (1, 1)


@pytest.mark.parametrize(
    "outcome",
    [
        error(429, "es_rejected_execution_exception"),
        error(429, "cluster_block_exception", "blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage]"),
        error(403, "cluster_block_exception", "blocked by: [FORBIDDEN/8/index write (api)]"),
        error(503, "unavailable_shards_exception"),
        error(503, "process_cluster_event_timeout_exception"),
        error(404, "index_not_found_exception"),
        error(400, "index_closed_exception", "closed"),
        error(400, "validation_exception", "this action would add [2] shards, but this cluster has [1000]/[1000]"),
        error(400, "illegal_argument_exception", "Limit of total fields [1000] in index [x] has been exceeded"),
        error(400, "illegal_argument_exception", "no write index is defined for alias [product-views]"),
        error(400, "mapper_parsing_exception", "Failed to parse mapping: unknown parameter [x] on mapper [y]"),
        error(400, "strict_dynamic_mapping_exception", "mapping set to strict"),
        error(400, "exception_of_a_later_version"),
    ],
)
def test_a_broken_server_is_not_a_bad_event(outcome: Outcome) -> None:
    with pytest.raises(UnavailableError, match=r"product-views-\* at host:9200.*why|because"):
        write(Client([error(400, "document_parsing_exception"), outcome]), b"{}", b"{}")


def test_a_request_too_large_for_the_server_is_sent_in_parts() -> None:
    small, large = b'{"a":"small"}', b'{"a":"' + b"x" * 5_000 + b'"}'
    written = write(Client(limit=2_000), small, small, large, small, small)
    assert written.stored == 4
    ((message, refusal),) = written.dead
    assert (message.value(), refusal.reason) == (large, Reason.TOO_LARGE)


def test_a_request_stays_below_the_servers_limit() -> None:
    client = Client()
    large = b'{"a":"' + b"x" * (BULK_BYTES // 2) + b'"}'
    assert write(client, large, large, large).stored == 3
    assert [len(bulk) // 2 for bulk in client.bulks] == [1, 1, 1]


BLOCKED = {"error": {"type": "cluster_block_exception"}, "status": 403}


@pytest.mark.parametrize(
    "problem",
    [
        ConnectionError("refused"),
        ConnectionTimeout("silent"),
        api_error(ApiError, 503),
        api_error(ApiError, 429),
        api_error(ApiError, 408),
        api_error(AuthorizationException, 403, BLOCKED),
        api_error(ApiError, 400, {"error": {"type": "exception_of_a_later_version"}}),
    ],
)
def test_a_server_that_does_not_take_the_request_is_waited_for(problem: Exception) -> None:
    client = Client()
    client.problem = problem
    with pytest.raises(UnavailableError, match="host:9200"):
        write(client, b"{}")


def test_what_is_no_elasticsearch_stops_the_stage() -> None:
    client = Client()
    client.problem = api_error(ApiError, 405)
    with pytest.raises(TerminalError, match="host:9200"):
        write(client, b"{}")


REFUSED_LOGINS = [api_error(AuthenticationException, 401), api_error(AuthorizationException, 403)]


@pytest.mark.parametrize("problem", REFUSED_LOGINS)
def test_a_login_refused_at_the_start_is_believed_after_a_while(problem: Exception, clock: list[float]) -> None:
    client = Client()
    sink, client.problem = sink_of(client), problem
    with pytest.raises(UnavailableError, match="just started"):
        sink.write([RECORD])
    clock[0] += LOGIN_SECONDS
    with pytest.raises(AccessError, match="host:9200"):
        sink.write([RECORD])


@pytest.mark.parametrize("problem", REFUSED_LOGINS)
def test_a_login_that_was_taken_before_is_waited_for_when_it_is_refused(problem: Exception, clock: list[float]) -> None:
    client = Client()
    sink = sink_of(client)
    sink.write([RECORD])
    client.problem = problem
    for _ in range(2):
        clock[0] += LOGIN_SECONDS
        with pytest.raises(UnavailableError, match=r"ELASTICSEARCH_INDEXER_PASSWORD|roles\.yml"):
            sink.write([RECORD])
