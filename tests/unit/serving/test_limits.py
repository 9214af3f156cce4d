"""What bounds a client: its rate, the age of what is known of its key, and the time that it may take for a head."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from serving.api_key import ApiKey, KeyRing, Kind, new_key
from serving.http_protocol import HEAD_BYTES, MOST_HEADERS, MOST_WAITING, patient_for
from serving.key_store import KeyStore
from serving.problem import Problem
from serving.rate_limit import TokenBucket
from tests.unit.serving.parts import Api, FakeBus, made_key, make_api


class Clock:
    """A time that passes when the test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 1000)), max_size=50))
def test_no_key_gets_more_than_its_burst_and_its_rate_since(asked: list[tuple[float, int]]) -> None:
    clock, rate, burst = Clock(), 100.0, 300
    bucket, taken, first = TokenBucket(rate, burst, clock), 0, clock.now
    for pause, count in asked:
        clock.now += pause
        wait = bucket.take(count)
        # A list longer than the burst goes through a full bucket, and is owed.
        taken += 0 if wait else count
        assert taken <= burst + rate * (clock.now - first) + 1000 + 1e-6
        if wait:
            clock.now += wait + 1e-6
            assert bucket.take(count) == 0
            taken += count


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(1, 1000), st.floats(0, 20))
def test_what_bytes_cost_is_part_of_what_the_events_cost(size: int, events: int, burst: int, pause: float) -> None:
    clock, cost = Clock(), max(size, events)
    bucket = TokenBucket(100.0, burst, clock)
    bucket.take(burst)
    clock.now += pause
    refused = 0
    while wait := bucket.take(size) or bucket.take(cost, paid=size):
        # Refused before it is read, and once more when it is: whoever then comes when told to, gets through.
        refused += 1
        assert refused <= 2
        clock.now += wait + 1e-6


def test_a_key_that_is_shown_is_found_only_as_it_was_made() -> None:
    text, key = made_key(Kind.SECRET)
    ring = KeyRing([key])
    assert ring.find(text) == key
    wrong = ["", text.upper(), text + "x", text[:-1], "mrp" + text[3:], new_key(Kind.SECRET).text, text + "\n"]
    assert [ring.find(each) for each in wrong] == [None] * len(wrong)
    assert text.rpartition("_")[2].encode() not in key.secret_hash and len(key.secret_hash) == 32


def test_keys_stay_known_for_a_while_when_the_warehouse_is_away() -> None:
    clock, (text, key) = Clock(), made_key(Kind.SECRET)
    answers: list[list[ApiKey] | psycopg.Error] = [[key], psycopg.OperationalError("away"), [key]]

    def read() -> list[ApiKey]:
        answer = answers.pop(0)
        if isinstance(answer, psycopg.Error):
            raise answer
        return answer

    store = KeyStore(read, 2, 60, clock)
    with pytest.raises(Problem):
        store.ring()
    store.refresh()
    clock.now += 59
    store.refresh()
    assert store.ring().find(text) == key
    clock.now += 2
    with pytest.raises(Problem):
        store.ring()
    store.refresh()
    assert store.ring().find(text) == key


