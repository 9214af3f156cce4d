"""Which stages run together, by what command, and in what order they are started."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.settings import PROJECT_ROOT
from utilities.command.environment import SPARK
from utilities.command.stream import PROGRAM, spark_environment
from utilities.local_servers.artifacts import Artifacts

MONTH_SECONDS = 30 * 86_400
FIRST_ETL_SECONDS = 90.0


@dataclass(frozen=True)
class Stage:
    """A process that is kept running; with `every_seconds` one that ends, and is run again so long afterwards.

    It is first started after `wait_seconds`.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    every_seconds: float | None = None
    wait_seconds: float = 0.0


def stages(artifacts: Artifacts, rate: float, feed_rate: float, etl_minutes: float) -> list[Stage]:
    """The stages of `./millrace live`.

    `rate` and `feed_rate` are events a second of the main feed and of the others together, `etl_minutes` lie between
    two runs of the ETL; 0 leaves out what it is of.
    """
    followed = ("--follow", "--feeds", "all")
    chosen = [
        Stage("serve", _module("serving")),
        Stage("stream", (sys.executable, PROGRAM, *followed), {**SPARK, **spark_environment(artifacts)}),
        Stage("mirror", _module("kafka.mirror", "--follow")),
        Stage("landing", _module("kafka.landing", *followed)),
        Stage("indexer", _module("kafka.indexer", *followed)),
        Stage("anomalies", _module("utilities.anomalies", "--follow")),
    ]
    if etl_minutes > 0:
        spark_submit = str(Path(sys.executable).with_name("spark-submit"))
        etl = (spark_submit, str(PROJECT_ROOT / "spark" / "etl.py"))
        chosen.append(Stage("etl", etl, SPARK, 60 * etl_minutes, FIRST_ETL_SECONDS))
        feeds = _module("spark.command", "--feeds", "all", "--wait")
        chosen.append(Stage("etl-feeds", feeds, {}, 60 * etl_minutes, FIRST_ETL_SECONDS))
    if rate > 0:
        chosen.append(Stage("generator", _module("utilities.generate_events", "--live", str(rate))))
    if feed_rate > 0:
        month = ("--rate", str(feed_rate), "--seconds", str(MONTH_SECONDS))
        chosen.append(Stage("generator-feeds", _module("utilities.generate_feeds", *month)))
    return chosen


def _module(name: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *words)
