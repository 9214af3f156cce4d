"""One pipeline for one test: its own topics, raw collection and warehouse on the shared servers."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from elasticsearch import Elasticsearch
from pymongo import MongoClient
from pymongo.collection import Collection

from config.settings import PROJECT_ROOT
from tests.warm_spark import MASTER as WARM_MASTER
from tests.warm_spark import WARM
from utilities.bootstrap.kafka import prepare_local_kafka, prepare_source_kafka
from utilities.command.stream import PROGRAM, spark_environment
from utilities.erasure.forgotten_list import synchronise_list
from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.stack import Stack

PARTITIONS = 3
COMMAND_SECONDS = 300
LARGEST_RECORD = 24 * 2**20
SPARK_SUBMIT = Path(sys.executable).with_name("spark-submit")

Record = tuple[bytes | None, bytes | None]
"""Key and value."""


@dataclass
class Pipeline:
    """Runs the stages as a user would, in processes of their own, and looks into what they wrote."""

    servers: Stack
    name: str
    environment: dict[str, str]
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    spark_master: str = WARM_MASTER

    @classmethod
    @contextmanager
    def create(cls, servers: Stack, directory: Path, name: str) -> Iterator["Pipeline"]:
        """Make the pipeline's topic at the source and its warehouse; end its processes afterwards."""
        own = {
            "SOURCE_TOPIC": f"views-{name}",
            "DESTINATION_TOPIC": f"views-{name}",
            "DEAD_LETTER_TOPIC": f"views-{name}-dead-letters",
            "MONGO_COLLECTION": f"records_{name}",
            "POSTGRES_DB": f"warehouse_{name}",
        }
        place = {
            "PYTHONPATH": str(PROJECT_ROOT),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_CONF_DIR": str(PROJECT_ROOT / "config" / "spark"),
            "SPARK_LOCAL_DIRS": str(directory),
        }
        environment = {**os.environ, **own, **place}
        pipeline = cls(servers, name, environment)
        pipeline.prepare(own)
        try:
            yield pipeline
        finally:
            for process in pipeline.processes:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if process.stdout is not None:
                    process.stdout.close()

    @property
    def topic(self) -> str:
        """The topic's name, the same at the source and in the local cluster."""
        return self.environment["DESTINATION_TOPIC"]

    def prepare(self, own: dict[str, str]) -> None:
        """Topics, ACLs, and a warehouse copied from the migrated one that the servers came with."""
        with patch.dict(os.environ, own):
            prepare_source_kafka(self.servers.secrets)
            prepare_local_kafka(self.servers.secrets)
        self.create_source_topic()
        self.create_warehouse()

    def create_warehouse(self) -> None:
        """The database of the pipeline's name, migrated."""
        with self.warehouse("postgres", "postgres_superuser_password", database="postgres") as connection:
            name = self.environment["POSTGRES_DB"]
            connection.execute(f"CREATE DATABASE {name} TEMPLATE millrace OWNER warehouse_owner".encode())

    def with_another_warehouse(self) -> "Pipeline":
        """The same topics and landed events, and a second, empty warehouse."""
        name = self.environment["POSTGRES_DB"] + "_other"
        other = replace(self, environment={**self.environment, "POSTGRES_DB": name})
        other.create_warehouse()
        return other

    def with_own_list(self) -> "Pipeline":
        """The same topics and stores, and a list of forgotten visitors that no other test reads."""
        own = {"FORGOTTEN_TOPIC": f"{self.topic}-forgotten"}
        listed = replace(self, environment={**self.environment, **own})
        with patch.dict(os.environ, listed.environment):
            prepare_local_kafka(self.servers.secrets)
            synchronise_list()
        return listed

    def create_source_topic(self, partitions: int = PARTITIONS) -> None:
        """The source topic, made by the source's administrator; it takes records beyond MongoDB's limit."""
        admin = AdminClient(self.source_client("admin", "source_admin_password"))
        limit = {"max.message.bytes": str(LARGEST_RECORD + 2**20)}
        admin.create_topics([NewTopic(self.topic, partitions, 1, config=limit)])[self.topic].result()

    def source_client(self, user: str, secret: str) -> dict[str, Any]:
        """librdkafka properties for a principal of the source broker."""
        return self._client(f"127.0.0.1:{self.servers.settings.source_port}", user, secret)

    def local_client(self, user: str) -> dict[str, Any]:
        """librdkafka properties for a principal of the local cluster."""
        ports = self.servers.settings.broker_ports()
        return self._client(",".join(f"127.0.0.1:{port}" for port in ports), user, f"kafka_{user}_password")

    def _client(self, brokers: str, user: str, secret: str) -> dict[str, Any]:
        return {
            "bootstrap.servers": brokers,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": user,
            "sasl.password": self.servers.secrets.reveal(secret),
        }

    def produce(self, records: Sequence[Record], partition: int | None = None, timestamp: int = 0) -> None:
        """Write records to the source topic; `timestamp` in milliseconds, 0 for now."""
        config = self.source_client("generator", "source_generator_password")
        # Idempotent: a broker on a busy machine answers late, and a record that is sent again must not be there twice.
        more = {"message.max.bytes": LARGEST_RECORD + 2**20, "linger.ms": 5, "enable.idempotence": True}
        producer = Producer({**config, **more})
        for number, (key, value) in enumerate(records):
            target = number % PARTITIONS if partition is None else partition
            producer.produce(self.topic, value=value, key=key, partition=target, timestamp=timestamp)
            if number % 10_000 == 0:
                producer.flush(60)
        assert producer.flush(60) == 0

    def produce_events(self, events: Sequence[Mapping[str, Any]], partition: int | None = None) -> None:
        """Write events as JSON, keyed by their device."""
        records: list[Record] = [
            (str(event.get("device_id", "")).encode(), json.dumps(event).encode()) for event in events
        ]
        self.produce(records, partition)

    def command(self, module: str, *arguments: str) -> list[str]:
        """The command line of a stage; `etl` stands for spark-submit of the batch ETL, `stream` for the stream."""
        if module == "etl":
            return [str(SPARK_SUBMIT), "--master", self.spark_master, "spark/etl.py", *arguments]
        if module == "stream":
            artifacts = Artifacts(self.servers.settings.artifacts_directory)
            artifacts.ensure_spark_kafka()
            told = (f"{name}={value}" for name, value in spark_environment(artifacts, self.spark_master).items())
            return ["env", *told, sys.executable, PROGRAM, *arguments]
        return [sys.executable, "-m", module, *arguments]

    def start(self, module: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a stage in a process group of its own, so that a kill reaches all of it."""
        process = subprocess.Popen(
            self.command(module, *arguments),
            cwd=PROJECT_ROOT,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def attempt(self, module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a stage to its end, whatever its exit status; the ETL in a JVM that is warm."""
        if module == "etl" and self.spark_master == WARM_MASTER:
            return WARM.run("spark/etl.py", arguments, {**self.environment, **environment}, COMMAND_SECONDS)
        return subprocess.run(
            self.command(module, *arguments),
            cwd=PROJECT_ROOT,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )

    def run(self, module: str, *arguments: str, **environment: str) -> str:
        """Run a stage to its end and return what it printed; fails the test when the stage fails."""
        result = self.attempt(module, *arguments, **environment)
        assert result.returncode == 0, (
            f"{module} {arguments} ended with {result.returncode}:\n{result.stdout[-2000:]}\n{result.stderr[-4000:]}"
        )
        return result.stdout

    def run_all(self) -> None:
        """Mirror, land, index and load what is at the source."""
        for stage in ("kafka.mirror", "kafka.landing", "kafka.indexer", "etl"):
            self.run(stage, MAX_MESSAGES="0")

    def reconcile(self) -> dict[str, Any]:
        """The reconciliation's figures; fails the test when an identity does not hold."""
        result = self.attempt("utilities.reconcile", "--json")
        assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
        figures: dict[str, Any] = json.loads(result.stdout)
        return figures

    @contextmanager
    def raw(self) -> Iterator[Collection[dict[str, Any]]]:
        """The pipeline's collection of landed events."""
        password = self.servers.secrets.reveal("mongo_operator_password")
        port = self.servers.settings.mongo_port
        with MongoClient[dict[str, Any]]("127.0.0.1", port, username="operator", password=password) as client:
            yield client["kafka_data_db"][self.environment["MONGO_COLLECTION"]]

    @contextmanager
    def warehouse(
        self, user: str = "warehouse_owner", secret: str = "postgres_owner_password", database: str | None = None
    ) -> Iterator[psycopg.Connection]:
        """A connection to the warehouse, which commits each statement."""
        with psycopg.connect(
            host="127.0.0.1",
            port=self.servers.settings.postgres_port,
            dbname=database or self.environment["POSTGRES_DB"],
            user=user,
            password=self.servers.secrets.reveal(secret),
            autocommit=True,
        ) as connection:
            yield connection

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What a statement returns in the warehouse, asked as its owner."""
        with self.warehouse() as connection:
            return connection.execute(statement.encode(), parameters or None).fetchall()

    def value(self, statement: str, *parameters: Any) -> Any:
        """The single value that a statement returns."""
        return self.rows(statement, *parameters)[0][0]

    def search(self) -> Elasticsearch:
        """A client with the reader's rights, to whom everything indexed so far is visible."""
        password = self.servers.secrets.reveal("elasticsearch_reader_password")
        address = f"http://127.0.0.1:{self.servers.settings.elasticsearch_port}"
        client = Elasticsearch(address, basic_auth=("reader", password), request_timeout=60)
        client.indices.refresh(index="product-views", ignore_unavailable=True)
        return client


def wait_for_line(process: subprocess.Popen[str], text: str) -> str:
    """Read what a started stage prints up to the first line with `text`; fails the test when the stage ends before."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return line
    raise AssertionError(f"the stage ended with {process.wait()} before it printed '{text}':\n{''.join(lines[-30:])}")


def eventually(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until the condition holds; fails the test where it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.3)
