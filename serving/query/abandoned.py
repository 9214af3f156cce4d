"""A question that nobody waits for any more is given up: else the next ones would wait for it."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Abandoned:
    """Cancels what answers a GET of `/api/` once the client is gone; what changes something is carried out."""

    def __init__(self, app: ASGIApp, skipped: tuple[str, ...]) -> None:
        self._app, self._skipped = app, skipped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_asked = scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith("/api/")
        if not is_asked or scope["path"].startswith(self._skipped):
            await self._app(scope, receive, send)
            return
        leaving = asyncio.create_task(_left(receive))

        async def receive_nothing() -> Message:
            # Of a GET nobody reads a body; whoever asks waits for the end as we do.
            await asyncio.wait({leaving})
            return {"type": "http.disconnect"}

        answering = asyncio.ensure_future(self._app(scope, receive_nothing, send))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
        finally:
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
