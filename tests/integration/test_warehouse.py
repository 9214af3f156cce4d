"""The warehouse's promises: each view once, keys that never change, a late event that changes only its own day."""

from collections import Counter
from typing import Any

import pytest

from tests.events import FIRST_SECOND, other_kind, view, views
from tests.pipeline import Pipeline

DAY = 86_400
DIMENSIONS = {
    "dim_product": ("product_key", "product_id"),
    "dim_country": ("country_key", "store_id"),
    "dim_referrer": ("referrer_key", "referrer_url"),
    "dim_device": ("device_key", "device_id"),
}

pytestmark = pytest.mark.servers


def load(pipeline: Pipeline, events: list[dict[str, Any]], partition: int | None = None) -> None:
    """Bring events all the way to the warehouse, in a run of its own."""
    pipeline.produce_events(events, partition)
    for stage in ("kafka.mirror", "kafka.landing", "etl"):
        pipeline.run(stage, MAX_MESSAGES="0")


def keys(pipeline: Pipeline) -> dict[str, dict[str, int]]:
    """By dimension: natural key -> surrogate key."""
    return {
        table: dict(pipeline.rows(f"SELECT {natural}, {surrogate} FROM {table}"))
        for table, (surrogate, natural) in DIMENSIONS.items()
    }


def days(pipeline: Pipeline) -> dict[int, list[tuple[Any, ...]]]:
    """The daily fact without its run column, by day."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    columns = "date_key, product_key, country_key, referrer_key, device_key, view_count, unique_visitors,"
    columns += " first_view_time, last_view_time, view_duration_seconds, avg_view_timestamp, processed_at"
    for row in pipeline.rows(f"SELECT {columns} FROM fact_product_views ORDER BY 1, 2, 3, 4, 5"):
        found.setdefault(row[0], []).append(row[1:])
    return found


def test_duplicates_inside_and_across_runs_count_once(pipeline: Pipeline) -> None:
    load(pipeline, [*views(40), *views(10), *(other_kind(900 + n) for n in range(5))])
    load(pipeline, [*views(20), *views(10, first=40)])
    pipeline.run("kafka.indexer")
    totals = pipeline.reconcile()["totals"]
    assert (totals["loaded"], totals["duplicates"], totals["other_kinds"]) == (50, 30, 5)
    assert pipeline.value("SELECT count(DISTINCT event_id) FROM fact_product_view_event") == 50


def test_surrogate_keys_stay_when_the_same_events_come_again_in_another_order(pipeline: Pipeline) -> None:
    load(pipeline, views(60))
    before, figures = keys(pipeline), days(pipeline)
    load(pipeline, [*reversed(views(60)), *views(30, first=60)])
    after = keys(pipeline)
    for table, known in before.items():
        assert {natural: after[table][natural] for natural in known} == known, table
    load(pipeline, list(reversed(views(90))))
    assert keys(pipeline) == after
    assert Counter(figures) == Counter({day: rows for day, rows in figures.items() if day in days(pipeline)})


def test_a_late_event_changes_only_its_own_day(pipeline: Pipeline) -> None:
    two_days = [view(n, time_stamp=FIRST_SECOND + (n % 2) * DAY + n) for n in range(80)]
    load(pipeline, two_days)
    before = days(pipeline)
    load(pipeline, [view(500, time_stamp=FIRST_SECOND + 5, product_id="80001")])
    after = days(pipeline)
    assert after[20260102] == before[20260102]
    assert sum(row[4] for row in after[20260101]) == sum(row[4] for row in before[20260101]) + 1


def test_a_run_without_new_events_changes_nothing(pipeline: Pipeline) -> None:
    load(pipeline, views(20))
    before = days(pipeline)
    pipeline.run("etl")
    assert days(pipeline) == before


def test_a_referrer_of_ten_thousand_characters_is_loaded(pipeline: Pipeline) -> None:
    long = "https://partner.example.org/" + "a/" * 5000
    load(pipeline, [view(1, referrer_url=long), view(2, referrer_url=long), view(3, referrer_url=long + "?q=1")])
    statement = "SELECT length(referrer_url), sum(view_count)::int FROM fact_product_views JOIN dim_referrer"
    ((length, count),) = pipeline.rows(f"{statement} USING (referrer_key) GROUP BY referrer_key, referrer_url")
    assert length > 9_000
    assert count == 3


def test_a_view_that_breaks_a_rule_is_rejected_with_rule_field_and_value(pipeline: Pipeline) -> None:
    timeless = view(1)
    del timeless["time_stamp"]
    productless = view(2)
    del productless["product_id"]
    broken = [
        timeless,
        productless,
        view(3, id="not-a-uuid"),
        view(4, time_stamp=4_000_000_000),
        view(5, time_stamp=FIRST_SECOND - 20 * 365 * DAY),
        view(6, time_stamp="soon"),
    ]
    load(pipeline, [*broken, view(7)])
    rejected = pipeline.rows("SELECT rule, field, value FROM etl.rejected_event ORDER BY bus_partition, bus_offset")
    assert len(rejected) == len(broken)
    assert all(rule and field for rule, field, _ in rejected)
    assert ("not-a-uuid" in {value for _, _, value in rejected}) and ("soon" in {value for _, _, value in rejected})
    pipeline.run("kafka.indexer")
    totals = pipeline.reconcile()["totals"]
    assert (totals["loaded"], totals["rejected"]) == (1, len(broken))


def test_hostile_text_arrives_as_it_was_sent(pipeline: Pipeline) -> None:
    texts = ["a\tb", 'quote " and \\ backslash', "line\nbreak\r\n", "\\N", "\\.", "comma, semicolon;", "ümläut €", ""]
    load(pipeline, [view(n, utm_source=text) for n, text in enumerate(texts)])
    found = {row[0] for row in pipeline.rows("SELECT utm_source FROM fact_product_view_event")}
    assert found == {text or None for text in texts}


def test_a_second_etl_beside_a_running_one_leaves_with_one_line(pipeline: Pipeline) -> None:
    pipeline.produce_events(views(30))
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.landing")
    runs = [pipeline.start("etl") for _ in range(2)]
    outputs = [run.communicate(timeout=180)[0] for run in runs]
    codes = sorted(run.returncode for run in runs)
    assert codes[0] == 0, outputs
    if codes[1] != 0:
        refused = next(output for run, output in zip(runs, outputs, strict=True) if run.returncode)
        assert "Traceback" not in refused
    assert pipeline.value("SELECT sum(view_count) FROM fact_product_views") == 30


def test_personal_data_stays_out_of_the_warehouse(pipeline: Pipeline) -> None:
    load(pipeline, [view(1, user_id_db="4711", email_address="jane@example.com", ip="198.51.100.7"), view(2, id="bad")])
    text = str(pipeline.rows("SELECT e::text FROM fact_product_view_event e"))
    text += str(pipeline.rows("SELECT r::text FROM etl.rejected_event r"))
    for personal in ("4711", "jane@example.com", "198.51.100.7"):
        assert personal not in text
