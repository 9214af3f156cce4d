"""A source cluster of a test's own: one more broker, with limits, or behind a proxy, that the shared one lacks."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from unittest.mock import patch

from config.secret_settings import SecretSettings
from utilities.local_servers.ephemeral import free_ports, remove_abandoned_stacks
from utilities.local_servers.kafka_brokers import broker, source_nodes
from utilities.local_servers.server import Server
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.stack import Stack

PREFIX = "test-source-"


class OneBroker(Stack):
    """A stack of one source broker with properties of its own; Kafka's `--override` sets them."""

    def __init__(
        self,
        settings: LocalServerSettings,
        secrets: SecretSettings,
        advertised_port: int,
        properties: Mapping[str, object],
    ) -> None:
        super().__init__(settings, secrets)
        self.advertised_port = advertised_port
        self.properties = properties

    @cached_property
    def servers(self) -> list[Server]:
        """The broker."""
        (node,) = source_nodes(self.settings)
        server = broker(node, self.settings, self.secrets, self.artifacts)
        overrides = [part for name, value in self.properties.items() for part in ("--override", f"{name}={value}")]
        advertised = {"BROKER_ADVERTISED_LISTENERS": f"CLIENT://127.0.0.1:{self.advertised_port}"}
        environment = {**server.environment, **advertised}
        return [replace(server, command=[*server.command, *overrides], environment=environment)]

    @contextmanager
    def as_the_source(self, servers: Stack) -> Iterator[Stack]:
        """`servers` with this broker as their source, for `Pipeline.create`; this process's settings name it, too."""
        settings = servers.settings.model_copy(update={"source_port": self.advertised_port})
        with patch.dict(os.environ, {"SOURCE_PORT": str(self.advertised_port)}):
            yield Stack(settings, servers.secrets)


@contextmanager
def own_source_broker(advertised_port: int | None = None, **properties: object) -> Iterator[OneBroker]:
    """Start one more source broker on free ports, with the shared source's logins; stopped and deleted at the end.

    `advertised_port` is where it sends its clients to, a proxy's. Properties have dots in their names:
    `own_source_broker(**{"message.max.bytes": 1_000_000})`. One at a time in a process. Its data is below the state
    directory, for the account that it runs under may not enter a test's own.
    """
    port, controller_port = free_ports(2)
    settings = LocalServerSettings.load(
        source_port=port, source_controller_port=controller_port, millrace_stack=f"{PREFIX}{os.getpid()}"
    )
    stack = OneBroker(settings, SecretSettings.load(), advertised_port or port, properties)
    remove_abandoned_stacks(settings.stack_directory.parent, PREFIX)
    try:
        stack.up()
        yield stack
    finally:
        stack.supervisor.shut_down()
        shutil.rmtree(settings.stack_directory, ignore_errors=True)
