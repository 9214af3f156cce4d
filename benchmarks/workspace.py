"""Where a benchmark works: servers of its own, and for each side a topic, a raw collection and a warehouse."""

import os
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from pymongo import MongoClient

from benchmarks.feed import PARTITIONS
from benchmarks.processes import Usage, measure
from benchmarks.report import Report
from config.errors import TerminalError
from config.kafka_client import ClientConfig, client_config
from config.settings import PROJECT_ROOT
from kafka.client import explain
from kafka.sinks.landing_names import landing_group, landing_watermarks
from kafka.topics import create_topic
from utilities.command.stream import PROGRAM, spark_environment
from utilities.local_servers.stack import Stack

SPARK_SUBMIT = Path(sys.executable).with_name("spark-submit")
DATABASE = "kafka_data_db"
ADMIN_SECONDS = 30.0
STAGE_SECONDS = re.compile(r" is done .*seconds=([\d.]+)")
MINIMUM_SECONDS = 0.1  # what a stage logs is rounded to this


@dataclass(frozen=True)
class Bench:
    """One run of the benchmarks: its servers, a folder for logs and files, and its report."""

    servers: Stack
    directory: Path
    report: Report

    def source_client(self) -> ClientConfig:
        """Properties of a client of the source broker, as its administrator."""
        brokers = f"127.0.0.1:{self.servers.settings.source_port}"
        return self._client(brokers, "source_admin_password")

    def local_client(self) -> ClientConfig:
        """Properties of a client of the local cluster, as its administrator."""
        ports = self.servers.settings.broker_ports()
        return self._client(",".join(f"127.0.0.1:{port}" for port in ports), "kafka_admin_password")

    def _client(self, brokers: str, secret: str) -> ClientConfig:
        password = getattr(self.servers.secrets, secret)
        return client_config(brokers, "SASL_PLAINTEXT", "PLAIN", "admin", password, secret.upper())

    def wait_for_groups(self) -> None:
        """Wait until the source broker, which may be new, keeps offsets of groups: no side has to wait for that."""
        consumer = Consumer({**self.source_client(), "group.id": "benchmark-warm-up"})
        deadline = time.monotonic() + ADMIN_SECONDS
        while True:
            try:
                consumer.committed([TopicPartition("none", 0)], 5)
                break
            except KafkaException as error:
                if time.monotonic() > deadline:
                    raise explain(error, "asking the source broker for offsets") from error
                time.sleep(0.5)
        consumer.close()

    def create_topic(self, topic: str) -> None:
        """Create a topic at the source and in the local cluster, so that no side spends time on it."""
        for client, replication in ((self.source_client(), 1), (self.local_client(), 3)):
            admin = AdminClient(dict(client))
            create_topic(admin, topic, PARTITIONS, replication, {}, f"preparing {client['bootstrap.servers']}")


@dataclass
class Workspace:
    """The names that one side works with, and its stages as processes."""

    bench: Bench
    name: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        """The topic's name, the same at the source and in the local cluster."""
        return f"views-{self.name}"

    @property
    def collection(self) -> str:
        """The raw collection's name."""
        return f"records_{self.name.replace('-', '_')}"

    @property
    def database(self) -> str:
        """The warehouse's name."""
        return self.settings.get("POSTGRES_DB", f"warehouse_{self.name.replace('-', '_')}")

    @property
    def environment(self) -> dict[str, str]:
        """What the stages are started with."""
        own = {
            "SOURCE_TOPIC": self.topic,
            "DESTINATION_TOPIC": self.topic,
            "DEAD_LETTER_TOPIC": f"{self.topic}-dead-letters",
            "MONGO_COLLECTION": self.collection,
            "POSTGRES_DB": self.database,
            "MAX_MESSAGES": "0",
            "PYTHONPATH": str(PROJECT_ROOT),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_CONF_DIR": str(PROJECT_ROOT / "config" / "spark"),
            "SPARK_LOCAL_DIRS": str(self.bench.directory),
        }
        return {**os.environ, **own, **self.settings}

    def prepare(self, *servers: str) -> None:
        """Principals, topics or the warehouse that `utilities.bootstrap` makes in these servers."""
        self.run("utilities.bootstrap", "--only", *servers)

    def log(self, module: str) -> Path:
        """Where a module's output goes."""
        return self.bench.directory / f"{self.name}-{module}.log"

    def command(self, module: str, *arguments: str) -> list[str]:
        """The command line of a stage; `etl` stands for spark-submit of the batch ETL, `stream` for the stream."""
        if module == "etl":
            return [str(SPARK_SUBMIT), "--master", "local[2]", "spark/etl.py", *arguments]
        if module == "stream":
            artifacts = self.bench.servers.artifacts
            artifacts.ensure_spark_kafka()
            told = (f"{name}={value}" for name, value in spark_environment(artifacts).items())
            return ["env", *told, sys.executable, PROGRAM, *arguments]
        return [sys.executable, "-m", module, *arguments]

    def run(self, module: str, *arguments: str) -> Usage:
        """Run a stage to its end and say what it cost."""
        return measure(self.command(module, *arguments), self.environment, self.log(module), module)

    def stage_seconds(self, module: str) -> float:
        """The seconds of the last run as the stage itself logs them: without imports and the first connections."""
        found = STAGE_SECONDS.findall(self.log(module).read_text(errors="replace"))
        if not found:
            raise TerminalError(f"{module} logged no seconds; see what it prints at its end")
        return max(float(found[-1]), MINIMUM_SECONDS)

    def mongo(self, user: str) -> MongoClient[dict[str, Any]]:
        """A client of the raw store with the rights of `user`."""
        password = self.bench.servers.secrets.reveal(f"mongo_{user}_password")
        return MongoClient("127.0.0.1", self.bench.servers.settings.mongo_port, username=user, password=password)

    def forget_landed(self) -> None:
        """Empty the raw collection and the offsets of landing, as if it had never run; the topic stays."""
        with self.mongo("operator") as client:
            client[DATABASE][self.collection].drop()
            client[DATABASE][landing_watermarks(self.collection)].drop()
        self.forget_group(landing_group(DATABASE, self.collection))

    def forget_group(self, group: str) -> None:
        """Delete a consumer group's offsets."""
        admin = AdminClient(dict(self.bench.local_client()))
        admin.delete_consumer_groups([group])[group].result(ADMIN_SECONDS)

    def warehouse(self, autocommit: bool = True) -> psycopg.Connection:
        """A connection to the warehouse as its owner."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.bench.servers.settings.postgres_port,
            dbname=self.database,
            user="warehouse_owner",
            password=self.bench.servers.secrets.reveal("postgres_owner_password"),
            autocommit=autocommit,
        )