@contextmanager
def served(api: Api, header_seconds: float) -> Iterator[int]:
    """The API behind its real HTTP server, and its port."""
    config = uvicorn.Config(api.client.app, http=patient_for(header_seconds), log_config=None, ws="none")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def connected(port: int, text: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(text.replace("\n", "\r\n").encode())
    return client


def answer_of(client: socket.socket) -> str:
    with client, client.makefile("rb") as answer:
        return answer.read().decode()


POST = "POST /api/events/sensor-readings HTTP/1.1\nHost: x\nContent-Type: application/json\nX-API-Key: {}\n"


def test_slow_senders_are_let_go_and_huge_bodies_refused_before_they_are_read() -> None:
    api = make_api(FakeBus(), api_body_seconds=0.3)
    with served(api, header_seconds=0.3) as port:
        head = POST.format(api.key)
        assert answer_of(connected(port, "POST /api/data HTT")) == ""
        assert answer_of(connected(port, "")) == ""
        slow = answer_of(connected(port, head + 'Content-Length: 100\n\n{"a":'))
        assert slow.startswith("HTTP/1.1 408") and '"code":"too_slow"' in slow
        huge = answer_of(connected(port, head + "Content-Length: 10000000000\n\n"))
        assert huge.startswith("HTTP/1.1 413") and "connection: close" in huge.lower()
        unknown = answer_of(connected(port, POST.format("mrs_x") + "Content-Length: 10000000000\n\n"))
        assert unknown.startswith("HTTP/1.1 401") and "connection: close" in unknown.lower()
        assert (api.ingest.flight.bytes, api.ingest.flight.events) == (0, 0)


def test_a_second_request_on_a_connection_has_as_long_as_the_first() -> None:
    api = make_api(FakeBus())
    with served(api, header_seconds=0.5) as port:
        client = connected(port, "GET /health HTTP/1.1\nHost: x\n\n")
        first = b""
        while b"}" not in first:
            first += client.recv(4096)
        client.sendall(b"GET /heal")
        assert answer_of(client) == ""


def is_let_go(client: socket.socket) -> bool:
    """Whether the server closes the connection, which it may do with bytes of ours unread."""
    with suppress(ConnectionError):
        answer_of(client)
    return True


GET = "GET /health HTTP/1.1\nHost: x\n"
CHUNKED = GET + "Transfer-Encoding: chunked\n\n"
MOST_OF_ONE_READING = 256 * 1024
MUCH = "a" * (HEAD_BYTES + MOST_OF_ONE_READING)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("GET /" + MUCH, id="an address without an end"),
        pytest.param(GET + "X: " + MUCH, id="a header without an end"),
        pytest.param(GET + "X:\n" * (MOST_HEADERS + 1), id="many small headers"),
        pytest.param(CHUNKED + "0\nX: " + MUCH, id="trailers without an end"),
        pytest.param(CHUNKED + "1;" + MUCH, id="what goes before a chunk, without an end"),
        pytest.param(CHUNKED + "1\nx\n", id="a body that nobody reads, without an end"),
        pytest.param((GET + "\n") * (MOST_WAITING * 3) + GET, id="many requests at once"),
    ],
)
def test_without_a_key_nobody_fills_the_memory_or_keeps_a_connection(sent: str) -> None:
    with served(make_api(FakeBus()), header_seconds=60) as port:
        assert is_let_go(connected(port, sent))


def test_requests_are_answered_in_turn_though_sent_at_once() -> None:
    with served(make_api(FakeBus()), header_seconds=60) as port:
        last = GET + "Connection: close\n\n"
        assert answer_of(connected(port, (GET + "\n") * MOST_WAITING + last)).count("200 OK") == MOST_WAITING + 1


def test_an_empty_line_does_not_keep_a_connection_that_was_answered() -> None:
    with served(make_api(FakeBus()), header_seconds=0.5) as port:
        client = connected(port, GET + "\n")
        while b"}" not in client.recv(4096):
            pass
        client.sendall(b"\r\n")
        assert is_let_go(client)


class Unread(asyncio.Transport):
    """A connection whose client reads nothing: what is written stays, so that closing it ends nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.ended, self.closing = asyncio.Event(), False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def write(self, data: object) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True
        self.ended.set()


@pytest.mark.parametrize(
    ("sent", "is_full"), [(GET + "\n", False), (GET + "Connection: close\n\n", False), (GET + "\n", True)]
)
def test_a_client_that_reads_no_answer_is_let_go(sent: str, is_full: bool) -> None:
    async def connection() -> None:
        app = make_api(FakeBus()).client.app
        config = uvicorn.Config(app, log_config=None, ws="none", lifespan="off", timeout_keep_alive=0.1)  # type: ignore[arg-type]
        config.load()
        protocol, transport = patient_for(0.1)(config, ServerState(), {}), Unread()
        protocol.connection_made(transport)
        if is_full:
            protocol.pause_writing()
        protocol.data_received(sent.replace("\n", "\r\n").encode())
        await asyncio.wait_for(transport.ended.wait(), 30)
        protocol.connection_lost(None)

    asyncio.run(connection())
