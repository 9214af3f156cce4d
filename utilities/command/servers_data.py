"""The servers of a checkout without its Python environment: stopped by their supervisor, and their data deleted.

With the environment, `python -m utilities.local_servers clean` does this, and ends what a killed supervisor left, too.
Standard library only.
"""

import http.client
import os
import socket
import time
import xmlrpc.client
from pathlib import Path
from typing import Any

from config.errors import TerminalError
from utilities.local_servers.places import (
    CHECKOUT,
    default_stack,
    delete_stack,
    stack_directory,
    state_directory,
)
from utilities.local_servers.stack_lock import alone

STOP_SECONDS = 120
ANSWER_SECONDS = 10


class _UnixConnection(http.client.HTTPConnection):
    """To the supervisor's socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def delete_servers() -> None:
    """Stop the servers of this checkout and delete their data, if there is any.

    Raises TerminalError where a server may still run, or where its data could not be deleted.
    """
    directory = _stack_directory()
    if not directory.exists():
        return
    supervisor = directory / "supervisor.sock"
    with alone(directory):
        _shut_down(supervisor)
        if left := _left_running(supervisor):
            raise TerminalError(
                f"servers still run without their supervisor (pid {', '.join(map(str, left))}): end them, or run "
                "./millrace down, which makes the Python environment first; nothing was deleted"
            )
        delete_stack(directory)


def _stack_directory() -> Path:
    path = Path(os.environ.get("MILLRACE_ENV_FILE", CHECKOUT / ".env"))
    settings = {**_variables(path), **{name: value for name, value in os.environ.items() if value}}
    state = state_directory(settings.get("MILLRACE_STATE_DIRECTORY"))
    return stack_directory(state, settings.get("MILLRACE_STACK") or default_stack(path))


def _variables(path: Path) -> dict[str, str]:
    """Those that an environment file sets."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip().removeprefix("export ").upper(): value.strip().strip("'\"") for name, _, value in pairs}


def _shut_down(supervisor: Path) -> None:
    """Have the supervisor, if one answers, stop every server and itself, and wait until it is gone."""
    try:
        pid = int(_ask(supervisor, "getPID"))
        _ask(supervisor, "shutdown")
    except (FileNotFoundError, ConnectionRefusedError):
        return
    except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
        raise TerminalError(f"the supervisor at {supervisor} does not stop ({error}); nothing was deleted") from error
    deadline = time.monotonic() + STOP_SECONDS
    while _is_running(pid):
        if time.monotonic() > deadline:
            raise TerminalError(f"the servers still run after {STOP_SECONDS} s (supervisor pid {pid})")
        time.sleep(0.1)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _ask(supervisor: Path, method: str) -> Any:
    connection = _UnixConnection(supervisor)
    try:
        body = xmlrpc.client.dumps((), f"supervisor.{method}")
        connection.request("POST", "/RPC2", body, {"Content-Type": "text/xml"})
        (answer,), _ = xmlrpc.client.loads(connection.getresponse().read())
        return answer
    finally:
        connection.close()


def _left_running(supervisor: Path) -> list[int]:
    """The processes that this supervisor has started, which it tells its address; only Linux shows them."""
    address = f"SUPERVISOR_SERVER_URL=unix://{supervisor}".encode()
    return sorted(int(place.parent.name) for place in Path("/proc").glob("[0-9]*/environ") if address in _words(place))


def _words(environ: Path) -> list[bytes]:
    try:
        return environ.read_bytes().split(b"\0")
    except OSError:  # another account's, or gone
        return []
