"""The warehouse's promises: each view once, keys that never change, a late event that changes only its own day."""

import json
from typing import Any

import pytest

from spark.ledger import RUN_LOCK
from spark.stored_texts import SCRUBBER
from tests.events import FIRST_SECOND, act, order, other_kind, view, views
from tests.pipeline import Pipeline, wait_for_line
from tests.warehouse_checksums import checksums

DAY = 86_400
DIMENSIONS = {
    "dim_product": ("product_key", "product_id"),
    "dim_store": ("country_key", "store_id"),
    "dim_referrer": ("referrer_key", "referrer_url"),
    "dim_device": ("device_key", "device_id"),
}
# Java's own, of a module that spark-submit asks for.
JVM_WARNING = "WARNING: Using incubator modules: jdk.incubator.vector"

pytestmark = pytest.mark.servers


def load(pipeline: Pipeline, events: list[dict[str, Any]], partition: int | None = None) -> str:
    """Bring events all the way to the warehouse, in a run of its own; returns what the ETL printed."""
    pipeline.produce_events(events, partition)
    for stage in ("kafka.mirror", "kafka.landing"):
        pipeline.run(stage, MAX_MESSAGES="0")
    return pipeline.run("etl", MAX_MESSAGES="0")


def keys(pipeline: Pipeline) -> dict[str, dict[str, int]]:
    """By dimension: natural key -> surrogate key."""
    return {
        table: dict(pipeline.rows(f"SELECT {natural}, {surrogate} FROM {table}"))
        for table, (surrogate, natural) in DIMENSIONS.items()
    }


