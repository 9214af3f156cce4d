"""One JVM for the ETL runs of a test process: each run is a Python process of its own, as under spark-submit.

spark-submit starts a JVM, which starts Python and tells it where it listens. Here the JVM stays for the next run: of
the 17 s of CPU that a run of forty events took, 13 were a JVM's first seconds. Tests that kill a run, start one
beside another or ask for another master have spark-submit itself, and so have the demo and the scheduled runs.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from threading import RLock
from unittest.mock import patch

from py4j.java_gateway import JavaGateway  # type: ignore[import-untyped]
from pyspark import SparkConf
from pyspark.java_gateway import launch_gateway

from config.settings import PROJECT_ROOT

MASTER = "local[2]"
DRIVER_MEMORY = "2g"
SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class WarmSpark:
    """Ends with the process whose it is: the JVM reads its standard input until there is nobody."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._gateway: JavaGateway | None = None

    def run(
        self, program: str, arguments: Sequence[str], environment: Mapping[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Run `program` of the checkout to its end; TimeoutExpired after so many seconds.

        Both outputs are in `stdout`, as spark-submit has it.
        """
        with self._lock:
            gateway = self._ready(environment)
            place = gateway.gateway_parameters
            told = {"PYSPARK_GATEWAY_PORT": str(place.port), "PYSPARK_GATEWAY_SECRET": place.auth_token}
            done = subprocess.run(
                [sys.executable, program, *arguments],
                cwd=PROJECT_ROOT,
                env={**environment, **told},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=seconds,
            )
            return subprocess.CompletedProcess(done.args, done.returncode, done.stdout, "")

    def _ready(self, environment: Mapping[str, str]) -> JavaGateway:
        """The JVM, without what a run that was broken off has left in it."""
        if self._gateway is None or self._gateway.proc.poll() is not None:
            self._gateway = self._launch(environment)
        left = self._gateway.jvm.org.apache.spark.sql.classic.SparkSession.getDefaultSession()
        if left.isDefined():
            left.get().stop()
        return self._gateway

    def _launch(self, environment: Mapping[str, str]) -> JavaGateway:
        conf = SparkConf(loadDefaults=False)
        conf.set("spark.master", MASTER).set("spark.driver.memory", DRIVER_MEMORY)
        with patch.dict(os.environ, environment):
            return launch_gateway(conf, SILENT)  # type: ignore[no-untyped-call]


WARM = WarmSpark()
