"""The application: the doors for events, what operators ask, the pages for web developers, and the query API."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from html import escape
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, Request, Security
from fastapi.security import APIKeyHeader
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse, HTMLResponse, Response

from serving import examples
from serving.ingest import JSON, TEXT, Door, Ingest
from serving.problem import Code, Problem
from serving.query.assembly import add_query, running
from serving.query.parts import Query

PAGES = Path(__file__).parent / "pages"
READINGS = "sensor-readings"
DESCRIPTION = """Events go onto the bus, and are answered 202 only after all in-sync replicas have them.

Whatever was not answered is sent again as it was. An event with the id of an earlier one counts once in the facts and
live numbers of `product_views`; of the other feeds it is a document of its own with the same `event_id`.
Refusals are application/problem+json, with a stable `code`; those of events name their `index` and `field`.

What the dashboard shows is asked with the cookie of a login; changes name the token of /api/session as X-CSRFToken.
"""
_shown_key = APIKeyHeader(name="X-API-Key", auto_error=False)
ShownKey = Annotated[str | None, Security(_shown_key)]
Answer = Callable[[Request, Exception], Response]


def build_app(ingest: Ingest, query: Query | None = None) -> FastAPI:
    """The application around an `Ingest`, and what the dashboard asks; it starts and stops their threads."""
    app = FastAPI(
        title="Millrace API",
        version="1",
        description=DESCRIPTION,
        lifespan=_lifespan(ingest, query),
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    _add_doors(app, ingest)
    _add_operators(app, ingest)
    _add_pages(app)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(Exception, _fault)
    if query is not None:
        add_query(app, query)
    origins = [each.strip() for each in ingest.settings.api_cors_origins.split(",") if each.strip()]
    if origins:
        headers = ["X-API-Key", "Content-Type"]
        app.add_middleware(CORSMiddleware, allow_origins=origins, allow_methods=["POST", "GET"], allow_headers=headers)
    return app


def _lifespan(ingest: Ingest, query: Query | None) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        ingest.keys.start()
        ingest.bus.start()
        async with AsyncExitStack() as stack:
            if query is not None:
                await stack.enter_async_context(running(query))
            yield
        ingest.keys.close()
        ingest.bus.close()
        await ingest.publisher.close()

    return lifespan


def _add_doors(app: FastAPI, ingest: Ingest) -> None:
    answers: dict[str, Any] = {"responses": examples.answers(), "status_code": 202, "response_class": Response}
    several = {"one": examples.TIMED_READING, "list": [examples.TIMED_READING, {**examples.READING, "humidity": 130}]}

    @app.post("/api/data", summary="One reading of a sensor", openapi_extra=_reading_body(), **answers)
    async def post_reading(request: Request, _: ShownKey = None) -> Response:
        return await ingest.answer(request, Door.DATA, READINGS)

    @app.post(
        "/api/events/{feed}", summary="One event, or a list", openapi_extra=examples.body(JSON, several), **answers
    )
    async def post_events(request: Request, feed: str, _: ShownKey = None) -> Response:
        return await ingest.answer(request, Door.EVENTS, feed)

    beacon = examples.body(TEXT, {"click": orjson.dumps(examples.CLICK).decode()})
    key = {"name": "key", "in": "query", "required": True, "schema": {"type": "string"}}
    beacon["parameters"] = [{**key, "description": "A publishable key"}]

    @app.post("/api/beacon/{feed}", summary="As navigator.sendBeacon sends it", openapi_extra=beacon, **answers)
    async def post_beacon(request: Request, feed: str) -> Response:
        return await ingest.answer(request, Door.BEACON, feed)


def _reading_body() -> dict[str, Any]:
    one = examples.body(JSON, {"now": examples.READING, "timed": examples.TIMED_READING}, takes_lists=False)
    one["requestBody"]["content"][JSON]["schema"] = examples.READING_SCHEMA
    return one


def _add_operators(app: FastAPI, ingest: Ingest) -> None:
    @app.get("/health", summary="Whether the process answers")
    async def health() -> Response:
        return _json({"status": "alive"})

    @app.get("/ready", summary="Whether events can be taken: 200, else 503 with what is missing")
    async def ready() -> Response:
        topics = [name for feed in ingest.feeds.values() for name in (feed.topic, feed.dead_letter_topic)]
        missing = {
            "bus": not ingest.bus.is_reached,
            "keys": not ingest.keys.is_known,
            "every topic": len(ingest.bus.missing(topics)) == len(topics),
        }
        lacking = [name for name, is_missing in missing.items() if is_missing]
        feeds = {
            name: "no topic" if ingest.bus.missing([feed.topic, feed.dead_letter_topic]) else "ready"
            for name, feed in ingest.feeds.items()
        }
        if lacking:
            detail = f"missing: {', '.join(lacking)}"
            return Problem(Code.NOT_READY, detail, retry_seconds=1, more={"feeds": feeds}).response()
        return _json({"status": "ready", "feeds": feeds})

    @app.get("/metrics", summary="For Prometheus")
    async def metrics() -> Response:
        return Response(ingest.metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_pages(app: FastAPI) -> None:
    hour = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}

    @app.get("/tracker.js", include_in_schema=False)
    async def tracker() -> Response:
        return FileResponse(PAGES / "tracker.js", media_type="text/javascript", headers=hour)

    @app.get("/example", include_in_schema=False)
    async def example() -> Response:
        return FileResponse(
            PAGES / "example.html", headers={"Content-Security-Policy": "default-src 'self' 'unsafe-inline'"}
        )

    @app.get("/problems", include_in_schema=False)
    async def problems() -> Response:
        rows = (
            f'<dt id="{code.code}"><code>{code.code}</code> ({code.value[0]})<dd>{escape(str(code.value[1]))}.'
            for code in Code
        )
        head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Problems</title><h1>Problems</h1>'
        return HTMLResponse(f"{head}<dl>{''.join(rows)}</dl>")


def _json(body: dict[str, object]) -> Response:
    return Response(orjson.dumps(body), media_type=JSON)


async def _http_problem(_: Request, error: Exception) -> Response:
    """What the framework refuses: an address or a method that is not there."""
    is_method = isinstance(error, HTTPException) and error.status_code == 405
    code = Code.METHOD_NOT_ALLOWED if is_method else Code.NOT_FOUND
    response = Problem(code, "see /openapi.json for what there is").response()
    response.headers.update(getattr(error, "headers", None) or {})
    return response


async def _fault(_: Request, __: Exception) -> Response:
    """The traceback is logged by the server; a client learns nothing of it."""
    return Problem(Code.INTERNAL, "send it again: the id of an event tells that it is the same", close=True).response()
