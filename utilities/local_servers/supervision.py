"""supervisord (https://supervisord.org) keeps the servers running; this module writes its file and talks to it."""

import logging
import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from supervisor import supervisord
from supervisor.xmlrpc import Faults, SupervisorTransport

from config.errors import ConfigurationError, TerminalError
from config.settings import PROJECT_ROOT
from utilities.local_servers.leftovers import end_leftovers
from utilities.local_servers.private_file import write_private
from utilities.local_servers.server import Server

logger = logging.getLogger(__name__)

TEMPLATE = PROJECT_ROOT / "config" / "local" / "supervisord.conf"
STOP_SECONDS = 60
LONGEST_SOCKET_PATH = 107
"""Bytes, on Linux (unix(7)); supervisord makes its socket under a name with its pid behind it."""
_LONGEST_PID = ".4194304"
GONE = {"EXITED", "FATAL", "STOPPED", "UNKNOWN"}


class Supervisor:
    """The supervisor of one stack directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.configuration = directory / "supervisord.conf"
        self.socket = directory / "supervisor.sock"

    def _rpc(self, method: str, *arguments: object, is_so_already: int | None = None) -> Any:
        """The supervisor's answer, None where its fault says that what was asked for is so already.

        Raises TerminalError for any other fault.
        """
        # A connection that once failed cannot be used again, so each request has its own; the address is not used.
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        supervisor = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor
        try:
            return getattr(supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == is_so_already:
                return None
            asked = " ".join([method, *(str(argument) for argument in arguments if isinstance(argument, str))])
            log = self.directory / "log" / "supervisord.log"
            raise TerminalError(f"supervisord refuses {asked}: {fault.faultString}; see {log}") from fault

    def is_running(self) -> bool:
        """Whether the supervisor answers on its socket."""
        try:
            self._rpc("getPID")
        except (OSError, xmlrpc.client.Error, TerminalError):
            return False
        return True

    def refuse_long_place(self) -> None:
        """Raise ConfigurationError where the socket would have a longer path than any can have."""
        excess = len(os.fsencode(self.socket)) + len(_LONGEST_PID) - LONGEST_SOCKET_PATH
        if excess > 0:
            told = f"should be {excess} bytes shorter, or MILLRACE_STACK, for the path of a socket ({self.socket})"
            raise ConfigurationError("MILLRACE_STATE_DIRECTORY", told)

    def start(self, servers: Sequence[Server]) -> None:
        """Start the supervisor when it does not run, and every server that is not running."""
        write_private(self.configuration, TEMPLATE.read_text() + "".join(section(server) for server in servers))
        if not self.is_running():
            self._launch()
        else:
            self._reload()
        states = self.states()
        for server in servers:
            if states.get(server.name, {}).get("statename") in GONE | {"BACKOFF"}:
                self.start_server(server.name)

    def _launch(self) -> None:
        # -P: a checkout's own folders must not shadow the supervisor's imports.
        command = ["-P", supervisord.__file__, "-c", str(self.configuration)]
        result = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd="/")
        if result.returncode != 0:
            raise TerminalError(f"supervisord did not start: {(result.stderr or result.stdout).strip()}")
        deadline = time.monotonic() + 10
        while not self.is_running():
            if time.monotonic() > deadline:
                raise TerminalError(f"supervisord does not answer; see {self.directory / 'log' / 'supervisord.log'}")
            time.sleep(0.1)

    def _reload(self) -> None:
        added, changed, removed = self._rpc("reloadConfig")[0]
        states = self.states()
        why = dict.fromkeys(changed, "restarting {}: what it is started with has changed")
        why |= dict.fromkeys(removed, "stopping {}: the settings no longer ask for it; its data is kept")
        for name, line in why.items():
            if states[name]["statename"] not in GONE:
                print(f"millrace: {line.format(name)}", flush=True)
        self._replace(added, changed, removed)

    def _replace(self, added: Sequence[str], changed: Sequence[str], removed: Sequence[str]) -> None:
        for name in [*changed, *removed]:
            self._rpc("stopProcessGroup", name)
            self._rpc("removeProcessGroup", name)
        for name in [*added, *changed]:
            self._rpc("addProcessGroup", name)

    def states(self) -> Mapping[str, Mapping[str, Any]]:
        """By server name: supervisord's process information (`statename`, `pid`, `start`, ...); empty when down."""
        if not self.is_running():
            return {}
        return {info["name"]: info for info in self._rpc("getAllProcessInfo")}

    def start_server(self, name: str) -> None:
        """Start one server, unless it runs, and return at once."""
        self._rpc("startProcess", name, False, is_so_already=Faults.ALREADY_STARTED)

    def stop_server(self, name: str) -> None:
        """Stop one server, unless it is stopped, and wait until it has ended."""
        self._rpc("stopProcess", name, is_so_already=Faults.NOT_RUNNING)

    def shut_down(self) -> None:
        """Stop every server, then the supervisor, and wait until both are gone.

        Also those that a killed supervisor left behind; raises TerminalError naming what could not be ended.
        """
        if not self.is_running():
            ended = end_leftovers(self.configuration, self.socket, STOP_SECONDS)
            if ended:
                logger.warning("ended what a killed supervisor had left running processes=%d", ended)
            return
        pid = self._rpc("getPID")
        self._rpc("shutdown")
        try:
            psutil.Process(pid).wait(timeout=2 * STOP_SECONDS)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            raise TerminalError(f"the servers still run after {2 * STOP_SECONDS} s (supervisor pid {pid})") from None


def section(server: Server) -> str:
    """One server as a `[program:...]` section; `%` is supervisord's own escape."""
    command = " ".join(f'"{part}"' for part in server.command)
    # Nothing of the caller's environment: whoever calls next would have the servers restarted by his own.
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", **server.environment}
    lines = [
        f"[program:{server.name}]",
        f"command={command}",
        "environment=" + ",".join(f'{name}="{value}"' for name, value in environment.items()),
        f"directory={server.directory}",
        "autostart=false",
        "autorestart=unexpected",
        "startsecs=3",
        "startretries=2",
        f"stopsignal={server.stop_signal}",
        f"stopwaitsecs={server.stop_seconds}",
        # Elasticsearch is started by a launcher: the signal has to reach the whole group.
        f"stopasgroup={'true' if server.name == 'elasticsearch' else 'false'}",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={server.log}",
        "stdout_logfile_maxbytes=10MB",
        "stdout_logfile_backups=1",
        *([f"user={server.user}"] if server.user else []),
    ]
    return "\n" + "\n".join(line.replace("%", "%%") for line in lines) + "\n"
