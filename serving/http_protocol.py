"""What a connection costs is bounded before any key is read: uvicorn waits for ever, and keeps all that it is sent."""

import asyncio

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
"""Of a head, of trailers, of what goes before a chunk; what one reading of the socket brings may go beyond."""
MOST_HEADERS = 100
"""Of a head and its trailers: in memory a header has at least thirty times the bytes that it is sent in."""
MOST_WAITING = 10
"""Requests that may be sent on a connection before those before them are answered."""


class PatientProtocol(HttpToolsProtocol):
    """Waits `seconds` for the head of a request, from its connection or its first byte.

    It waits as long for a client that does not read its answers, and closes where one answered goes on sending a body.
    """

    seconds: float
    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _beside_bodies = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        # Bytes end the wait for a next request, and not all of them begin one: empty lines before it are skipped.
        if self._deadline is None and self.cycle is not None and self.cycle.response_complete:
            self._wait()
        self._beside_bodies += len(data)
        super().data_received(data)
        if self._beside_bodies > HEAD_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait()

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) == MOST_HEADERS:
            self._refuse("too many headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._end_waiting()
        self._beside_bodies = 0
        if len(self.pipeline) == MOST_WAITING:
            self._refuse("too many requests before an answer")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._beside_bodies = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # Nobody reads the rest of a body, and no time is set for it. A request behind this one may have its own.
        if self.cycle.response_complete and self.cycle.more_body:
            self.transport.close()
        if self.transport.is_closing():
            self._wait()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._end_writing()

    def timeout_keep_alive_handler(self) -> None:
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_waiting()
        self._end_writing()
        super().connection_lost(exc)

    def _refuse(self, why: str) -> None:
        self.transport.close()
        raise HttpParserError(why)  # ends the parsing of what was read

    def _wait(self) -> None:
        # Closed, a connection is there until its client has read what was written.
        self._end_waiting()
        self._deadline = self.loop.call_later(self.seconds, self.transport.abort)

    def _end_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end_writing(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def patient_for(seconds: float) -> type[HttpToolsProtocol]:
    """The protocol that waits so long."""
    return type("PatientFor", (PatientProtocol,), {"seconds": seconds})
