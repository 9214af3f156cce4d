"""The stream by spark-submit, with Spark's source for Kafka, which is downloaded once, beside the servers' programs."""

import argparse
import os

from config.command_line import run_command
from spark.live.settings import StreamSettings
from utilities.command.environment import CHECKOUT, PYTHON
from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.settings import LocalServerSettings


def main(arguments: list[str]) -> int:
    """Replace this process by spark-submit; spark.live.command knows the options."""
    return run_command(argparse.ArgumentParser(prog="stream"), lambda _: _run(arguments), [])


def _run(arguments: list[str]) -> None:
    settings = StreamSettings.load()  # spark-submit starts a JVM first, which is not for a wrong setting
    artifacts = Artifacts(LocalServerSettings.load().artifacts_directory)
    artifacts.ensure_spark_kafka()
    # Spark otherwise looks the machine's name up, and says so when that leads to loopback.
    environment = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DRIVER_MEMORY": settings.spark_driver_memory, **os.environ}
    program = str(PYTHON.with_name("spark-submit"))
    os.execve(program, [program, *submitted(artifacts, *arguments)], environment)


def submitted(artifacts: Artifacts, *arguments: str) -> list[str]:
    """What spark-submit is told."""
    jars = ",".join(str(jar) for jar in sorted(artifacts.spark_kafka.glob("*.jar")))
    return ["--jars", jars, str(CHECKOUT / "spark" / "stream.py"), *arguments]
