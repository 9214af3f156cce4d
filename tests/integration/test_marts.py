"""The marts' promises: identities that hold, readable by analysts, refreshed beside them, fast by the right index."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import psycopg
import pytest

from config.settings import PROJECT_ROOT
from migrations.marts import Mart, read_marts
from tests.events import FIRST_SECOND, other_kind, view, views
from tests.pipeline import Pipeline
from tests.warehouse_rows import fill
from utilities.local_servers.stack import Stack

VISITORS = 2_000
REFRESH = "SELECT mart, rows FROM etl.refresh_marts(even_if_fresh => %s)"

pytestmark = pytest.mark.servers


def connect(pipeline: Pipeline, user: str, secret: str) -> psycopg.Connection:
    """A connection to the pipeline's warehouse that commits each statement."""
    return psycopg.connect(
        host="127.0.0.1",
        port=pipeline.servers.settings.postgres_port,
        dbname=pipeline.environment["POSTGRES_DB"],
        user=user,
        password=pipeline.servers.secrets.reveal(secret),
        autocommit=True,
    )


def etl(pipeline: Pipeline) -> psycopg.Connection:
    return connect(pipeline, "warehouse_etl", "postgres_password")


def analyst(pipeline: Pipeline) -> psycopg.Connection:
    return connect(pipeline, "bi_reader", "postgres_bi_password")


def broken_identities(pipeline: Pipeline) -> list[str]:
    """The marts whose identity does not hold."""
    return [mart.name for mart in read_marts() if pipeline.value(f"SELECT {mart.identity}") is not True]


def rows_of(mart: Mart) -> str:
    days = "(date '2026-01-01', date '2026-01-31')" if mart.kind == "FUNCTION" else ""
    return f"SELECT * FROM mart.{mart.name}{days}"


@pytest.fixture(scope="module")
def filled(servers: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A warehouse of a month's visits, marts included, which the tests only read."""
    with Pipeline.create(servers, tmp_path_factory.mktemp("marts"), f"t{os.getpid()}marts") as made:
        with connect(made, "warehouse_owner", "postgres_owner_password") as owner, owner.transaction():
            fill(owner, VISITORS)
            owner.execute("SELECT etl.ensure_month_partition(date '2026-02-01')")
        with etl(made) as writer:
            assert all(rows > 0 for _, rows in writer.execute(REFRESH, [True]).fetchall())
        with connect(made, "warehouse_owner", "postgres_owner_password") as owner:
            # The visibility map: without it, no index answers alone.
            owner.execute("VACUUM ANALYZE")
        yield made


def test_every_identity_holds(filled: Pipeline) -> None:
    assert broken_identities(filled) == []


def test_analysts_read_every_mart_and_its_comments(filled: Pipeline) -> None:
    with analyst(filled) as reader:
        for mart in read_marts():
            cursor = reader.execute(f"{rows_of(mart)} LIMIT 1".encode())
            assert cursor.fetchone() is not None, mart.name
            if mart.kind != "FUNCTION":
                assert [column.name for column in cursor.description or ()] == list(mart.columns), mart.name
        kinds = {"FUNCTION": "regprocedure", "VIEW": "regclass"}
        for mart in read_marts():
            catalog = "pg_proc" if mart.kind == "FUNCTION" else "pg_class"
            signature = re.sub(r"\w+ (date)", r"\1", mart.signature)
            comment = f"SELECT obj_description('mart.{mart.name}{signature}'::{kinds[mart.kind]}, '{catalog}')"
            assert reader.execute(comment.encode()).fetchall() == [(mart.grain,)]


def test_tools_that_list_tables_find_every_mart(filled: Pipeline) -> None:
    """DBeaver, Superset and others ask `information_schema`, which knows no materialized views."""
    with analyst(filled) as reader:
        listed = reader.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert {schema for schema, _ in listed} == {"public", "mart", "live"}
        views = {("mart", mart.name) for mart in read_marts() if mart.kind == "VIEW"}
        assert views <= {*listed}
        assert reader.execute("SELECT has_schema_privilege('materialized', 'USAGE')").fetchall() == [(False,)]


def test_pairs_are_those_counted_by_hand(filled: Pipeline) -> None:
    seen: dict[str, set[int]] = {}
    for session, product in filled.rows(
        "SELECT s.session_id, v.product_key FROM fact_session s JOIN fact_product_view_event v ON v.visitor = s.visitor"
        " AND v.event_time BETWEEN s.started_at AND s.ended_at WHERE NOT s.is_bot"
    ):
        seen.setdefault(session, set()).add(product)
    counted = Counter(
        pair for products in seen.values() if 2 <= len(products) <= 20 for pair in combinations(sorted(products), 2)
    )
    pairs = {
        (first, second): n
        for first, second, n in filled.rows("SELECT first_key, second_key, sessions FROM mart.product_pairs")
    }
    assert pairs == {pair: n for pair, n in counted.items() if n >= 2}


def test_report_queries_and_marts_use_their_indexes_and_read_only_their_months(filled: Pipeline) -> None:
    january = "(date '2026-01-01', date '2026-01-31')"
    report = PROJECT_ROOT / "sql" / "report"
    by_visitor = "Index Only Scan using fact_product_view_event_2026__date_key_visitor"
    expected = {
        "SELECT sum(views) FROM fact_daily_product_views WHERE product_key = 7": ("fact_daily_product_views_pkey",),
        (report / "5_days.sql").read_text(): (
            by_visitor,
            "Index Only Scan Backward using fact_product_views_pkey",
        ),
        "SELECT count(DISTINCT visitor) FROM fact_product_view_event WHERE date_key BETWEEN 20260110 AND 20260112": (
            by_visitor,
        ),
        f"SELECT * FROM mart.visitors{january}": (by_visitor,),
        "SELECT count(*) FROM fact_product_view_event WHERE date_key = 20260110 AND product_key = 7": (
            "fact_product_view_event_2026_01_date_key_product_key_idx",
        ),
        **{
            f"SELECT * FROM mart.{name} WHERE date_key = 20260110": ("fact_session_date",)
            for name in ("funnel", "store_funnel", "device_funnel", "paths", "landing_pages")
        },
        "SELECT * FROM mart.revenue WHERE date_key = 20260110": ("fact_order_date",),
        f"SELECT * FROM mart.country_visitors{january}": ("fact_product_view_event_2026_01", "Subplans Removed: 1"),
    }
    with analyst(filled) as reader:
        # What a few thousand rows do not tell the planner; the indexes were chosen on five million.
        reader.execute("SET enable_seqscan = off")
        for statement, parts in expected.items():
            rows = reader.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}".encode()).fetchall()
            plan = "\n".join(line for (line,) in rows)
            for part in parts:
                assert part in plan, plan


