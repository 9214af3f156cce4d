"""The business time zone is one that Java reads as Python does; PostgreSQL in integration/test_definitions.py."""

from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import SparkSession

from spark import zones
from spark.zones import MisreadZoneError, refuse_zone_of_java

SUMMER_TIME = ("Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe", "Africa/Casablanca")


@pytest.mark.parametrize("zone", [*SUMMER_TIME, "America/Sao_Paulo", "Asia/Kathmandu", "UTC", "EST"])
def test_java_reads_a_zone_as_python_does(spark_session: SparkSession, zone: str) -> None:
    refuse_zone_of_java(spark_session, zone)


@pytest.mark.parametrize("zone", ["Factory", "localtime", "Mars/Olympus"])
def test_a_zone_that_java_does_not_know_is_one_line(spark_session: SparkSession, zone: str) -> None:
    with pytest.raises(MisreadZoneError, match=f"Java does not know BUSINESS_TIME_ZONE={zone}"):
        refuse_zone_of_java(spark_session, zone)


@pytest.mark.parametrize(
    ("own", "day"), [("Africa/Lagos", "2015-03-29"), ("UTC", "2015-01-01"), ("Africa/Tripoli", "2015-01-01")]
)
def test_a_zone_that_java_reads_otherwise_is_refused(
    spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch, own: str, day: str
) -> None:
    """As one whose rules have changed, where one of the two has an older database of zones."""
    monkeypatch.setattr(zones, "ZoneInfo", lambda _: ZoneInfo(own))
    with pytest.raises(MisreadZoneError, match=f"Java reads BUSINESS_TIME_ZONE=Europe/Berlin otherwise .* on {day}"):
        refuse_zone_of_java(spark_session, "Europe/Berlin")
