"""What the ETL needs to know: the raw store, the warehouse, and how to hash a visitor, which the stream shares."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator

from config.settings import HashKey, Memory, MongoSettings, PostgresSettings, Settings


class BusinessDaySettings(Settings):
    """What a day is."""

    business_time_zone: str = "UTC"
    """IANA zone whose calendar days are the days of the warehouse."""

    @field_validator("business_time_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("must be an IANA time zone such as Europe/Berlin") from None
        return value


class MeaningSettings(BusinessDaySettings):
    """What visitors and days mean, to whoever reads events for the warehouse."""

    visitor_hash_key: HashKey
    """Key of the HMAC that stands for a visitor; another key makes every visitor a new one."""
    spark_driver_memory: Memory = "1g"
    """Heap of the driver's JVM; `spark-submit` reads the same variable."""


class EtlSettings(MeaningSettings, MongoSettings, PostgresSettings):
    """The ETL reads the raw store as `etl` and writes the warehouse as `warehouse_etl`."""

    mongo_etl_username: str = "etl"
    mongo_etl_password: SecretStr
    postgres_user: str = "warehouse_etl"
    postgres_password: SecretStr
    etl_range_offsets: Annotated[int, Field(ge=100)] = 20_000
    """Offsets that one Spark task reads: bounds a task's memory and what a retry repeats."""
    etl_run_offsets: Annotated[int, Field(ge=1_000)] = 4_000_000
    """Offsets that one run takes at most; what is left is the next run's, of the same command."""
    etl_outage_seconds: Annotated[float, Field(ge=0)] = 90.0
    """How long a run waits for a server that went away before it gives up."""
    etl_refresh_marts: bool = True
    """Refresh the materialized marts after the runs. False leaves that to `./millrace marts`, say once a night: a
    refresh computes them from all of history, so its time grows while that of a run does not."""
    rejected_event_days: Annotated[int, Field(ge=1)] = 90
    """Days that a rejected event keeps its value and its masked original; each run empties those of older runs, which
    stay counted by their rule."""
