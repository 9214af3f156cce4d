"""The proxy of the tests forwards bytes, and fails as networks do."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.tcp_proxy import TcpProxy

SECONDS = 10.0
SOON = 0.2


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that sends back what it is sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=echo, args=[connection], daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def echo(connection: socket.socket) -> None:
    with connection:
        try:
            while portion := connection.recv(65536):
                connection.sendall(portion)
        except OSError:
            return


@pytest.fixture
def proxy(echo_port: int) -> Iterator[TcpProxy]:
    with TcpProxy(echo_port) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: TcpProxy) -> Iterator[socket.socket]:
    with connect(proxy) as client:
        assert answer(client, b"first") == b"first"
        yield client


def connect(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), SECONDS)


def answer(client: socket.socket, request: bytes, seconds: float = SECONDS) -> bytes:
    client.settimeout(seconds)
    client.sendall(request)
    return read(client, len(request))


def read(client: socket.socket, size: int) -> bytes:
    portions = b""
    while len(portions) < size:
        portion = client.recv(size - len(portions))
        if not portion:
            break
        portions += portion
    return portions


def test_bytes_pass_in_both_directions_and_so_does_the_end(client: socket.socket) -> None:
    large = bytes(range(256)) * 4096
    sender = threading.Thread(target=client.sendall, args=[large])
    sender.start()
    assert read(client, len(large)) == large
    sender.join()
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""


def test_a_cut_connection_is_reset_and_a_new_one_is_taken(proxy: TcpProxy, client: socket.socket) -> None:
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with connect(proxy) as again:
        assert answer(again, b"second") == b"second"


def test_connections_are_refused_until_the_server_is_back_at_the_same_port(
    proxy: TcpProxy, client: socket.socket
) -> None:
    with proxy.refusing():
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
    with connect(proxy) as again:
        assert answer(again, b"second") == b"second"


@pytest.mark.parametrize("directions", [(), ("to server",), ("to client",)])
def test_a_half_open_connection_answers_nothing_and_loses_nothing(
    proxy: TcpProxy, client: socket.socket, directions: tuple[str, ...]
) -> None:
    with proxy.silent(*directions):  # type: ignore[arg-type]
        with pytest.raises(TimeoutError):
            answer(client, b"second", SOON)
        with connect(proxy) as late, pytest.raises(TimeoutError):
            answer(late, b"third", SOON)
    client.settimeout(SECONDS)
    assert read(client, 6) == b"second"


def test_an_answer_comes_late(proxy: TcpProxy, client: socket.socket) -> None:
    proxy.delay(2 * SOON)
    with pytest.raises(TimeoutError):
        answer(client, b"second", SOON)
    client.settimeout(SECONDS)
    assert read(client, 6) == b"second"


def test_a_narrow_line_takes_its_time(proxy: TcpProxy, client: socket.socket) -> None:
    proxy.throttle(bytes_per_second=6 / SOON / 2)
    assert answer(client, b"second") == b"second"
    with pytest.raises(TimeoutError):
        answer(client, b"third!", SOON)
    client.settimeout(SECONDS)
    assert read(client, 6) == b"third!"


def test_a_server_that_is_not_there_resets_its_clients(echo_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    # The reset may arrive before the client has done connecting.
    with TcpProxy(port) as proxy, pytest.raises(ConnectionResetError), connect(proxy) as client:
        client.recv(1)


def test_a_client_that_leaves_is_forgotten(proxy: TcpProxy, client: socket.socket) -> None:
    assert proxy.connections == 1
    client.close()
    deadline = time.monotonic() + SECONDS
    while proxy.connections:
        assert time.monotonic() < deadline
        time.sleep(0.01)
