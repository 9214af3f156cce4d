"""What becomes of each record of a batch on its way into Elasticsearch."""

import json
from typing import Any, cast

import pytest
from confluent_kafka import Message
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError, AuthenticationException, AuthorizationException, ConnectionError, Elasticsearch

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from kafka.dead_letter_reasons import Reason
from kafka.elasticsearch_sink import BULK_BYTES, ElasticsearchSink, explain
from kafka.sink import Written

Outcome = dict[str, Any]
CREATED: Outcome = {"status": 201}


class Client:
    """Stands in for the client: answers each bulk with the outcomes prepared, or all created."""

    def __init__(self, outcomes: list[Outcome] | None = None) -> None:
        self.outcomes = outcomes
        self.bulks: list[list[bytes]] = []

    def bulk(self, operations: list[bytes], filter_path: str) -> dict[str, Any]:
        assert "status" in filter_path
        self.bulks.append(operations)
        outcomes = self.outcomes or [CREATED] * (len(operations) // 2)
        return {"errors": bool(self.outcomes), "items": [{"create": outcome} for outcome in outcomes]}


def write(client: Client, *values: bytes | None) -> Written:
    batch = [
        Message(topic="t", partition=2, offset=40 + i, value=value, timestamp=(1, 1_585_699_200_000))
        for i, value in enumerate(values)
    ]
    return ElasticsearchSink(cast(Elasticsearch, client), "product-views", "host:9200").write(batch)


def error(status: int, kind: str) -> Outcome:
    return {"status": status, "error": {"type": kind, "reason": "why", "caused_by": {"reason": "because"}}}


def api_error(kind: type[ApiError], status: int) -> ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "host", 9200))
    return kind("message", meta, {})


def test_a_document_is_created_under_its_bus_position_in_the_month_of_the_event() -> None:
    client = Client()
    assert write(client, b'{"time_stamp":1588291200}', b"{}").stored == 2
    actions = [json.loads(line)["create"] for line in client.bulks[0][::2]]
    assert actions == [
        {"_index": "product-views-2020.05", "_id": "t:00002:0000000000000000040"},
        {"_index": "product-views-2020.04", "_id": "t:00002:0000000000000000041"},
    ]


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
    ("outcome", "kind"),
    [
        (error(429, "es_rejected_execution_exception"), UnavailableError),
        (error(503, "unavailable_shards_exception"), UnavailableError),
        (error(403, "cluster_block_exception"), UnavailableError),
        (error(403, "security_exception"), AccessError),
        (error(404, "index_not_found_exception"), TerminalError),
        (error(400, "validation_exception"), TerminalError),
    ],
)
def test_a_broken_server_is_not_a_bad_event(outcome: Outcome, kind: type[MillraceError]) -> None:
    with pytest.raises(kind):
        write(Client([CREATED, outcome]), b"{}", b"{}")


def test_a_request_stays_below_the_servers_limit() -> None:
    client = Client()
    large = b'{"a":"' + b"x" * (BULK_BYTES // 2) + b'"}'
    assert write(client, large, large, large).stored == 3
    assert [len(bulk) // 2 for bulk in client.bulks] == [1, 1, 1]


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (ConnectionError("refused"), UnavailableError),
        (api_error(ApiError, 503), UnavailableError),
        (api_error(ApiError, 429), UnavailableError),
        (api_error(AuthenticationException, 401), AccessError),
        (api_error(AuthorizationException, 403), AccessError),
        (api_error(ApiError, 413), TerminalError),
    ],
)
def test_only_a_server_that_is_away_is_waited_for(problem: Any, kind: type[MillraceError]) -> None:
    assert isinstance(explain(problem, "indexing"), kind)
