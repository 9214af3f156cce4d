"""A TCP proxy on loopback that fails as networks do: between a client and a server, when a test says so.

MongoDB, PostgreSQL and Elasticsearch are proxied by their port settings (`MONGO_PORT`, ...). A Kafka broker tells its
clients where to connect to: for Kafka the proxy's port is that of the broker's advertised listener
(`tests/source_broker.py`).
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Literal, Self

CHUNK = 64 * 1024
CLOSE_WITH_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, 0 s: close() sends RST instead of FIN."""

Direction = Literal["to server", "to client"]
BOTH: tuple[Direction, ...] = ("to server", "to client")


class TcpProxy:
    """Forwards connections at `port` to `server_port` while its `with` block runs; every fault can be taken back.

    `port` 0 takes a free one, which stays the proxy's own through `refuse`. Methods may be called from any thread and
    have taken effect when they return.
    """

    def __init__(self, server_port: int, port: int = 0) -> None:
        self.server_port = server_port
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._flows: dict[Direction, asyncio.Event] = {direction: asyncio.Event() for direction in BOTH}
        self._delay_seconds = 0.0
        self._bytes_per_second: float | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self.heal()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()
        self._run(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def heal(self) -> None:
        """Forward everything at full speed, also what `silence` held back; connections that were cut stay cut."""
        self._run(self._heal())

    def cut(self) -> None:
        """Reset (RST) the connections that there are; new ones are taken."""
        self._run(self._cut())

    def refuse(self) -> None:
        """Reset the connections that there are and refuse new ones, as a host does on which no server runs."""
        self._run(self._refuse())

    def silence(self, *directions: Direction) -> None:
        """Take connections and forward nothing in these directions, by default in both: a half-open connection.

        The bytes are held back, as a network that is mended sends them again.
        """
        self._run(self._silence(directions or BOTH))

    def delay(self, seconds: float) -> None:
        """Forward each portion (at most 64 KiB) that much later."""
        self._delay_seconds = seconds

    def throttle(self, bytes_per_second: float) -> None:
        """Forward no faster than this, each connection and direction for itself."""
        self._bytes_per_second = bytes_per_second

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """As `refuse` while the body runs."""
        self.refuse()
        try:
            yield
        finally:
            self.heal()

    @contextmanager
    def silent(self, *directions: Direction) -> Iterator[None]:
        """As `silence` while the body runs."""
        self.silence(*directions)
        try:
            yield
        finally:
            self.heal()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        # Each has two ends here.
        return len(self._connections) // 2

    def _run(self, change: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(change, self._loop).result()

    async def _heal(self) -> None:
        self._delay_seconds, self._bytes_per_second = 0.0, None
        for flow in self._flows.values():
            flow.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _silence(self, directions: tuple[Direction, ...]) -> None:
        for direction in directions:
            self._flows[direction].clear()

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut()

    async def _cut(self) -> None:
        for writer in tuple(self._connections):
            _reset(writer)
        self._connections.clear()
        # A transport closes its socket in the next turn of the loop.
        await asyncio.sleep(0)

    async def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            _reset(to_client)
            return
        ends = {to_client, to_server}
        self._connections |= ends
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(from_client, to_server, "to server"))
                both.create_task(self._forward(from_server, to_client, "to client"))
        except* OSError:
            # One end was reset, and so is the other.
            for end in ends:
                _reset(end)
        finally:
            self._connections -= ends
            for end in ends:
                end.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction) -> None:
        while portion := await reader.read(CHUNK):
            await asyncio.sleep(self._delay_seconds)
            await self._flows[direction].wait()
            writer.write(portion)
            await writer.drain()
            if self._bytes_per_second is not None:
                await asyncio.sleep(len(portion) / self._bytes_per_second)
        await self._flows[direction].wait()
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    end: socket.socket = writer.get_extra_info("socket")
    if not writer.transport.is_closing():
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CLOSE_WITH_RESET)
    writer.transport.abort()
