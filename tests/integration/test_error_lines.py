"""What landing, the indexer and the ETL say when a server is away, refuses them, or lacks what they need."""

import os
from collections.abc import Iterator

import pytest

from tests.events import view
from tests.pipeline import Pipeline
from utilities.local_servers.ephemeral import free_ports
from utilities.local_servers.stack import Stack

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def pipeline(servers: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """One pipeline for all cases: each only starts and ends. One event is on the bus."""
    with Pipeline.create(servers, tmp_path_factory.mktemp("errors"), f"t{os.getpid()}errors") as pipeline:
        pipeline.produce_events([view(1)])
        pipeline.run("kafka.mirror")
        yield pipeline


@pytest.mark.parametrize(
    ("module", "environment", "expected"),
    [
        ("kafka.landing", {"KAFKA_LANDING_PASSWORD": "wrong"}, "check KAFKA_LANDING_PASSWORD of user landing"),
        ("kafka.landing", {"KAFKA_BROKERS": "127.0.0.1:{closed}"}, "no answer"),
        ("kafka.landing", {"DESTINATION_TOPIC": "no-such-topic"}, "reading topic no-such-topic"),
        (
            "kafka.landing",
            {"KAFKA_LANDING_USERNAME": "indexer", "KAFKA_LANDING_PASSWORD": "{indexer}"},
            "no permission on the consumer group",
        ),
        ("kafka.landing", {"MONGO_LANDING_PASSWORD": "wrong"}, "check MONGO_LANDING_PASSWORD"),
        (
            "kafka.landing",
            {"MONGO_LANDING_USERNAME": "etl", "MONGO_LANDING_PASSWORD": "{etl}"},
            "the user has no readWrite role",
        ),
        ("kafka.landing", {"MONGO_PORT": "{closed}"}, "no answer"),
        ("kafka.landing", {"RETRY_SECONDS": "soon"}, "RETRY_SECONDS: "),
        ("kafka.landing", {"FORGOTTEN_TOPIC": "no-such-list"}, "bootstrap --only kafka"),
        ("kafka.indexer", {"FORGOTTEN_KEY": "a key that no list has"}, "made with another FORGOTTEN_KEY"),
        ("kafka.indexer", {"KAFKA_INDEXER_PASSWORD": "wrong"}, "check KAFKA_INDEXER_PASSWORD of user indexer"),
        ("kafka.indexer", {"ELASTICSEARCH_INDEXER_PASSWORD": "wrong"}, "check ELASTICSEARCH_INDEXER_PASSWORD"),
        (
            "kafka.indexer",
            {"ELASTICSEARCH_INDEXER_USER": "reader", "ELASTICSEARCH_INDEXER_PASSWORD": "{reader}"},
            "the user lacks a permission",
        ),
        ("kafka.indexer", {"ELASTICSEARCH_PORT": "{closed}"}, "no answer"),
        ("etl", {"POSTGRES_PASSWORD": "wrong"}, "wrong user name or password; check POSTGRES_PASSWORD"),
        ("etl", {"POSTGRES_PORT": "{closed}"}, "no answer"),
        ("etl", {"POSTGRES_DB": "no_such_database"}, "./millrace up creates the database"),
        ("etl", {"MONGO_ETL_PASSWORD": "wrong"}, "wrong user name or password; check MONGO_ETL_PASSWORD"),
        ("etl", {"MONGO_PORT": "{closed}"}, "no answer"),
        ("utilities.count_kafka_total", {"KAFKA_OPERATOR_PASSWORD": "wrong"}, "check KAFKA_OPERATOR_PASSWORD"),
        ("utilities.quality", {"POSTGRES_PASSWORD": "wrong"}, "check POSTGRES_PASSWORD"),
        ("utilities.report", {"POSTGRES_BI_PASSWORD": "wrong"}, "check POSTGRES_BI_PASSWORD"),
    ],
)
def test_what_a_stage_cannot_do_is_one_clear_line(
    pipeline: Pipeline, module: str, environment: dict[str, str], expected: str
) -> None:
    known = {
        "closed": str(free_ports(1)[0]),
        "indexer": pipeline.servers.secrets.reveal("kafka_indexer_password"),
        "etl": pipeline.servers.secrets.reveal("mongo_etl_password"),
        "reader": pipeline.servers.secrets.reveal("elasticsearch_reader_password"),
    }
    impatient = {"RETRY_SECONDS": "1", "ETL_OUTAGE_SECONDS": "1"}
    own = {name: value.format(**known) for name, value in environment.items()}
    result = pipeline.attempt(module, **{**impatient, **own})
    assert result.returncode == 1, result.stdout + result.stderr
    # spark-submit passes on what the driver prints at its own standard output, among lines of the JVM.
    printed = result.stdout + result.stderr
    (line,) = [line for line in printed.splitlines() if line.startswith(f"{module.rpartition('.')[2]}: ")]
    assert expected in line
    assert "Traceback" not in printed
