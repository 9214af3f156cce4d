"""The stream with Spark's source for Kafka, which is downloaded once, beside the servers' programs.

Not by spark-submit, whose JVM would be told to stop in the place of the stream, and stop in the middle of a batch.
"""

import argparse
import os

from config.command_line import run_command
from spark.live.settings import StreamSettings
from utilities.command.environment import CHECKOUT, PYTHON
from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.settings import LocalServerSettings

PROGRAM = str(CHECKOUT / "spark" / "stream.py")


def main(arguments: list[str]) -> int:
    """Replace this process by the stream; spark.live.command knows the options."""
    return run_command(argparse.ArgumentParser(prog="stream"), lambda _: _run(arguments), [])


def _run(arguments: list[str]) -> None:
    StreamSettings.load()  # a JVM is started next, which is not for a wrong setting
    artifacts = Artifacts(LocalServerSettings.load().artifacts_directory)
    artifacts.ensure_spark_kafka()
    os.execve(PYTHON, [str(PYTHON), PROGRAM, *arguments], {**spark_environment(artifacts), **os.environ})


def spark_environment(artifacts: Artifacts, master: str = "local[*]") -> dict[str, str]:
    """What Spark is started with; it otherwise looks the machine's name up, and says so when that leads to loopback."""
    jars = ",".join(str(jar) for jar in sorted(artifacts.spark_kafka.glob("*.jar")))
    return {"PYSPARK_SUBMIT_ARGS": f"--master {master} --jars {jars} pyspark-shell", "SPARK_LOCAL_IP": "127.0.0.1"}