def days(pipeline: Pipeline) -> dict[int, list[tuple[Any, ...]]]:
    """The daily fact by day; its last column tells when a run last wrote the row."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    columns = "date_key, product_key, country_key, referrer_key, device_key, view_count, unique_visitors,"
    columns += " first_view_time, last_view_time, view_duration_seconds, avg_view_timestamp, processed_at"
    for row in pipeline.rows(f"SELECT {columns} FROM fact_product_views ORDER BY 1, 2, 3, 4, 5"):
        found.setdefault(row[0], []).append(row[1:])
    return found


def counts(pipeline: Pipeline) -> set[tuple[Any, ...]]:
    """The rows of the daily fact, whenever they were written."""
    return {(day, *row[:-1]) for day, rows in days(pipeline).items() for row in rows}


def test_duplicates_inside_and_across_runs_count_once(pipeline: Pipeline) -> None:
    unheard_of = [act(n, "a_kind_the_feed_does_not_know") for n in range(3)]
    load(pipeline, [*views(40), *views(10), *(other_kind(900 + n) for n in range(5)), *unheard_of])
    load(pipeline, [*views(20), *views(10, first=40), other_kind(900), *unheard_of])
    pipeline.run("kafka.indexer")
    totals = pipeline.reconcile()["totals"]
    assert (totals["loaded"], totals["duplicates"], totals["other_kinds"]) == (55, 31, 6)
    assert pipeline.rows("SELECT count(*), count(DISTINCT event_id) FROM fact_product_view_event") == [(50, 50)]
    assert pipeline.rows("SELECT count(*), count(DISTINCT event_id) FROM fact_event") == [(55, 55)]


def test_keys_and_counts_stay_when_the_same_events_come_again_in_another_order(pipeline: Pipeline) -> None:
    load(pipeline, views(60))
    keys_before, counts_before = keys(pipeline), counts(pipeline)
    assert sum(row[5] for row in counts_before) == 60
    load(pipeline, [*reversed(views(60)), *views(30, first=60)])
    keys_after = keys(pipeline)
    for table, known in keys_before.items():
        assert {natural: keys_after[table][natural] for natural in known} == known, table
    # Each view has a device of its own, so that no new one belongs to a row that was there.
    assert counts_before < counts(pipeline)
    before, rows = unwatermarked(pipeline), days(pipeline)
    load(pipeline, list(reversed(views(90))))
    pipeline.run("etl")
    assert unwatermarked(pipeline) == before
    assert days(pipeline) == rows


def unwatermarked(pipeline: Pipeline) -> dict[str, tuple[int, str]]:
    """The checksums of all tables but the watermark, which moves with the bus."""
    return {table: checksum for table, checksum in checksums(pipeline).items() if table != "etl.watermark"}


def test_a_late_event_changes_only_its_own_day(pipeline: Pipeline) -> None:
    two_days = [view(n, time_stamp=FIRST_SECOND + (n % 2) * DAY + n) for n in range(80)]
    load(pipeline, two_days)
    before = days(pipeline)
    load(pipeline, [view(500, time_stamp=FIRST_SECOND + 5, product_id="80001")])
    after = days(pipeline)
    assert after[20260102] == before[20260102]
    assert sum(row[4] for row in after[20260101]) == sum(row[4] for row in before[20260101]) + 1


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
    printed = load(pipeline, [*broken, view(7)])
    rejected = pipeline.rows("SELECT rule, field, value FROM etl.rejected_event ORDER BY bus_partition, bus_offset")
    assert len(rejected) == len(broken)
    assert all(rule and field for rule, field, _ in rejected)
    assert ("not-a-uuid" in {value for _, _, value in rejected}) and ("soon" in {value for _, _, value in rejected})
    assert all(rule in printed and field in printed for rule, field, _ in rejected)
    assert "./millrace rejected --run 1" in printed
    shown = json.loads(pipeline.run("utilities.rejected", "--json", "--run", "1"))["examples"]
    assert sorted(rejected, key=str) == sorted(((one["rule"], one["field"], one["value"]) for one in shown), key=str)
    assert {one["event_id"] for one in shown} >= {"not-a-uuid", productless["id"]}
    pipeline.run("kafka.indexer")
    totals = pipeline.reconcile()["totals"]
    assert (totals["loaded"], totals["rejected"]) == (1, len(broken))


def test_hostile_text_arrives_as_it_was_sent(pipeline: Pipeline) -> None:
    texts = ["a\tb", 'quote " and \\ backslash', "line\nbreak\r\n", "\\N", "\\.", "comma, semicolon;", "ümläut €", ""]
    load(pipeline, [view(n, utm_source=text) for n, text in enumerate(texts)])
    found = {row[0] for row in pipeline.rows("SELECT utm_source FROM fact_product_view_event")}
    assert found == {text.strip() or None for text in texts}, "campaigns are trimmed, and nothing else"


def test_an_etl_that_was_told_to_wait_loads_when_the_run_under_way_ends(pipeline: Pipeline) -> None:
    pipeline.produce_events(views(30))
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.landing")
    with pipeline.warehouse("warehouse_etl", "postgres_password") as run_under_way:
        run_under_way.execute("SELECT pg_advisory_lock(%s)", [RUN_LOCK])
        waiting = pipeline.start("etl", "--wait")
        wait_for_line(waiting, "another run of the ETL is under way; waiting for its end")
        refused = pipeline.attempt("etl")
        assert waiting.poll() is None
        assert pipeline.rows("SELECT run_id FROM etl.run") == []
    assert refused.returncode == 75
    (line,) = [line for line in (refused.stdout + refused.stderr).splitlines() if line != JVM_WARNING]
    assert line.startswith("etl: another run of the ETL is under way")
    output = waiting.communicate()[0]
    assert waiting.returncode == 0, output
    assert pipeline.value("SELECT sum(view_count) FROM fact_product_views") == 30


def test_personal_data_stays_out_of_the_warehouse(pipeline: Pipeline) -> None:
    person = {"user_id_db": "person-4711-x", "email_address": "jane@example.com", "ip": "198.51.100.7"}
    load(pipeline, [view(1, **person), view(2, **person | {"id": "bad"})])
    tables = pipeline.rows(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables"
        " WHERE table_schema IN ('public', 'etl', 'staging', 'mart') AND table_type = 'BASE TABLE'"
    )
    written = {name: str(pipeline.rows(f"SELECT t::text FROM {name} t")) for (name,) in tables}
    assert {"public.fact_event", "public.fact_product_view_event", "public.dim_device", "etl.rejected_event"} <= {
        name for name, rows in written.items() if rows != "[]"
    }
    for personal in person.values():
        assert [name for name, rows in written.items() if personal in rows] == []
    # A device is known by its hash where analysts read, and by its id where the erasure does.
    device = str(view(1)["device_id"])
    assert [name for name, rows in written.items() if device in rows] in ([], ["etl.rejected_event"])
    assert pipeline.value(f"SELECT count(*) FROM identity.device WHERE device_id = '{device}'") == 1
    assert pipeline.value("SELECT bool_and(device_id ~ '^[0-9a-f]{32}$') FROM dim_device")
    assert not pipeline.value("SELECT has_schema_privilege('bi_reader', 'identity', 'USAGE')")


def test_texts_that_were_stored_before_the_scrubber_are_scrubbed_once(pipeline: Pipeline) -> None:
    load(pipeline, [view(1), order(2, 17, 80001), act(3, "search_box_action", key_search="ring"), view(4, id="bad")])
    address, former = "jane@example.com", "etl: stored texts scrubbed"
    for table, column in (
        ("fact_event", "page"),
        ("fact_session", "entry_page"),
        ("fact_order", "order_id"),
        ("fact_search", "search_terms"),
        ("fact_product_view_event", "utm_source"),
        ("dim_referrer", "referrer_url"),
        ("dim_device", "browser_info"),
        ("dim_user_agent", "browser_info"),
        ("dim_option", "option_value"),
        ("etl.product_page", "page"),
        ("etl.rejected_event", "value"),
    ):
        pipeline.rows(
            f"UPDATE {table} SET {column} = 'of {address}' WHERE ctid = (SELECT min(ctid) FROM {table}) RETURNING 1"
        )
    pipeline.rows(f"""UPDATE fact_product_view_event SET options = '[{{"x": "{address}"}}]' RETURNING 1""")
    pipeline.rows("UPDATE dim_option SET option_label = 'engraving' RETURNING 1")
    pipeline.rows("DELETE FROM etl.scrubbing RETURNING 1")
    load(pipeline, [view(5)])
    tables = pipeline.rows(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables"
        " WHERE table_schema IN ('public', 'etl') AND table_type = 'BASE TABLE'"
    )
    assert [name for (name,) in tables if address in str(pipeline.rows(f"SELECT t::text FROM {name} t"))] == []
    assert pipeline.value("SELECT count(*) FROM dim_option_group WHERE choices LIKE '%engraving: ***%'") >= 1
    assert pipeline.value("SELECT scrubber FROM etl.scrubbing") == SCRUBBER
    assert former not in pipeline.run("etl")


def test_devices_that_were_stored_by_their_ids_are_hashed_and_keep_their_keys(pipeline: Pipeline) -> None:
    load(pipeline, views(20))
    devices = pipeline.rows("SELECT device_key, device_id FROM dim_device ORDER BY 1")
    pipeline.rows("UPDATE dim_device SET device_id = NULL RETURNING 1")
    load(pipeline, views(20, first=100))
    kept = pipeline.rows("SELECT device_key, device_id FROM dim_device ORDER BY 1")
    assert set(devices) <= set(kept)
