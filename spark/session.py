"""The Spark session: quiet, bounded, and with our packages on every executor."""

import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from config.settings import PROJECT_ROOT
from config.signs_of_life import working
from spark.python_workers import end_python_workers

SHIPPED_PACKAGES = ("config", "kafka", "migrations", "spark")
SHIPPED_SUFFIXES = {".py", ".csv"}
DEFAULT_MASTER = "local[*]"
ROWS_PER_SHUFFLE_PARTITION = 100_000
LARGEST_SHUFFLE = 400
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@contextmanager
def spark_session(
    driver_memory: str, expected_rows: int, application: str = "millrace-etl", more: Mapping[str, str] | None = None
) -> Iterator[SparkSession]:
    """Start Spark, or take what `spark-submit` configured; every value given there wins over ours.

    `expected_rows` sets the number of shuffle partitions, so that a task's memory does not grow with the run; `more`
    are properties beside those that every application has.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with working("starting Spark"):
        session = _start(application, driver_memory, expected_rows, more or {})
    session.sparkContext.setLogLevel("WARN")
    with TemporaryDirectory(prefix="millrace-") as folder:
        if not _is_local(session.sparkContext.master):
            # Executors fetch the archive from the driver when their first task starts.
            session.sparkContext.addPyFile(str(package_archive(Path(folder))))
        try:
            yield session
            end_python_workers()
        finally:
            # A JVM that was killed needs no stopping, and its silence must not hide the error that came before.
            with suppress(ConnectionError, Py4JError):
                session.stop()


def _is_local(master: str | None) -> bool:
    """Whether the tasks run on this machine, by our packages in their folder."""
    return master is not None and master.startswith("local")


def _start(application: str, driver_memory: str, expected_rows: int, more: Mapping[str, str]) -> SparkSession:
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        # Under spark-submit the JVM knows --master and --conf; before it is asked, SparkConf would be empty.
        SparkContext._ensure_initialized()
    given = SparkConf()
    builder = SparkSession.builder.appName(application)
    for name, value in {**_defaults(given, driver_memory, expected_rows), **more}.items():
        if not given.contains(name):
            builder = builder.config(name, value)
    return builder.getOrCreate()


def _defaults(given: SparkConf, driver_memory: str, expected_rows: int) -> dict[str, str]:
    partitions = min(LARGEST_SHUFFLE, max(2, -(-expected_rows // ROWS_PER_SHUFFLE_PARTITION)))
    defaults = {
        "spark.master": DEFAULT_MASTER,
        "spark.driver.memory": driver_memory,
        "spark.sql.shuffle.partitions": str(partitions),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
        # What is kept between the steps of a run is read a few times and thrown away.
        "spark.sql.inMemoryColumnarStorage.compressed": "false",
        "spark.ui.showConsoleProgress": "false",
        # Rows go between the JVM and Python by socket files of this user, not by ports that any other client may reach
        # first (the run then ends with "Authentication failed").
        "spark.python.unix.domain.socket.enabled": "true",
        # As in config/spark/spark-defaults.conf, which is for a JVM that spark-submit starts.
        "spark.driver.extraJavaOptions": JAVA_OPTIONS,
        "spark.executor.extraJavaOptions": JAVA_OPTIONS,
    }
    if _is_local(given.get("spark.master", DEFAULT_MASTER)):
        # Nobody but this process has to reach the driver, and its pages last no longer than the run.
        defaults |= {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.python.daemon.module": "spark.python_daemon",
            "spark.executorEnv.PYTHONPATH": str(PROJECT_ROOT),
        }
    return defaults


def package_archive(folder: Path) -> Path:
    """A zip in `folder` of our code and reference data; other libraries are part of the executors' Python."""
    archive = folder / "millrace.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as shipped:
        for package in SHIPPED_PACKAGES:
            for file in sorted((PROJECT_ROOT / package).rglob("*")):
                if file.suffix in SHIPPED_SUFFIXES:
                    shipped.write(file, file.relative_to(PROJECT_ROOT))
    return archive
