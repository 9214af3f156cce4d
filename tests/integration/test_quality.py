"""Data quality: each check finds what it is for, and a batch that breaks an error rule is not published."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from config.settings import PROJECT_ROOT
from spark.quality import read_checks, run_checks
from tests.empty_database import Database
from tests.events import view, views
from tests.pipeline import Pipeline
from tests.warehouse_rows import fill
from utilities import rejected

pytestmark = pytest.mark.servers

VISITORS = 300
# One row of each fact, whatever they are: the first by id.
FIRST = "WHERE event_id = (SELECT event_id FROM {} ORDER BY event_id LIMIT 1)"
EVENT, VIEW, CART = (FIRST.format(fact) for fact in ("fact_event", "fact_product_view_event", "fact_cart_event"))
ORDER = "WHERE order_key = (SELECT order_key FROM fact_order ORDER BY order_key LIMIT 1)"
VERSION = """
INSERT INTO dim_product_version (product_key, product_name, is_active, valid_from, valid_to, catalogued_at, load_id)
SELECT 1, 'Another', true, {}, 'infinity', now(), load_id FROM etl.catalog_load
"""
RECOMMENDATION = """
INSERT INTO fact_recommendation (event_id, event_time, date_key, product_key, recommended_product_key, country_key,
                                 referrer_key, device_key, is_bot, run_id, place, step)
