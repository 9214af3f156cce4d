"""Many WebSocket clients of one process, who read whatever comes as fast as it does."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from benchmarks.serving_side import Viewer
from config.errors import TerminalError

AT_ONCE = 20
"""So many connect at a time; the first of them have the server read its store."""
CONNECT_SECONDS = 120.0


@dataclass
class Heard:
    """What all clients together got while it was measured."""

    clients: int = 0
    """Those that had a snapshot."""
    lost: int = 0
    """Those that were refused, or let go of."""
    messages: int = 0
    size: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0


def listen(viewer: Viewer, clients: int, seconds: float, cpu_seconds: Callable[[], float]) -> Heard:
    """Connect them all, then count for so long; `cpu_seconds` tells the server's so far."""
    return asyncio.run(_listen(viewer, clients, seconds, cpu_seconds))


async def _listen(viewer: Viewer, clients: int, seconds: float, cpu_seconds: Callable[[], float]) -> Heard:
    heard, turn = Heard(), asyncio.Semaphore(AT_ONCE)
    tasks = [asyncio.create_task(_client(viewer, heard, turn)) for _ in range(clients)]
    try:
        deadline = time.monotonic() + CONNECT_SECONDS
        while heard.clients + heard.lost < clients:
            if time.monotonic() > deadline:
                raise TerminalError(f"{heard.clients} of {clients} clients are connected, {heard.lost} were refused")
            await asyncio.sleep(0.1)
        begun, before = time.monotonic(), cpu_seconds()
        heard.messages = heard.size = 0
        await asyncio.sleep(seconds)
        heard.cpu_seconds, heard.seconds = cpu_seconds() - before, time.monotonic() - begun
        return Heard(**vars(heard))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _client(viewer: Viewer, heard: Heard, turn: asyncio.Semaphore) -> None:
    """Connect, take the snapshot, then whatever changes; one that is refused or let go of is lost."""
    try:
        async with turn:
            socket = await _connected(viewer)
            await socket.recv(decode=False)
        heard.clients += 1
        async with socket:
            while True:
                message = await socket.recv(decode=False)
                heard.size += len(message)
                heard.messages += 1
    except (WebSocketException, OSError):
        heard.lost += 1


async def _connected(viewer: Viewer) -> ClientConnection:
    # The server's own pings tell who is there; compression it has none.
    return await connect(
        viewer.socket_address,
        additional_headers=viewer.headers,
        max_size=None,
        compression=None,
        ping_interval=None,
        open_timeout=CONNECT_SECONDS,
    )
