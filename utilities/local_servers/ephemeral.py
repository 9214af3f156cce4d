"""Servers for one process: on free ports, in a state of their own, and removed afterwards (tests, benchmarks)."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path

from config.secret_settings import SecretSettings
from utilities.bootstrap import bootstrap
from utilities.local_servers.environment import ensure_secrets
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.stack import Stack
from utilities.local_servers.stack_lock import alone
from utilities.local_servers.supervision import Supervisor

PORT_VARIABLES = {
    "SOURCE_PORT": 1,
    "SOURCE_CONTROLLER_PORT": 1,
    "KAFKA_PORTS": 3,
    "KAFKA_CONTROLLER_PORTS": 3,
    "MONGO_PORT": 1,
    "POSTGRES_PORT": 1,
    "ELASTICSEARCH_PORT": 1,
    "ELASTICSEARCH_TRANSPORT_PORT": 1,
}
SERVER_PORTS = range(10_000, 27_000)
"""Below Linux's range for outgoing connections: a server that is started again must find its port free, and a client
that looks for a server that is away must not meet another program there."""
PORTS_OF_A_PROCESS = 151
_first = os.getpid() * PORTS_OF_A_PROCESS % (len(SERVER_PORTS) - PORTS_OF_A_PROCESS)
_candidates = cycle(SERVER_PORTS[_first : _first + PORTS_OF_A_PROCESS])
"""Another part of the range for each of the processes that start servers at the same time."""


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nothing listens on at this moment, and that no earlier call has given lately."""
    ports: list[int] = []
    while len(ports) < count:
        port = next(_candidates)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports.append(port)
    return ports


def write_environment(path: Path, stack: str) -> None:
    """An environment file with free ports and generated secrets."""
    ports = free_ports(sum(PORT_VARIABLES.values()))
    lines = [f"MILLRACE_STACK={stack}"]
    for variable, count in PORT_VARIABLES.items():
        lines.append(f"{variable}={','.join(str(ports.pop()) for _ in range(count))}")
    path.write_text("\n".join(lines) + "\n")
    ensure_secrets(path)


def remove_abandoned_stacks(directory: Path, prefix: str) -> None:
    """Stop and delete what a killed process left behind: stacks `<prefix><pid>` whose process is gone."""
    for stack in directory.glob(f"{prefix}*"):
        run = stack.name.removeprefix(prefix)
        if run.isdigit() and not Path(f"/proc/{run}").exists():
            with alone(stack):
                Supervisor(stack).shut_down()
                shutil.rmtree(stack, ignore_errors=True)


@contextmanager
def ephemeral_stack(directory: Path, prefix: str) -> Iterator[Stack]:
    """All servers, started and prepared, as stack `<prefix><pid>`; stopped and deleted at the end.

    `directory` holds the environment file, which MILLRACE_ENV_FILE names from now on.
    """
    path = directory / ".env"
    write_environment(path, f"{prefix}{os.getpid()}")
    os.environ["MILLRACE_ENV_FILE"] = str(path)
    settings = LocalServerSettings.load()
    stack = Stack(settings, SecretSettings.load())
    remove_abandoned_stacks(settings.stack_directory.parent, prefix)
    try:
        stack.up()
        bootstrap(stack.secrets, skip=set())
        yield stack
    finally:
        stack.supervisor.shut_down()
        shutil.rmtree(settings.stack_directory, ignore_errors=True)
