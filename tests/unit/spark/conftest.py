"""One small Spark for all transforms: two partitions, no pages, nothing that leaves loopback."""

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from kafka.event_time import event_seconds
from spark.schemas import PRODUCT_VIEW, RAW_EVENT

SECOND = 1_753_369_484
"""2025-07-24T15:04:44Z, the time of every event that a test does not give another."""


@pytest.fixture(scope="session")
def spark_session() -> Iterator[SparkSession]:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def raw_view(offset: int | None, **fields: Any) -> dict[str, Any]:
    """A valid product view as the reader gives it, with the fields that a test is about."""
    return dict.fromkeys(RAW_EVENT.names) | {
        "topic": "product_views",
        "partition": 0,
        "kind": PRODUCT_VIEW,
        "events": 1,
        "offset": offset,
        "bus_milliseconds": SECOND * 1000,
        "id": f"00000000-0000-4000-8000-{offset or 0:012d}",
        "time_stamp": str(SECOND),
        "event_seconds": event_seconds(fields.get("time_stamp", SECOND)),
        "product_id": "86704",
        "store_id": "62",
        "device_id": "02928c22-a423-4164-a7b4-f597f5a3580b",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/81.0.4044.138 Safari/537.36",
        "current_url": "https://www.shop.example.com.mx/anillo-bridal-heaven.html?alloy=yellow-375",
        "referrer_url": "https://www.google.com.mx/search?q=anillo",
        **fields,
    }


@pytest.fixture
def raw_events(spark_session: SparkSession) -> Callable[..., DataFrame]:
    """Rows of `raw_view` as a DataFrame in the columns of RAW_EVENT."""

    def build(*rows: dict[str, Any]) -> DataFrame:
        values = [tuple(row[name] for name in RAW_EVENT.names) for row in rows]
        return spark_session.createDataFrame(values, from_arrow_schema(RAW_EVENT))

    return build
