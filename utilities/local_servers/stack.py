"""The whole stack: which servers belong to it, bringing them up in order, and looking at them."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil

from config.errors import TerminalError
from config.secret_settings import SecretSettings
from config.signs_of_life import working
from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.elasticsearch import elasticsearch
from utilities.local_servers.kafka_brokers import broker, local_nodes, source_nodes
from utilities.local_servers.mongodb import mongodb
from utilities.local_servers.places import make_place
from utilities.local_servers.postgres import postgres
from utilities.local_servers.server import READY_SECONDS, Server, refuse_closed, server_user
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.supervision import GONE, Supervisor


@dataclass(frozen=True)
class ServerStatus:
    """One line of the status table; `memory` in bytes over the process and its children."""

    name: str
    address: str
    state: str
    pid: int | None
    memory: int | None
    version: str


class Stack:
    """The local servers of this checkout, without those that the user's settings replace."""

    def __init__(self, settings: LocalServerSettings, secrets: SecretSettings) -> None:
        self.settings = settings
        self.secrets = secrets
        self.artifacts = Artifacts(settings.artifacts_directory)
        self.supervisor = Supervisor(settings.stack_directory)

    @property
    def external(self) -> dict[str, str]:
        """Servers of the user's own: name -> the variable that names it."""
        replaced = {
            "source-kafka": "SOURCE_BROKERS",
            "kafka": "KAFKA_BROKERS",
            "mongodb": "MONGO_HOST",
            "postgres": "POSTGRES_HOST",
            "elasticsearch": "ELASTICSEARCH_HOST",
        }
        return {name: variable for name, variable in replaced.items() if getattr(self.settings, variable.lower())}

    def ensure_artifacts(self) -> None:
        """Download and build what the servers of this stack need and the machine lacks."""
        make_place(self.settings.artifacts_directory, state=self.settings.state_directory)
        if not {"kafka", "source-kafka"} <= self.external.keys():
            self.artifacts.ensure_kafka()
        if "elasticsearch" not in self.external:
            self.artifacts.ensure_elasticsearch()
        if "mongodb" not in self.external:
            self.artifacts.ensure_mongodb()

    @cached_property
    def servers(self) -> list[Server]:
        """The servers to run, in the order of the table."""
        common = (self.settings, self.secrets, self.artifacts)
        nodes = [] if "source-kafka" in self.external else source_nodes(self.settings)
        nodes += [] if "kafka" in self.external else local_nodes(self.settings)
        stores = {"mongodb": mongodb, "postgres": postgres, "elasticsearch": elasticsearch}
        return [broker(node, *common) for node in nodes] + [
            describe(*common) for name, describe in stores.items() if name not in self.external
        ]

    def up(self) -> None:
        """Start what is not running, refresh what is, and wait until each server answers an authenticated request."""
        self.supervisor.refuse_long_place()
        for place in (self._log_directory, self.settings.artifacts_directory):
            make_place(place, state=self.settings.state_directory)
        # The account is made here, not in the threads below: two useradd at once leave a broken one.
        account = server_user()
        if account:
            for place in (self.settings.stack_directory, self.settings.artifacts_directory):
                refuse_closed(place, account)
        self.ensure_artifacts()
        states = self.supervisor.states()
        up = {name for name, info in states.items() if info["statename"] in ("STARTING", "RUNNING")}
        stopped = [server for server in self.servers if server.name not in up]
        refuse_taken_ports(stopped)
        for server in stopped:
            if account and server.user is None:
                print(f"millrace: {server.name} runs as root: the account {account} may not run {server.command[0]}")
        for server in self.servers:
            server.link_programs(again=server in stopped)
        with working("preparing the servers"):
            with ThreadPoolExecutor(max_workers=2) as pool:
                list(pool.map(lambda server: server.prepare() if server in stopped else server.refresh(), self.servers))
            self.supervisor.start(self.servers)
        self.wait_until_ready(self.servers)

    @property
    def _log_directory(self) -> Path:
        return self.settings.stack_directory / "log"

    def wait_until_ready(self, servers: Sequence[Server], seconds: float = READY_SECONDS) -> None:
        """Wait for an authenticated answer of each; raises TerminalError naming the log of one that died or is late."""
        deadline = time.monotonic() + seconds
        waiting = list(servers)
        # A broker that does not listen yet costs three seconds an attempt: the line must not wait for it.
        with working(lambda: f"waiting for {', '.join(server.name for server in waiting)}"):
            while waiting := self._not_ready(waiting, deadline, seconds):
                time.sleep(0.3)

    def _not_ready(self, waiting: Sequence[Server], deadline: float, seconds: float) -> list[Server]:
        states = self.supervisor.states()
        still = []
        for server in waiting:
            state = states.get(server.name, {}).get("statename", "UNKNOWN")
            if state in GONE:
                fate = "was stopped meanwhile" if state in ("STOPPED", "UNKNOWN") else f"died ({state.lower()})"
                raise TerminalError(f"{server.name} {fate}; see its log {server.log}")
            problem = _problem(server)
            if problem is not None:
                still.append(server)
                if time.monotonic() > deadline:
                    raise TerminalError(
                        f"{server.name} does not answer on {server.address} after {seconds:.0f} s ({problem});"
                        f" see its log {server.log}"
                    )
        return still

    def status(self) -> list[ServerStatus]:
        """State, pid and memory of each server, then the user's own servers."""
        states = self.supervisor.states()
        rows = []
        for server in self.servers:
            info = states.get(server.name, {})
            pid = info.get("pid") or None
            state = str(info.get("statename", "STOPPED")).lower()
            rows.append(ServerStatus(server.name, server.address, state, pid, _memory(pid), server.version))
        for name, variable in self.external.items():
            address = str(getattr(self.settings, variable.lower()))
            rows.append(ServerStatus(name, address, f"yours ({variable})", None, None, ""))
        return rows


def _problem(server: Server) -> str | None:
    try:
        server.ready()
    except Exception as error:
        # Each client has its own family of errors; all of them mean "not yet".
        return " ".join(str(error).split())[:200] or type(error).__name__
    return None


def refuse_taken_ports(servers: Sequence[Server]) -> None:
    """Raise TerminalError when another process listens on a port that one of `servers` needs."""
    listening = {
        connection.laddr[1]: connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr
    }
    for server in servers:
        for port, variable in server.ports.items():
            if port in listening:
                raise TerminalError(
                    f"port {port} of {server.name} is taken by {_process_name(listening[port])};"
                    f" stop it or set {variable}; the server's log is {server.log}"
                )


def _process_name(pid: int | None) -> str:
    if pid is None:
        return "another user's process"
    try:
        return f"pid {pid} ({psutil.Process(pid).name()})"
    except psutil.NoSuchProcess:
        return f"pid {pid}"


def _memory(pid: int | None) -> int | None:
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        return sum(part.memory_info().rss for part in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return None
