"""Servers for one process: on free ports, in a state of their own, and removed afterwards (tests, benchmarks)."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.secret_settings import SecretSettings
from utilities.bootstrap import bootstrap
from utilities.local_servers.environment import ensure_secrets
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.stack import Stack
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


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nothing listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


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
