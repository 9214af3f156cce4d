"""Where the local servers keep their state, which ports they take, and which of them a user's own servers replace."""

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from config.errors import ConfigurationError
from config.settings import Host, Hosts, LibpqHosts, Memory, Port, Settings, environment_file
from utilities.local_servers.places import default_stack, stack_directory, state_directory

UNWRITABLE = re.compile(r'["\\%\r\n]|\s[;#]')
"""What a place in supervisord's file cannot hold: ` ;` begins a comment, and a log's `%` is expanded twice."""
ClusterId = Annotated[str, Field(pattern=r"^[0-9A-Za-z_][0-9A-Za-z_-]{21}$")]


class LocalServerSettings(Settings):
    """Ports and places. A `*_host` or `*_brokers` that is set names a server of the user's: none is started for it."""

    millrace_state_directory: str | None = None
    """Programs, data and logs, from / or ~; default: `/var/lib/millrace` for root, else `~/.local/share/millrace`."""
    millrace_stack: str | None = None
    """Name of this checkout's servers; default: made from the checkout's path."""

    source_brokers: str | None = None
    kafka_brokers: str | None = None
    mongo_host: Hosts | None = None
    postgres_host: LibpqHosts | None = None
    elasticsearch_host: Host | None = None

    source_port: Port = 9394
    source_controller_port: Port = 9395
    """Controller port of the source broker."""
    kafka_ports: str = "9094,9194,9294"
    kafka_controller_ports: str = "9095,9195,9295"
    """Controller ports of the three local brokers."""
    mongo_port: Port = 27017
    postgres_port: Port = 5433
    elasticsearch_port: Port = 9200
    elasticsearch_transport_port: Port = 9300
    """Port between Elasticsearch nodes."""

    source_cluster_id: ClusterId | None = None
    """As `KAFKA_CLUSTER_ID`, of the source broker."""
    kafka_cluster_id: ClusterId | None = None
    """What the local brokers call their cluster when they are started for the first time; `./millrace up` and `env`
    generate it with the secrets. Without it, as in a file of an earlier version, it is made from the stack's path."""

    kafka_heap: Memory = "384m"
    """Largest heap of each broker."""
    elasticsearch_heap: Memory = "512m"
    """Heap of Elasticsearch."""
    mongo_cache: str = "512M"
    """Cache of the MongoDB-protocol server."""

    @field_validator("kafka_ports", "kafka_controller_ports")
    @classmethod
    def _three_ports(cls, value: str) -> str:
        ports = [part.strip() for part in value.split(",")]
        if len(ports) != 3 or not all(port.isdigit() and 0 < int(port) < 65536 for port in ports):
            raise ValueError("should be three ports, comma-separated")
        return value

    @field_validator("mongo_cache")
    @classmethod
    def _size(cls, value: str) -> str:
        if not re.fullmatch(r"[1-9][0-9]*[KMGTkmgt][Bb]?", value):
            raise ValueError("should be a whole number with its unit, such as 512M or 2G")
        return value

    @property
    def state_directory(self) -> Path:
        """Root of everything that `./millrace up` writes outside the checkout; raises ConfigurationError."""
        return state_directory(self.millrace_state_directory)

    @property
    def artifacts_directory(self) -> Path:
        """Downloaded and built servers, shared by all checkouts."""
        return self.state_directory / "artifacts"

    @cached_property
    def stack_directory(self) -> Path:
        """Data, logs and rendered configuration of this checkout's servers.

        Raises ConfigurationError for a place that supervisord's file cannot hold, and for a stack that is no name.
        """
        stack = self.millrace_stack or default_stack(environment_file())
        for variable, path in (("MILLRACE_STATE_DIRECTORY", str(self.state_directory)), ("MILLRACE_STACK", stack)):
            if UNWRITABLE.search(path):
                raise ConfigurationError(variable, f"should have no \", \\, %, ' #' or ' ;' (got {path!r})")
        return stack_directory(self.state_directory, stack)

    def broker_ports(self) -> list[int]:
        """Client ports of the three brokers."""
        return [int(port) for port in self.kafka_ports.split(",")]

    def controller_ports(self) -> list[int]:
        """Controller ports of the three brokers, in the same order."""
        return [int(port) for port in self.kafka_controller_ports.split(",")]