def test_a_refresh_leaves_readers_alone_and_does_nothing_twice(pipeline: Pipeline) -> None:
    insert = "INSERT INTO etl.run (status, finished_at) VALUES ('finished', now())"
    with etl(pipeline) as writer, analyst(pipeline) as reader, reader.transaction():
        assert reader.execute("SELECT run_id FROM mart.freshness").fetchall() == [(0,)]
        assert broken_identities(pipeline) == []
        assert writer.execute(REFRESH, [False]).fetchall() == []
        writer.execute(insert)
        # The reader's transaction still holds its locks.
        assert writer.execute(REFRESH, [False]).fetchall()
        assert writer.execute(REFRESH, [False]).fetchall() == []
        assert writer.execute(REFRESH, [True]).fetchall()
    assert pipeline.value("SELECT run_id FROM mart.freshness") == 1
    assert "daily_traffic" in pipeline.run("utilities.refresh_marts")


def test_the_etl_refreshes_the_marts_and_makes_up_for_a_refresh_it_did_not_live_to_see(pipeline: Pipeline) -> None:
    carts = [other_kind(900 + n, collection="add_to_cart_action", product_id=str(80_000 + n)) for n in range(4)]
    late = view(700, time_stamp=FIRST_SECOND + 40 * 86_400)
    pipeline.produce_events([*views(60), *carts, *(other_kind(950 + n) for n in range(6)), late])
    for stage in ("kafka.mirror", "kafka.landing", "etl"):
        pipeline.run(stage, MAX_MESSAGES="0")
    assert broken_identities(pipeline) == []
    assert pipeline.value("SELECT sum(views + bot_views) FROM mart.daily_traffic") == 61
    assert pipeline.value("SELECT count(*) FROM mart.sketch_error") == 2
    assert pipeline.value("SELECT run_id FROM mart.freshness") == 1
    with etl(pipeline) as writer:
        writer.execute("INSERT INTO etl.run (status, finished_at) VALUES ('finished', now())")
    pipeline.run("etl", ETL_REFRESH_MARTS="false")
    assert pipeline.value("SELECT run_id FROM mart.freshness") == 1
    pipeline.run("etl")
    assert pipeline.value("SELECT run_id FROM mart.freshness") == 2
