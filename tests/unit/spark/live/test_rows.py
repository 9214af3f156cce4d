"""Records of the bus to counted rows, by the transforms of the batch ETL."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession

from kafka.forgotten import Moments
from kafka.visitor import identity_hash
from spark.live.records import raw_events
from spark.live.rows import COUNTED_ROW, counted_rows
from spark.schemas import UNKNOWN_KIND
from spark.transforms import parse, validate
from tests.events import FIRST_SECOND, USER_AGENTS, order, view

KEY = b"key of the visitors' hashes"
RECORDS = (
    "topic string, partition int, offset long, timestamp timestamp, value binary,"
    " headers array<struct<key: string, value: binary>>"
)
BROWSER, ROBOT = USER_AGENTS[0], USER_AGENTS[2]


@pytest.fixture
def counted(spark_session: SparkSession) -> Any:
    """What becomes of the records with these values, by offset."""

    def rows(*values: Any) -> dict[int, dict[str, Any]]:
        taken = datetime.fromtimestamp(FIRST_SECOND + 600, UTC)
        sent = [value if isinstance(value, bytes | None) else json.dumps(value).encode() for value in values]
        records = [("views", 0, offset, taken, value, None) for offset, value in enumerate(sent)]
        raw = raw_events(spark_session.createDataFrame(records, RECORDS), Moments(b"k", {}), KEY, ("shop.example",))
        found = counted_rows(validate(parse(raw, "UTC")), ("shop.example",)).toArrow()
        assert found.schema.names == COUNTED_ROW.names
        return {row["bus_offset"]: row for row in found.to_pylist()}

    return rows


def test_an_event_is_counted_by_its_time_product_store_visitor_and_referrer(counted: Any) -> None:
    event = view(7, user_agent=BROWSER, user_id_db="42")
    row = counted(event)[0]
    assert row["verdict"] is None
    assert (row["event_id"], row["event_seconds"]) == (event["id"].replace("-", ""), FIRST_SECOND + 7)
    assert (row["bus_seconds"], row["product"], row["store"]) == (
        FIRST_SECOND + 600,
        event["product_id"],
        event["store_id"],
    )
    assert row["visitor"] == identity_hash(event["device_id"], KEY)
    assert row["user_hash"] == identity_hash("42", KEY)
    assert (row["referrer_type"], row["is_bot"]) == ("Search Engine", False)


def test_robots_are_told_by_user_agent_and_by_spam(counted: Any) -> None:
    spam = "http://buttons-for-website.com/"
    found = counted(
        view(1, user_agent=ROBOT),
        view(2, user_agent=BROWSER, referrer_url=spam),
        view(3, user_agent=""),
        view(4, user_agent=BROWSER),
    )
    assert [found[offset]["is_bot"] for offset in range(4)] == [True, True, True, False]


def test_what_is_invalid_or_no_event_has_its_reason_and_stops_nothing(counted: Any) -> None:
    early = view(3, time_stamp=FIRST_SECOND + 600 + 3_601)
    found = counted(view(1, product_id=""), b"{", early, None, {"collection": "other"}, view(5))
    verdicts = {offset: row["verdict"] for offset, row in found.items()}
    assert verdicts == {0: "no_product", 1: "not_json", 2: "time_in_future", 3: "null_value", 4: None, 5: None}
    assert found[4]["kind"] == UNKNOWN_KIND


def test_an_order_is_known_by_store_and_id_and_has_its_lines(counted: Any) -> None:
    found = counted(
        order(1, 4711, 80_001, 80_002),
        order(2, 4711, 80_001, store_id=view(1)["store_id"]),
        order(3, 4711, store_id="99"),
        order(4, ""),
        view(5),
    )
    assert found[0]["order_hash"] == found[1]["order_hash"] != found[2]["order_hash"]
    assert [found[offset]["order_hash"] for offset in (3, 4)] == [None, None]
    lines = json.loads(found[0]["lines"])
    assert [(line["amount"], line["price"], line["currency"]) for line in lines] == [("2", "1234.50", "EUR")] * 2
    assert found[4]["lines"] is None
