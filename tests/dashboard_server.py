"""The dashboard's files with recorded answers, on loopback: for its tests, and to look at while building it.

python -m tests.dashboard_server 8123
"""

import asyncio
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from config.settings import PROJECT_ROOT
from tests import dashboard_answers as answers
from tests import dashboard_reports as reports

FOLDER = PROJECT_ROOT / "serving" / "dashboard"
PAGES = ("live", "pipeline", "warehouse", "quality", "path", "login")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
CODES = {"away": (503, "store_unavailable", "PostgreSQL does not answer"), "login": (401, "login_required", "Log in")}
Answer = Callable[[Request], dict[str, Any]]


def _now() -> int:
    return int(time.time())


def _empty(path: str, full: dict[str, Any]) -> dict[str, Any]:
    """The same answer without anything in it, one level deep: what a new installation tells."""
    if path in ("/api/session", "/api/definitions", "/api/reports"):
        return full
    return {name: [] if isinstance(value, list) else value for name, value in full.items()}


def _session(request: Request) -> dict[str, Any]:
    role = request.cookies.get("as")
    return {"account": "ada" if role else None, "role": role, "csrf_token": "recorded", "expires_at": None}


def _series(request: Request) -> dict[str, Any]:
    asked = dict(request.query_params)
    start, end = int(asked["from"]), int(asked["to"])
    step = 300 if end - start <= 86400 else 3600
    first = start - start % step
    points = [[at, 100 + (at // step * 37) % 23] for at in range(first, end, step)]
    series = [{"member": asked.get("member", ""), "points": points}]
    return {**asked, "resolution": step, "newest": points[-1][0], "newest_closed": points[-1][0], "series": series}


GETS: dict[str, Answer] = {
    "/api/session": _session,
    "/api/definitions": lambda _: reports.definitions(),
    "/api/stores": lambda _: reports.stores(),
    "/api/live/series": _series,
    "/api/reports": lambda _: {"reports": reports.REPORTS},
    "/api/reports/{name}": lambda request: reports.report(request.path_params["name"]),
    "/api/pipeline": lambda _: answers.pipeline(_now()),
    "/api/pipeline/configuration": lambda _: answers.configuration(),
    "/api/pipeline/logs": lambda _: answers.logs(),
    "/api/audit": lambda _: answers.audit(),
    "/api/anomalies": lambda _: {"items": answers.anomalies(_now()), "next_cursor": None},
    "/api/quality": lambda _: reports.quality(),
    "/api/quality/{check}": lambda request: reports.history(request.path_params["check"]),
    "/api/rejected": lambda _: reports.rejected(),
    "/api/dead-letters": lambda _: reports.dead_letters(),
    "/api/paths/funnel": lambda _: reports.funnel(),
    "/api/paths/common": lambda _: reports.common(),
    "/api/paths/durations": lambda _: reports.durations(),
    "/api/paths/visitors": lambda _: reports.visitors(),
    "/api/paths/visitor/{name}": lambda request: reports.visitor(request.path_params["name"]),
}


def _route(path: str, answer: Answer) -> Route:
    async def respond(request: Request) -> Response:
        shown = request.cookies.get("shown")
        if shown == "slow" and path != "/api/session":
            await asyncio.sleep(30)
        if shown in CODES and path != "/api/session":
            status, code, detail = CODES[shown]
            return JSONResponse({"code": code, "detail": detail, "status": status, "title": code}, status)
        if shown == "large" and request.query_params.get("format") == "csv":
            return JSONResponse({"code": "invalid_parameter", "detail": "more than 100,000 rows"}, 422)
        full = answer(request)
        return JSONResponse(_empty(path, full) if shown == "empty" else full)

    return Route(path, respond)


async def _judge(request: Request) -> Response:
    state = (await request.json())["state"]
    one = next(each for each in answers.anomalies(_now()) if each["id"] == request.path_params["id"])
    if request.headers.get("X-CSRFToken") != "recorded":
        return JSONResponse({"code": "csrf_failed", "detail": "token"}, 403)
    return JSONResponse({**one, "state": state, "state_by": "ada", "state_at": _now()})


async def _tune(request: Request) -> Response:
    value = (await request.json())["value"]
    if not 0.2 <= value <= 60:
        return JSONResponse({"code": "invalid_parameter", "detail": "value: between 0.2 and 60"}, 422)
    return JSONResponse({**answers.configuration()["tunables"][0], "value": value})


async def _login(request: Request) -> Response:
    given = await request.json()
    if given["password"] != "right":
        return JSONResponse({"code": "login_refused", "detail": "refused"}, 401)
    response = JSONResponse({"account": given["account"], "role": "viewer", "csrf_token": "recorded"})
    response.set_cookie("as", "viewer")
    return response


async def _live(socket: WebSocket) -> None:
    await socket.accept()
    shown = socket.cookies.get("shown", "")
    if shown.startswith("closed-"):
        await socket.close(int(shown.removeprefix("closed-")), "recorded")
        return
    now = _now()
    first = answers.snapshot(now)
    if shown == "empty":
        first |= {"series": [], "tops": [], "anomalies": [], "events": [], "watermark": None}
    if shown == "crowded":
        first = answers.crowded(now)
    if shown == "wide":
        first = answers.wide(now)
    if shown == "old":
        first |= {"at": now - 300, "is_stale": True}
    if shown == "stale":
        first = answers.snapshot(now - 3600) | {"at": now, "is_stale": True}
    if shown != "slow":
        await socket.send_text(json.dumps(first))
    if shown == "away":
        await socket.close(1013)
        return
    number = 1
    if shown == "quiet":
        emptied = [top | {"members": []} for top in first["tops"]]
        delta = first | {"type": "delta", "after": 1, "number": 2, "resume": "recorded-2"}
        await socket.send_text(json.dumps(delta | {"series": [], "events": [], "tops": emptied}))
    try:
        while True:
            await asyncio.sleep(1)
            if shown:
                continue
            number += 1
            event = {"feed": "product_views", "id": f"new-{number}", "at": _now(), "fields": {"collection": "search"}}
            delta = {"type": "delta", "after": number - 1, "number": number, "resume": f"recorded-{number}"}
            more = {"at": _now(), "watermark": now, "is_stale": False, "series": [], "events": [event]}
            await socket.send_text(json.dumps(delta | more))
    except WebSocketDisconnect:
        return


async def _page(_: Request) -> Response:
    return FileResponse(FOLDER / "index.html", headers={"Content-Security-Policy": POLICY})


def build_app() -> Starlette:
    routes = [
        *(Route(f"/{name}", _page) for name in PAGES),
        *(_route(path, answer) for path, answer in GETS.items()),
        Route("/api/anomalies/{id:int}/state", _judge, methods=["POST"]),
        Route("/api/pipeline/tunables/{name}", _tune, methods=["PUT"]),
        Route("/api/login", _login, methods=["POST"]),
        WebSocketRoute("/ws/live", _live),
        Mount("/assets", StaticFiles(directory=FOLDER)),
    ]
    return Starlette(routes=list(routes))


class DashboardServer:
    """Runs in a thread of the test's process until `close`."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(build_app(), log_level="warning", timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


if __name__ == "__main__":
    DashboardServer(int(sys.argv[1]))._thread.join()
