"""The source broker and the three brokers of the local cluster, from `config/kafka/broker.properties`."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.errors import UnavailableError
from config.principals import KafkaPrincipals, SourcePrincipals
from config.secret_settings import SecretSettings
from config.settings import PROJECT_ROOT
from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.places import PROGRAMS
from utilities.local_servers.server import (
    Server,
    digest_of,
    own,
    read_as_server_user,
    run_as_server_user,
    server_user,
    write_configuration,
)
from utilities.local_servers.settings import LocalServerSettings

BROKER_PROPERTIES = PROJECT_ROOT / "config" / "kafka" / "broker.properties"
LOGGING = PROJECT_ROOT / "config" / "kafka" / "log4j2.xml"
LOGIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule required"


def source_principals() -> dict[str, str]:
    """Name of each principal of the source broker -> field of its secret."""
    servers = {name: f"source_{name}_password" for name in ("admin", "broker")}
    return {**servers, **SourcePrincipals.load().names()}


def local_principals() -> dict[str, str]:
    """As `source_principals`, of the local cluster."""
    servers = {name: f"kafka_{name}_password" for name in ("admin", "broker")}
    return {**servers, **KafkaPrincipals.load().names()}


@dataclass(frozen=True)
class Node:
    """One broker's place in its cluster of `members`; ports by position, node ids count from 1."""

    members: list[str]
    cluster_id: str
    index: int
    ports: list[int]
    controller_ports: list[int]
    variables: tuple[str, str]
    principals: dict[str, str]

    @property
    def name(self) -> str:
        return self.members[self.index]


def source_nodes(settings: LocalServerSettings) -> list[Node]:
    """The single broker that stands in for the remote cluster."""
    ports, controllers = [settings.source_port], [settings.source_controller_port]
    variables = ("SOURCE_PORT", "SOURCE_CONTROLLER_PORT")
    cluster_id = settings.source_cluster_id or _former_cluster_id(settings, variables[0])
    return [Node(["source-kafka"], cluster_id, 0, ports, controllers, variables, source_principals())]


def local_nodes(settings: LocalServerSettings) -> list[Node]:
    """The three brokers of the local cluster."""
    ports, controllers = settings.broker_ports(), settings.controller_ports()
    variables = ("KAFKA_PORTS", "KAFKA_CONTROLLER_PORTS")
    principals = local_principals()
    cluster_id = settings.kafka_cluster_id or _former_cluster_id(settings, variables[0])
    names = [f"kafka-{index + 1}" for index in range(3)]
    return [Node(names, cluster_id, index, ports, controllers, variables, principals) for index in range(3)]


def _former_cluster_id(settings: LocalServerSettings, variable: str) -> str:
    """Of an environment file from before it had an id: the same on every machine with the same path."""
    return hashlib.sha256(f"{settings.stack_directory}:{variable}".encode()).hexdigest()[:22]


def broker(node: Node, settings: LocalServerSettings, secrets: SecretSettings, artifacts: Artifacts) -> Server:
    """Describe one broker as a supervised process."""
    port, controller_port = node.ports[node.index], node.controller_ports[node.index]
    directory = settings.stack_directory / node.name
    environment = _environment(node, directory, secrets)
    java_home = settings.stack_directory / PROGRAMS / f"{node.name}-java"
    logging = f"-Dlog4j2.configurationFile={directory / LOGGING.name}"
    java = [str(java_home / "bin" / "java"), "-cp", f"{artifacts.kafka}/*", logging]
    properties = directory / BROKER_PROPERTIES.name
    return Server(
        name=node.name,
        address=f"127.0.0.1:{port}",
        version=artifacts.kafka_version,
        command=[*java, *_jvm_options(settings), "kafka.Kafka", str(properties)],
        directory=directory,
        ports={port: node.variables[0], controller_port: node.variables[1]},
        prepare=lambda: _prepare(node, directory, java, environment),
        refresh=lambda: write_configuration(directory, _configuration()),
        user=server_user(),
        ready=_readiness(node, secrets),
        environment=environment,
        programs={java_home: lambda: artifacts.java_home},
        # A broker that stops asks the controllers first; when all stop at once there is none left to answer, and the
        # log is as safe as after a crash.
        stop_seconds=10,
    )


def _jvm_options(settings: LocalServerSettings) -> list[str]:
    # Measured: an idle broker keeps to 210-230 MB.
    return [
        "-Xms128m", f"-Xmx{settings.kafka_heap}", "-XX:+UseSerialGC", "-XX:MaxMetaspaceSize=160m",
        "-XX:ReservedCodeCacheSize=96m", "-Xss512k", "-XX:+ExitOnOutOfMemoryError",
    ]  # fmt: skip


def _environment(node: Node, directory: Path, secrets: SecretSettings) -> dict[str, str]:
    port, controller_port = node.ports[node.index], node.controller_ports[node.index]
    replicas = len(node.ports)
    users = " ".join(f"user_{name}='{secrets.reveal(secret)}'" for name, secret in node.principals.items())
    own_password = secrets.reveal(node.principals["broker"])
    return {
        **digest_of(_configuration()),
        "BROKER_ID": str(node.index + 1),
        "BROKER_VOTERS": ",".join(f"{i + 1}@127.0.0.1:{p}" for i, p in enumerate(node.controller_ports)),
        "BROKER_LISTENERS": f"CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "BROKER_ADVERTISED_LISTENERS": f"CLIENT://127.0.0.1:{port}",
        "BROKER_INTER_BROKER_LISTENER": "CLIENT",
        "BROKER_DATA_DIRECTORY": str(directory / "data"),
        "BROKER_REPLICATION": str(replicas),
        "BROKER_MIN_INSYNC": str(max(1, replicas - 1)),
        "BROKER_JAAS": f"{LOGIN_MODULE} username='broker' password='{own_password}' {users};",
    }


def _prepare(node: Node, directory: Path, java: list[str], environment: dict[str, str]) -> None:
    own(directory)
    write_configuration(directory, _configuration())
    if not _meta_properties(directory).exists():
        properties, cluster_id = str(directory / BROKER_PROPERTIES.name), _cluster_id(node, directory.parent)
        options = ["--cluster-id", cluster_id, "--config", properties, "--ignore-formatted"]
        run_as_server_user([*java, "kafka.tools.StorageTool", "format", *options], environment)


def _configuration() -> dict[str, str]:
    return {each.name: each.read_text() for each in (BROKER_PROPERTIES, LOGGING)}


def _cluster_id(node: Node, stack_directory: Path) -> str:
    """What the data of the node's cluster says: the environment file may have been made anew since."""
    for name in node.members:
        for line in read_as_server_user(_meta_properties(stack_directory / name)).splitlines():
            key, _, value = line.partition("=")
            if key == "cluster.id":
                return value
    return node.cluster_id


def _meta_properties(directory: Path) -> Path:
    return directory / "data" / "meta.properties"


def _readiness(node: Node, secrets: SecretSettings) -> Callable[[], None]:
    def ready() -> None:
        from confluent_kafka.admin import AdminClient

        admin = AdminClient(
            {
                "bootstrap.servers": f"127.0.0.1:{node.ports[node.index]}",
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "PLAIN",
                "sasl.username": "admin",
                "sasl.password": secrets.reveal(node.principals["admin"]),
                "log_level": 0,
            }
        )
        brokers = admin.list_topics(timeout=3).brokers
        if len(brokers) < len(node.ports):
            raise UnavailableError(f"{len(brokers)} of {len(node.ports)} brokers have joined the cluster")

    return ready
