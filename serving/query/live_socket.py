"""One WebSocket client: a snapshot or what it has missed, then what changes; the latest wins, and a client that does
not read is let go of.
"""

import asyncio
import time
from urllib.parse import urlsplit

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from serving.problem import Problem
from serving.query.parts import Query

LOGGED_OUT, WRONG_ORIGIN, TRY_LATER = 4401, 4403, 1013
CHECKED_SECONDS = 2.0
"""After so long at most whoever was removed, or has another password, hears no more."""
QUIET_SECONDS = 15.0
"""After so long without a change a client is told that there is none."""
router = APIRouter()


@router.websocket("/ws/live")
async def live(socket: WebSocket, after: str | None = None) -> None:
    """See docs/query-api.md."""
    parts: Query = socket.app.state.query
    await socket.accept()
    refusal = _refusal(socket, parts)
    if refusal is not None:
        await socket.close(*refusal)
        return
    parts.hub.clients += 1
    try:
        await _serve(socket, parts, after)
    except (WebSocketDisconnect, asyncio.CancelledError):
        pass
    finally:
        parts.hub.clients -= 1


def _refusal(socket: WebSocket, parts: Query) -> tuple[int, str] | None:
    if not is_same_origin(socket.headers.get("origin"), socket.headers.get("host"), parts.settings.api_public_origin):
        return WRONG_ORIGIN, "a page of another origin"
    is_in = _is_logged_in(socket, parts)
    if is_in is None:
        return TRY_LATER, "the accounts are not known"
    if not is_in:
        return LOGGED_OUT, "log in"
    if parts.hub.clients >= parts.settings.api_max_live_clients:
        return TRY_LATER, "too many clients"
    return None


def is_same_origin(origin: str | None, host: str | None, public_origin: str) -> bool:
    """Whether a page of ours asks, or a program, which names no origin."""
    if origin is None:
        return True
    return origin == public_origin if public_origin else urlsplit(origin).netloc == host


def _is_logged_in(socket: WebSocket, parts: Query) -> bool | None:
    """None while the accounts are not known: that is no reason to throw anybody out."""
    try:
        return parts.account(socket) is not None
    except Problem:
        return None


async def _serve(socket: WebSocket, parts: Query, after: str | None) -> None:
    """Send until the client is gone; a task of its own reads, since only reading tells that."""
    reading = asyncio.create_task(_read(socket))
    sending = asyncio.create_task(_send_all(socket, parts, after))
    try:
        done, _ = await asyncio.wait({reading, sending}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (reading, sending):
            task.cancel()
        await asyncio.gather(reading, sending, return_exceptions=True)


async def _read(socket: WebSocket) -> None:
    """Whatever a client says is passed over: it has nothing to say."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return


async def _send_all(socket: WebSocket, parts: Query, after: str | None) -> None:
    hub = parts.hub
    if not await hub.filled():
        await socket.close(TRY_LATER, "the live numbers are not there")
        return
    state = hub.state
    number = state.position(after)
    if number is None:
        number, body = state.number, state.snapshot()
        await _send(socket, parts, body, "snapshot")
    sent_at, was_stale = time.monotonic(), state.is_stale
    while True:
        has_more = state.number > number or await hub.beyond(number, CHECKED_SECONDS)
        if _is_logged_in(socket, parts) is False:
            await socket.close(LOGGED_OUT, "log in")
            return
        if not has_more:
            if time.monotonic() - sent_at >= QUIET_SECONDS or state.is_stale != was_stale:
                sent_at, was_stale = time.monotonic(), state.is_stale
                await _send(socket, parts, state.tick(), "tick")
            continue
        newest = state.number
        body_after = state.after(number)
        kind = "delta" if newest == number + 1 else "merged"
        if body_after is None:
            body_after, kind = state.snapshot(), "snapshot"
        number = newest
        sent_at, was_stale = time.monotonic(), state.is_stale
        await _send(socket, parts, body_after, kind)


async def _send(socket: WebSocket, parts: Query, body: bytes, kind: str) -> None:
    """Waits until the client has read what was sent before; the protocol ends the connection of one that does not."""
    await socket.send_text(body.decode())
    parts.metrics.live.labels(kind).inc()
