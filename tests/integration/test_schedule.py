"""What a schedule relies on: failures alert once, an overlapping run leaves quietly, Airflow starts the ETL."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from config.settings import PROJECT_ROOT
from spark.ledger import RUN_LOCK
from tests.events import views
from tests.pipeline import COMMAND_SECONDS, Pipeline
from tests.webhook import webhook

AIRFLOW_READY = Path(".venv-airflow") / ".ready"

pytestmark = pytest.mark.servers


@pytest.fixture(scope="session")
def airflow() -> Path:
    """Airflow in an environment of its own, which make installs where it is not there yet (80 MB)."""
    outer = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    environment = {name: value for name, value in os.environ.items() if name not in outer}
    result = subprocess.run(
        ["make", "--silent", str(AIRFLOW_READY)], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    return PROJECT_ROOT / AIRFLOW_READY.parent / "bin" / "airflow"


@contextmanager
def warehouse(pipeline: Pipeline) -> Iterator[psycopg.Connection]:
    """A connection as the warehouse's owner, which commits each statement."""
    with psycopg.connect(
        host="127.0.0.1",
        port=pipeline.servers.settings.postgres_port,
        dbname=pipeline.environment["POSTGRES_DB"],
        user="warehouse_owner",
        password=pipeline.servers.secrets.reveal("postgres_owner_password"),
        autocommit=True,
    ) as connection:
        yield connection


def run_to_its_end(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Status and output of a command in a process group of its own, which ends with the test in any case."""
    process = subprocess.Popen(
        command,
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=COMMAND_SECONDS)
        return process.returncode, output
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate()


def test_a_failed_run_alerts_once_and_a_run_beside_another_leaves_without_an_alert(pipeline: Pipeline) -> None:
    pipeline.produce_events(views(20))
    for stage in ("kafka.mirror", "kafka.landing"):
        pipeline.run(stage)
    with webhook([503]) as received, warehouse(pipeline) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [RUN_LOCK])
        refused = pipeline.attempt("etl", ALERT_WEBHOOK_URL=received.url)
        connection.execute("SELECT pg_advisory_unlock(%s)", [RUN_LOCK])
        assert refused.returncode == 75, refused.stdout + refused.stderr
        assert "etl: another run of the ETL is under way" in refused.stdout + refused.stderr
        assert not received.documents
        connection.execute("REVOKE SELECT ON dim_store FROM warehouse_etl")
        failed = pipeline.attempt("etl", ALERT_WEBHOOK_URL=received.url)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    ((run_id, status, reason),) = pipeline.rows("SELECT run_id, status, error FROM etl.run")
    assert status == "failed"
    # The webhook was busy once, and asked again.
    assert [(each["run"], each["reason"]) for each in received.documents] == [(run_id, reason)] * 2
    assert "dim_store" in reason


def test_airflow_runs_the_dag_and_the_events_are_loaded(airflow: Path, pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.produce_events(views(30))
    for stage in ("kafka.mirror", "kafka.landing"):
        pipeline.run(stage)
    environment = pipeline.environment | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "deploy" / "airflow" / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    # Airflow finds `kafka` and `config` of its own libraries, not ours; the DAG sets what Spark needs.
    for name in ("PYTHONPATH", "PYSPARK_PYTHON", "SPARK_CONF_DIR", "MILLRACE_CHECKOUT"):
        environment.pop(name, None)
    for arguments in (["db", "migrate"], ["dags", "test", "millrace_etl"]):
        status, output = run_to_its_end([str(airflow), *arguments], environment)
        assert status == 0, output[-8000:]
    assert "state=success" in output
    assert pipeline.rows("SELECT status, loaded FROM etl.run") == [("finished", 30)]
    assert pipeline.value("SELECT sum(view_count) FROM fact_product_views") == 30