SELECT event_id, event_time, date_key, -1, 1, -1, -1, -1, false, 1, 'basement', 'visible' FROM fact_event
"""
# What the run's ledger would say of the rows, and what the fill leaves out.
COMPLETED = (
    """INSERT INTO etl.run (status, finished_at, landed, events, loaded)
       SELECT 'finished', now(), count(*), count(*), count(*) FROM fact_event""",
    """INSERT INTO etl.run_range (run_id, bus_topic, bus_partition, from_offset, to_offset, landed, events, loaded)
       SELECT run_id, 'views', 0, 0, landed, landed, events, loaded FROM etl.run""",
    "INSERT INTO etl.catalog_load (file_name, valid_from, products, skipped_lines) VALUES ('made up', now(), 1, 0)",
    "SELECT etl.ensure_month_partition(date '2026-02-01')",
)
# What each check is there to find.
DAMAGE = {
    "accepted_currency": f"UPDATE fact_cart_event SET currency = 'euro' {CART}",
    "accepted_day": f"UPDATE fact_event SET event_time = event_time + interval '3 days' {EVENT}",
    "accepted_device_type": "UPDATE dim_device SET device_type = 'Toaster'",
    "accepted_recommendation": RECOMMENDATION + EVENT,
    "accepted_referrer_type": "UPDATE dim_referrer SET referrer_type = 'Rumour'",
    "accepted_time": f"UPDATE fact_event SET event_time = now() + interval '2 hours' {EVENT}",
    "fresh_event": "SELECT 1",  # the rows are of January 2026
    "fresh_run": "UPDATE etl.run SET finished_at = now() - interval '2 days'",
    "key_event": f"""INSERT INTO fact_event
        SELECT (jsonb_populate_record(known, '{{"date_key": 20260131}}')).* FROM fact_event AS known {EVENT}""",
    "key_view": f"""INSERT INTO fact_product_view_event
        SELECT (jsonb_populate_record(known, '{{"date_key": 20260131}}')).* FROM fact_product_view_event AS known {VIEW}
        """,
    "limit_reader": "ALTER ROLE bi_reader SET statement_timeout = 0",
    "null_category": "UPDATE dim_product SET category = NULL",
    "key_person": f"UPDATE fact_event SET session_id = NULL {EVENT}",
    "null_cart_price": "UPDATE fact_cart_event SET price = NULL",
    "null_order_revenue": "UPDATE fact_order SET currency = NULL",
    "null_page": "UPDATE fact_event SET page = NULL",
    "null_visitor": "UPDATE fact_event SET visitor = NULL",
    "orphan_campaign": f"UPDATE fact_event SET campaign_key = 999999 {EVENT}",
    "orphan_country": f"UPDATE fact_event SET country_key = 999999 {EVENT}",
    "orphan_day": f"UPDATE fact_event SET date_key = 20260132 {EVENT}",
    "orphan_device": f"UPDATE fact_event SET device_key = 999999 {EVENT}",
    "orphan_order": f"UPDATE fact_order SET event_id = gen_random_uuid() {ORDER}",
    "orphan_order_line": f"DELETE FROM fact_order_line {ORDER}",
    "orphan_path": f"UPDATE fact_cart_event SET event_id = gen_random_uuid() {CART}",
    "orphan_product": f"UPDATE fact_event SET product_key = 999999 {EVENT}",
    "orphan_product_name": "UPDATE dim_product SET product_name = 'Rumour' WHERE product_key = 1",
    "orphan_referrer": f"UPDATE fact_event SET referrer_key = 999999 {EVENT}",
    "orphan_user_agent": f"UPDATE fact_event SET user_agent_key = 999999 {EVENT}",
    "orphan_view": f"DELETE FROM fact_event {VIEW}",
    "partition_next_month": "DROP TABLE fact_event_2026_02",
    "share_bots": "UPDATE fact_event SET is_bot = true",
    "share_disputed_categories": "UPDATE etl.product_page SET category = 'earrings'",
    "share_foreign_names": "UPDATE dim_product SET language = NULL WHERE product_key = 1",
    "share_rejected": "UPDATE etl.run_range SET rejected = events, loaded = 0",
    "sum_daily_views": "UPDATE fact_daily_product_views SET views = views + 1 WHERE date_key = 20260101",
    "sum_kinds": f"DELETE FROM fact_cart_event {CART}",
    "sum_loaded": "UPDATE etl.run SET loaded = loaded + 1",
    "sum_order_events": f"UPDATE fact_order SET events = events + 1 {ORDER}",
    "sum_session_events": "UPDATE fact_session SET events = events + 1 WHERE date_key = 20260101",
    "sum_view_count": "UPDATE fact_product_views SET view_count = view_count + 1 WHERE date_key = 20260101",
    "unknown_country": "UPDATE fact_event SET country_key = -1",
    "unknown_device": "UPDATE fact_event SET device_key = -1",
    "unknown_product": f"UPDATE fact_product_view_event SET product_key = -1 {VIEW}",
    "unknown_referrer": "UPDATE fact_event SET referrer_key = -1",
    "unknown_user_agent": "UPDATE fact_event SET user_agent_key = -1",
    "version_current": VERSION.format("'-infinity'"),
    "version_gap": VERSION.format("'2026-01-01'"),
    "version_of_fact": f"UPDATE fact_cart_event SET product_version_key = -2 {CART}",
    "volume_weekday": "DELETE FROM fact_product_view_event WHERE date_key = 20260129",
}


def broken_checks(connection: psycopg.Connection, run_id: int | None, days: list[int] | None) -> dict[str, str | None]:
    """By name of a check that does not pass: its detail."""
    results = run_checks(connection, run_id, days, read_checks({}))
    return {result.check.name: result.detail for result in results if not result.passed}


def test_each_check_finds_what_it_is_for_in_a_run_and_over_everything(database: Database) -> None:
    command.upgrade(Config(str(PROJECT_ROOT / "alembic.ini")), "head")
    checks = {check.name: check for check in read_checks({})}
    assert set(DAMAGE) == set(checks)
    with database.connect("postgres") as connection:
        fill(connection, VISITORS)
        for statement in COMPLETED:
            connection.execute(statement.encode())
        days = [row[0] for row in connection.execute("SELECT DISTINCT date_key FROM fact_event")]
        assert set(broken_checks(connection, None, None)) == {"fresh_event"}
        assert not broken_checks(connection, 1, days)
        for name, statement in DAMAGE.items():
            with connection.transaction(force_rollback=True):
                connection.execute(statement.encode())
                assert name in broken_checks(connection, None, None), name
                scope = sorted({*days, 20260131, 20260132, 20990101})
                assert (name in broken_checks(connection, 1, scope)) == checks[name].is_scoped, name
        assert not broken_checks(connection, 1, days)


UNLIMITED = {
    "ALTER ROLE bi_reader SET statement_timeout = 0": "bi_reader: statement_timeout=0",
    "ALTER ROLE bi_reader SET statement_timeout = '2d'": "bi_reader: statement_timeout=2d",
    "ALTER ROLE bi_reader SET statement_timeout = 86400001": "bi_reader: statement_timeout=86400001",
    "ALTER ROLE bi_reader SET statement_timeout = '0x10s'": "bi_reader: statement_timeout=0x10s",
    "ALTER ROLE bi_reader RESET statement_timeout": "bi_reader: statement_timeout=0",
    "ALTER ROLE bi_reader IN DATABASE {} SET idle_in_transaction_session_timeout = 0": (
        "bi_reader: idle_in_transaction_session_timeout=0"
    ),
    "CREATE ROLE anna LOGIN IN ROLE bi_reader": (
        "anna: idle_in_transaction_session_timeout=0, anna: statement_timeout=0"
    ),
}


def test_a_login_of_analysts_without_a_time_out_is_told(warehouse: Database) -> None:
    limited = "CREATE ROLE anna LOGIN IN ROLE bi_reader; ALTER ROLE anna SET statement_timeout = '1h';"
    limited += "ALTER ROLE anna SET idle_in_transaction_session_timeout = 86400000"
    with warehouse.connect("postgres") as connection:
        for statement, told in {**UNLIMITED, "SELECT 1": None, limited: None}.items():
            with connection.transaction(force_rollback=True):
                connection.execute(statement.format(warehouse.name).encode())
                assert broken_checks(connection, None, None).get("limit_reader") == told, statement


# Run 3 has judged the last event again; run 2 failed.
REJECTED = (
    """INSERT INTO etl.run (status, finished_at, mode)
       VALUES ('finished', now(), 'incremental'), ('failed', now(), 'incremental'), ('finished', now(), 'rejected')""",
    """INSERT INTO etl.rejected_event
           (bus_topic, bus_partition, bus_offset, rule, field, value, original, run_id, kind, event_date)
       SELECT 'views', number % 2, number, 'no_usable_time', 'time_stamp', 'soon ' || number,
              '{"id": "event ' || number || '"}', CASE number WHEN 1 THEN 3 ELSE 1 END, 'checkout', NULL
       FROM generate_series(1, 8) AS number""",
    """INSERT INTO etl.rejected_event
           (bus_topic, bus_partition, bus_offset, rule, field, value, original, run_id, kind, event_date)
       VALUES ('views', 0, 9, 'no_product', 'product_id', NULL, '{}', 1, 'view_product_detail', '2026-01-05')""",
)


def test_rejected_events_are_counted_by_rule_and_shown_by_example(
    warehouse: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSTGRES_DB", warehouse.name)
    with warehouse.connect() as connection:
        for statement in REJECTED:
            connection.execute(statement.encode())

    def ask(*arguments: str) -> dict[str, Any]:
        assert rejected.main(["--json", *arguments]) == 0
        return dict(json.loads(capsys.readouterr().out))

    found = ask("--limit", "3")
    assert [tuple(rule.values()) for rule in found["rules"]] == [
        ("no_usable_time", "time_stamp", 8),
        ("no_product", "product_id", 1),
    ]
    shown = [(one["rule"], one["value"], one["event_id"], one["position"]) for one in found["examples"]]
    assert shown == [
        ("no_product", None, None, "views:00000:0000000000000000009"),
        # What was judged last comes first.
        ("no_usable_time", "soon 1", "event 1", "views:00001:0000000000000000001"),
        ("no_usable_time", "soon 8", "event 8", "views:00000:0000000000000000008"),
        ("no_usable_time", "soon 7", "event 7", "views:00001:0000000000000000007"),
    ]
    assert [one["run_id"] for one in ask("--run", "3")["examples"]] == [3]
    assert {one["rule"] for one in ask("--rule", "no_product", "--run", "1")["examples"]} == {"no_product"}
    assert ask("--limit", "0")["examples"] == []

    assert rejected.main([]) == 0
    assert "no_usable_time, field time_stamp: 8 events" in capsys.readouterr().out
    assert rejected.main(["--run", "2"]) == rejected.main(["--run", "4"]) == 1
    failed, unknown = capsys.readouterr().err.splitlines()
    assert failed.endswith("run 2 has rejected nothing: it is failed")
    assert unknown.endswith("run 4 has rejected nothing: there is no such run")


def test_rejected_events_are_not_for_analysts(
    warehouse: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSTGRES_DB", warehouse.name)
    monkeypatch.setenv("POSTGRES_USER", "bi_reader")
    monkeypatch.setenv("POSTGRES_PASSWORD", warehouse.servers.secrets.reveal("postgres_bi_password"))
    assert rejected.main([]) == 1
    assert "permission denied for schema etl" in capsys.readouterr().err


def test_a_batch_that_breaks_an_error_rule_is_not_published_and_loads_after_the_fix(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.produce_events(views(20))
    for stage in ("kafka.mirror", "kafka.landing", "etl"):
        pipeline.run(stage, MAX_MESSAGES="0")
    state = "SELECT (SELECT sum(next_offset) FROM etl.watermark), count(*), max(run_id) FROM fact_event"
    before = pipeline.rows(state)
    # Someone counts a view by hand: the day's sum no longer agrees with its events.
    edit = "UPDATE fact_product_views SET view_count = view_count + %s WHERE device_key = 1 RETURNING date_key"
    assert pipeline.rows(edit, 1)

    pipeline.produce_events([view(number, device_id=f"other {number}") for number in range(100, 120)])
    for stage in ("kafka.mirror", "kafka.landing"):
        pipeline.run(stage, MAX_MESSAGES="0")
    refused = pipeline.attempt("etl")
    assert refused.returncode == 1
    said = refused.stdout + refused.stderr
    assert "sum_view_count: 1 rows, at most 0 (20260101: 41 counted, 40 rows)" in said, said
    assert "Traceback" not in said
    assert pipeline.rows(state) == before
    ((status, error),) = pipeline.rows("SELECT status, error FROM etl.run WHERE run_id = 2")
    assert status == "failed"
    assert "sum_view_count" in error
    kept = "SELECT check_name, detail FROM etl.quality_result WHERE run_id = 2 AND NOT passed AND severity = 'error'"
    assert pipeline.rows(kept) == [("sum_view_count", "20260101: 41 counted, 40 rows")]
    assert pipeline.attempt("utilities.quality").returncode == 1

    pipeline.rows(edit, -1)
    pipeline.run("etl")
    assert pipeline.value("SELECT count(*) FROM fact_event") == 40
    page = tmp_path / "quality.html"
    found = json.loads(pipeline.run("utilities.quality", "--json", "--run", "3", "--html", str(page)))
    assert (found["run"], found["errors"]) == (3, 0)
    assert "What run 3 loaded" in page.read_text()
    over_all = pipeline.attempt("utilities.quality", "--strict")
    assert over_all.returncode == 2, over_all.stdout
    assert "newest event at 2026-01-01" in over_all.stdout
    assert pipeline.attempt("utilities.quality", "--run", "2").returncode == 1
