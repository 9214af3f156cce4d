"""What a WebSocket that nobody reads costs is bounded: uvicorn would keep it, with what it was sent, for ever."""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LARGEST_MESSAGE = 4096
"""Bytes of what a client may send: it has nothing to say."""


class PatientSocket(WebSocketsSansIOProtocol):
    """Ends a connection whose client has read nothing for `seconds` while something waits for it, and says so."""

    seconds: float
    dropped: Callable[[], None]
    _unread: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self.seconds, self._drop)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._end_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_waiting()
        super().connection_lost(exc)

    def _drop(self) -> None:
        type(self).dropped()
        self.transport.abort()

    def _end_waiting(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def patient_socket_for(seconds: float, dropped: Callable[[], None]) -> type[WebSocketsSansIOProtocol]:
    """The protocol that waits so long."""
    return type("PatientSocketFor", (PatientSocket,), {"seconds": seconds, "dropped": staticmethod(dropped)})
