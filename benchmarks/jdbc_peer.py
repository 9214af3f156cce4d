"""Spark's own way to write a warehouse: the rows of the star, read from Parquet, appended by JDBC to bare tables.

The first part runs in the benchmark, the second (`main`) under spark-submit.
"""

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Under spark-submit this file's own folder comes first, where `import benchmarks` finds nothing.
if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from psycopg import sql

from benchmarks.bare_tables import STAR
from benchmarks.processes import Usage, measure
from benchmarks.workspace import SPARK_SUBMIT, Workspace
from config.errors import TerminalError

EXPORT, APPEND = "export", "append"
# Two tasks write at once, as the ETL's do on two cores; larger batches as single statements are the driver's fastest.
TUNED = {"batchsize": "10000"}
TUNED_URL = "&reWriteBatchedInserts=true"
PARTS = 8


@dataclass(frozen=True)
class JdbcPeer:
    """Reads the rows of a loaded warehouse once, and appends them to its bare tables as often as asked."""

    warehouse: Workspace

    def export(self) -> None:
        """Save the star's tables as Parquet files."""
        self._run(EXPORT, tuned=True)

    def append(self, tuned: bool) -> tuple[Usage, float]:
        """Cost of the whole process, and the seconds of the appends within it."""
        with self.warehouse.warehouse() as connection:
            for table in STAR:
                connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier("bare", table)))
            usage, seconds = self._run(APPEND, tuned)
            for table in STAR:
                counts = sql.SQL("SELECT (SELECT count(*) FROM {}), (SELECT count(*) FROM {})").format(
                    sql.Identifier("bare", table), sql.Identifier("public", table)
                )
                appended, loaded = connection.execute(counts).fetchone() or (0, 0)
                if appended != loaded:
                    raise TerminalError(f"JDBC appended {appended} rows of {loaded} to {table}")
        return usage, seconds

    def _run(self, action: str, tuned: bool) -> tuple[Usage, float]:
        bench = self.warehouse.bench
        artifacts = bench.servers.artifacts
        artifacts.ensure_kafka(profile="benchmark")
        (driver,) = artifacts.kafka_with_mirror_maker.glob("postgresql-*.jar")
        result = bench.directory / "jdbc-seconds"
        setup = {
            "action": action,
            "url": f"jdbc:postgresql://127.0.0.1:{bench.servers.settings.postgres_port}/{self.warehouse.database}"
            f"?stringtype=unspecified{TUNED_URL if tuned else ''}",
            "user": "warehouse_owner",
            "password": bench.servers.secrets.reveal("postgres_owner_password"),
            "options": TUNED if tuned else {},
            "folder": str(bench.directory / "star"),
            "result": str(result),
        }
        command = [str(SPARK_SUBMIT), "--master", "local[2]", "--jars", str(driver), str(Path(__file__).resolve())]
        environment = {**self.warehouse.environment, "JDBC_PEER": json.dumps(setup)}
        usage = measure(command, environment, self.warehouse.log("jdbc"), f"spark-submit of the JDBC {action}")
        return usage, float(result.read_text())


def main() -> int:
    """Do what JDBC_PEER says, and write the seconds that it took to the file it names."""
    from pyspark.sql import SparkSession

    setup: dict[str, Any] = json.loads(os.environ["JDBC_PEER"])
    session = SparkSession.builder.config("spark.ui.enabled", "false").getOrCreate()
    login = {"user": setup["user"], "password": setup["password"], "driver": "org.postgresql.Driver"}
    started = time.monotonic()
    for table in STAR:
        path = f"{setup['folder']}/{table}"
        if setup["action"] == EXPORT:
            rows = session.read.jdbc(setup["url"], f"public.{table}", properties={**login, "fetchsize": "10000"})
            rows.repartition(PARTS).write.mode("overwrite").parquet(path)
        else:
            rows = session.read.parquet(path)
            rows.write.jdbc(setup["url"], f"bare.{table}", mode="append", properties={**login, **setup["options"]})
    Path(setup["result"]).write_text(str(time.monotonic() - started))
    session.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
