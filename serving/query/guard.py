"""What stands before the pages and what they ask: signed session, CSRF token, headers. The doors for events have none.

A door is called by programs with a key of their own; a cookie means nothing there, and each step would cost its time.
"""

import hashlib
import hmac
from collections.abc import Iterable, MutableMapping
from typing import Any

from asgi_csrf import Errors, asgi_csrf
from starlette.datastructures import MutableHeaders
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.body import announced_size, read_body
from serving.problem import Code, Problem
from serving.query.settings import QuerySettings

SESSION_COOKIE, CSRF_COOKIE = "millrace_session", "millrace_csrf"
OUR_COOKIES = (b"millrace_session=", b"millrace_csrf=")
LARGEST_BODY, BODY_SECONDS = 64 * 1024, 10.0
"""Of a login or a change."""
DOORS = ("/api/data", "/api/events/", "/api/beacon/", "/health", "/ready", "/metrics", "/tracker.js", "/example")
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Goes around the application, and by its path lets a request take the short way."""

    def __init__(self, app: ASGIApp, settings: QuerySettings) -> None:
        key = settings.api_session_key.get_secret_value()
        is_secure = settings.api_public_origin.startswith("https://")
        tokens = asgi_csrf(
            app,
            cookie_name=CSRF_COOKIE,
            signing_secret=_derived(key, "csrf"),
            always_protect={"/api/login", "/api/logout"},
            cookie_secure=is_secure,
            cookie_samesite="Strict",
            send_csrf_failed=_csrf_failed,
        )
        self._plain = app
        self._guarded = SessionMiddleware(
            tokens,
            _derived(key, "session"),
            SESSION_COOKIE,
            int(settings.api_session_hours * 3600),
            same_site="strict",
            https_only=is_secure,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"].startswith(DOORS):
            await self._plain(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        own = {**scope, "headers": _own_cookies(scope["headers"])}
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            try:
                receive = await _body(Request(own, receive))
            except Problem as problem:
                await problem.response()(own, receive, with_headers)
                return
        await self._guarded(own, receive, with_headers)


async def _body(request: Request) -> Receive:
    """The body, read within limits before anybody waits for it; raises Problem."""
    announced_size(request, LARGEST_BODY)
    told = [{"type": "http.request", "body": await read_body(request, LARGEST_BODY, BODY_SECONDS)}]

    async def receive() -> Message:
        return told.pop() if told else await request.receive()

    return receive


def _own_cookies(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers without the cookies of others: a host's cookies go to all of its ports, and some names are no names.

    A token that is no ASCII is none.
    """
    found, own = [], []
    for name, value in headers:
        if name == b"cookie":
            pairs = (each.strip() for each in value.split(b";"))
            own += [each for each in pairs if each.startswith(OUR_COOKIES) and each.isascii()]
        elif name != b"x-csrftoken" or value.isascii():
            found.append((name, value))
    return [*found, (b"cookie", b"; ".join(own))] if own else found


def _derived(key: str, purpose: str) -> str:
    """A key for each purpose: a cookie of one is no cookie of another."""
    return hmac.new(key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


async def _csrf_failed(scope: MutableMapping[str, Any], send: Send, _: Errors) -> None:
    response = Problem(Code.CSRF_FAILED, "send the csrf_token of /api/session as X-CSRFToken").response()

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await response(scope, receive, send)
