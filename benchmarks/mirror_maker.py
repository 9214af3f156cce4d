"""Kafka's own MirrorMaker 2 in its dedicated mode, tuned for throughput, as the mirror's peer.

Settings: https://kafka.apache.org/43/documentation/#georeplication and KIP-710 (exactly once in dedicated mode needs
the internal REST server). Everything that is no copying of records is off: heartbeats, checkpoints, offset syncs,
and the synchronisation of topic settings, ACLs and groups.
"""

from dataclasses import dataclass
from pathlib import Path

from config.kafka_client import ClientConfig
from config.settings import PROJECT_ROOT
from utilities.local_servers.kafka_brokers import LOGIN_MODULE

LOGGING = PROJECT_ROOT / "config" / "kafka" / "log4j2.xml"
MAIN = "org.apache.kafka.connect.mirror.MirrorMaker"
# The collector for throughput, and a heap that holds the buffers below; a larger one only costs the peer memory.
JVM = ["-Xms256m", "-Xmx256m", "-XX:+UseParallelGC"]


@dataclass(frozen=True)
class MirrorMaker:
    """One MirrorMaker 2 that copies one topic; `exactly_once` as Kafka Connect's source tasks have it."""

    topic: str
    source: ClientConfig
    destination: ClientConfig
    exactly_once: bool
    jars: Path
    rest_port: int

    def command(self, directory: Path) -> list[str]:
        """The command line, with the configuration written into `directory`."""
        path = directory / f"{self.topic}-mirror-maker.properties"
        path.touch(mode=0o600)
        path.write_text("".join(f"{name} = {value}\n" for name, value in self._properties().items()))
        java = ["java", *JVM, "-cp", f"{self.jars}/*", f"-Dlog4j2.configurationFile={LOGGING}"]
        return [*java, MAIN, str(path)]

    def _properties(self) -> dict[str, str]:
        # The alias is part of the group's and the internal topics' names, so it differs between two that run at once.
        remote, local = f"remote-{self.topic}", "local"
        properties = {
            "clusters": f"{remote}, {local}",
            f"{remote}->{local}.enabled": "true",
            f"{remote}->{local}.topics": self.topic,
            **_cluster(remote, self.source),
            **_cluster(local, self.destination),
            **_NOTHING_ELSE,
            **_INTERNAL_TOPICS,
            **{f"{remote}.consumer.{name}": value for name, value in _CONSUMER.items()},
            **{f"{local}.producer.{name}": value for name, value in _PRODUCER.items()},
            "replication.policy.class": "org.apache.kafka.connect.mirror.IdentityReplicationPolicy",
            "tasks.max": "3",
        }
        if self.exactly_once:
            properties |= {
                "dedicated.mode.enable.internal.rest": "true",
                "listeners": f"http://127.0.0.1:{self.rest_port}",
                f"{local}.exactly.once.source.support": "enabled",
                # A transaction for each poll, of 10,000 records here: twice as fast as by interval (65k events/s
                # against 32k at 1 s and 33k at 200 ms, on feeds of 60,000 events).
                f"{remote}->{local}.transaction.boundary": "poll",
            }
        return properties


_NOTHING_ELSE = {
    "emit.heartbeats.enabled": "false",
    "emit.checkpoints.enabled": "false",
    "emit.offset-syncs.enabled": "false",
    "refresh.groups.enabled": "false",
    "sync.topic.configs.enabled": "false",
    "sync.topic.acls.enabled": "false",
    "sync.group.offsets.enabled": "false",
}
_INTERNAL_TOPICS = {
    "replication.factor": "3",
    "config.storage.replication.factor": "3",
    "offset.storage.replication.factor": "3",
    "offset.storage.partitions": "1",
    "status.storage.replication.factor": "3",
    "status.storage.partitions": "1",
}
_CONSUMER = {
    "isolation.level": "read_committed",
    "max.poll.records": "10000",
    "max.partition.fetch.bytes": str(8 * 2**20),
    "fetch.max.bytes": str(16 * 2**20),
    "fetch.max.wait.ms": "100",
    "receive.buffer.bytes": "-1",
}
_PRODUCER = {
    "compression.type": "lz4",
    "batch.size": str(512 * 1024),
    "linger.ms": "20",
    "buffer.memory": str(64 * 2**20),
    "send.buffer.bytes": "-1",
}


def _cluster(alias: str, client: ClientConfig) -> dict[str, str]:
    login = f"{LOGIN_MODULE} username='{client['sasl.username']}' password='{client['sasl.password']}';"
    return {
        f"{alias}.bootstrap.servers": str(client["bootstrap.servers"]),
        f"{alias}.security.protocol": str(client["security.protocol"]),
        f"{alias}.sasl.mechanism": str(client["sasl.mechanism"]),
        f"{alias}.sasl.jaas.config": login,
    }
