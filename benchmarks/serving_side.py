"""The serving process of a workspace, and a viewer who is logged in to it."""

import json
import socket
import time
import urllib.error
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from secrets import token_urlsafe
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

from benchmarks.processes import Follower
from benchmarks.workspace import Workspace
from config.errors import TerminalError
from serving.accounts.password import hash_of
from serving.accounts.store import ADD_ACCOUNT, VIEWER

READY_SECONDS = 60.0
ACCOUNT = "benchmark"


@dataclass(frozen=True)
class Viewer:
    """A person who has logged in, as whose browser the clients come."""

    address: str
    cookies: dict[str, str]

    @property
    def socket_address(self) -> str:
        """Of the live updates."""
        return f"{self.address.replace('http', 'ws', 1)}/ws/live"

    @property
    def headers(self) -> dict[str, str]:
        """What a browser sends with each request of the page."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "Origin": self.address}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def serving(workspace: Workspace) -> Iterator[tuple[Follower, int]]:
    """The serving process at the workspace's API_PORT, once it says that it is ready."""
    port = int(workspace.settings["API_PORT"])
    log = workspace.log("serving")
    with Follower("the serving process", workspace.command("serving"), workspace.environment, log) as api:
        wait_for_answer(api, f"http://127.0.0.1:{port}/ready")
        yield api, port


def wait_for_answer(side: Follower, address: str) -> None:
    """Wait until an address is answered without an error."""
    opener = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with opener.open(address, timeout=5):
                return
        except (urllib.error.URLError, OSError) as error:
            side.check()
            if time.monotonic() > deadline:
                raise TerminalError(f"{side.name} is not ready after {READY_SECONDS:.0f} s: {error}") from None
            time.sleep(0.2)


def add_viewer(workspace: Workspace) -> str:
    """Make an account, before the serving process is started, which then knows it at once; returns its password."""
    password = token_urlsafe(15)
    with workspace.warehouse() as connection:
        connection.execute(ADD_ACCOUNT, [ACCOUNT, VIEWER, hash_of(password), uuid.uuid4()])
    return password


def log_in(port: int, password: str) -> Viewer:
    """Log in as the page does."""
    address, jar = f"http://127.0.0.1:{port}", CookieJar()
    opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(jar))
    with opener.open(f"{address}/api/session") as answer:
        token = json.load(answer)["csrf_token"]
    body = json.dumps({"account": ACCOUNT, "password": password}).encode()
    headers = {"Content-Type": "application/json", "X-CSRFToken": token}
    with opener.open(Request(f"{address}/api/login", body, headers)):
        return Viewer(address, {cookie.name: cookie.value or "" for cookie in jar})
