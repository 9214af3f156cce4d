"""The same spark-submit on a standalone cluster: a master and a worker in processes of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark
import pytest

from tests.events import mixed
from tests.pipeline import Pipeline
from utilities.local_servers.ephemeral import free_ports

EVENTS = 300
START_SECONDS = 60

pytestmark = pytest.mark.servers


def wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, f"nothing listens on port {port}"
        time.sleep(0.2)


@contextmanager
def standalone_cluster(directory: Path) -> Iterator[str]:
    """A master and one worker on loopback; yields the master's address."""
    master_port, master_page, worker_port, worker_page = free_ports(4)
    home = Path(pyspark.__file__).parent
    spark_class = home / "bin" / "spark-class"
    address = f"spark://127.0.0.1:{master_port}"
    roles = [
        ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(master_port)],
        ["org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--port", str(worker_port), "-c", "2"],
    ]
    pages = (str(master_page), str(worker_page))
    last: tuple[list[str], list[str]] = ([], ["-m", "1g", "-d", str(directory), address])
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_DAEMON_MEMORY": "256m",
    }
    processes = []
    try:
        for role, page, options in zip(roles, pages, last, strict=True):
            command = [str(spark_class), *role, "--webui-port", page, *options]
            processes.append(
                subprocess.Popen(
                    command,
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )
            wait_for(master_port if len(processes) == 1 else worker_port)
        yield address
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def test_the_etl_runs_unchanged_on_a_standalone_cluster(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.produce_events(list(mixed(EVENTS)))
    for stage in ("kafka.mirror", "kafka.landing"):
        pipeline.run(stage)
    with standalone_cluster(tmp_path) as address:
        pipeline.spark_master = address
        result = pipeline.attempt("etl", SPARK_LOCAL_IP="127.0.0.1")
    assert result.returncode == 0, result.stderr[-4000:]
    assert f"master={address}" in result.stdout + result.stderr
    assert pipeline.value("SELECT sum(view_count) FROM fact_product_views") == EVENTS * 2 // 3
    assert pipeline.value("SELECT count(*) FROM dim_store WHERE country_code = 'DE'") == 1
