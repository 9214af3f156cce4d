"""The catalogue's promises: no gap, no overlap, no change without cause, and each view finds what held at its time."""

import csv
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config.errors import TerminalError, UnderWayError
from config.settings import PROJECT_ROOT
from spark.ledger import RUN_LOCK, Ledger
from spark.warehouse import WarehouseLogin
from tests.events import FIRST_SECOND, views
from tests.pipeline import Pipeline
from tests.warehouse_rows import fill
from utilities.product_catalog.merge import Catalog, LoadFigures, load_catalog
from utilities.product_catalog.product_line import COLUMNS

pytestmark = pytest.mark.servers

Attributes = tuple[str, str, str, str, str]
"""A product's name, category, price, currency and active."""

COMMAND = "utilities.load_product_catalog"
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
# As text: psycopg reads no infinite times.
VERSION_ROWS = """
SELECT version::text FROM dim_product_version AS version WHERE product_key > 0 ORDER BY product_key, valid_from
"""
PRODUCT_ROWS = "SELECT * FROM dim_product ORDER BY product_key"
# Versions that do not begin where the one before ended, or that say the same as the one before.
BROKEN_CHAINS = """
SELECT product_key, valid_from
FROM (
    SELECT *, lag(valid_to, 1, '-infinity') OVER by_time AS previous_end, lead(valid_from) OVER by_time AS next_start,
           lag((product_name, category, price, currency, is_active)) OVER by_time AS previous,
           (product_name, category, price, currency, is_active) AS own
    FROM dim_product_version
    WHERE product_key > 0
    WINDOW by_time AS (PARTITION BY product_key ORDER BY valid_from)
) AS chain
WHERE valid_from <> previous_end OR (next_start IS NULL AND valid_to <> 'infinity') OR own IS NOT DISTINCT FROM previous
"""
VALID_AT = """
SELECT product_id, version.product_name, version.category, version.price::text, version.currency,
       version.is_active::text
FROM dim_product_version AS version JOIN dim_product USING (product_key)
WHERE product_key > 0 AND valid_from <= %(time)s AND valid_to > %(time)s
"""
OPEN_VERSIONS = VALID_AT.replace("valid_from <= %(time)s AND valid_to > %(time)s", "valid_to = 'infinity'")
CURRENT = "SELECT product_id, product_name, category, price::text, currency, is_active::text FROM dim_product"
# 3,000 products of four versions each, and 20,000 views of them.
MANY_VERSIONS = (
    "SELECT etl.ensure_month_partition(date '2026-01-01')",
    "INSERT INTO etl.catalog_load (file_name, valid_from, products, skipped_lines) VALUES ('a.csv', now(), 3000, 0)",
    "INSERT INTO dim_product (product_id) SELECT 'p' || n FROM generate_series(1, 3000) AS n",
    """INSERT INTO dim_product_version (
           product_key, product_name, price, currency, is_active, valid_from, valid_to, catalogued_at, load_id)
       SELECT product_key, 'Version ' || n, n, 'EUR', true,
              CASE WHEN n = 1 THEN '-infinity' ELSE '2026-01-01'::timestamptz + n * interval '5 days' END,
              CASE WHEN n = 4 THEN 'infinity' ELSE '2026-01-01'::timestamptz + (n + 1) * interval '5 days' END,
              now(), (SELECT max(load_id) FROM etl.catalog_load)
       FROM dim_product, generate_series(1, 4) AS n WHERE product_key > 0""",
    """INSERT INTO fact_product_view_event (
           event_id, event_time, date_key, product_key, country_key, referrer_key, device_key, bus_topic, bus_partition,
           bus_offset, run_id, is_bot)
       SELECT md5(n::text)::uuid, time, to_char(time AT TIME ZONE 'UTC', 'YYYYMMDD')::integer, product_key, -1, -1, -1,
              'views', 0, n, 1, false
       FROM generate_series(1, 20000) AS n
       CROSS JOIN LATERAL (SELECT '2026-01-01'::timestamptz + n * interval '2 minutes' AS time) AS clock
       JOIN dim_product ON product_id = 'p' || 1 + n % 3000""",
    "ANALYZE dim_product, dim_product_version, fact_product_view_event",
)
VIEWS_OF_A_PRODUCT = """
SELECT event_time, product_name FROM mart.product_view_versioned
WHERE date_key BETWEEN 20260105 AND 20260125
  AND product_key = (SELECT product_key FROM dim_product WHERE product_id = 'p7')
"""


def ring(name: str, price: str = "100.00", active: str = "true") -> Attributes:
    return name, "rings", price, "EUR", active


def write(path: Path, products: Mapping[str, Attributes]) -> Path:
    """A catalogue as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *((product_id, *rest) for product_id, rest in products.items())])
    return path


def login(pipeline: Pipeline) -> WarehouseLogin:
    """The ETL's login to the pipeline's warehouse."""
    password = pipeline.servers.secrets.postgres_password
    port = pipeline.servers.settings.postgres_port
    return WarehouseLogin("127.0.0.1", port, pipeline.environment["POSTGRES_DB"], "warehouse_etl", password, 5.0)


def load(
    pipeline: Pipeline, path: Path, products: Mapping[str, Attributes], valid_from: datetime, **changes: Any
) -> LoadFigures:
    """Load a catalogue as the command does, within this process."""
    catalog = Catalog(write(path, products), valid_from, **changes)
    with Ledger(login(pipeline)) as ledger:
        return ledger.transaction(lambda connection: load_catalog(connection, catalog))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.csv"


def owner(pipeline: Pipeline) -> psycopg.Connection:
    """The pipeline's warehouse as its owner: whoever is refused here is refused everywhere."""
    return psycopg.connect(
        host="127.0.0.1",
        port=pipeline.servers.settings.postgres_port,
        dbname=pipeline.environment["POSTGRES_DB"],
        user="warehouse_owner",
        password=pipeline.servers.secrets.reveal("postgres_owner_password"),
    )


def described(rows: list[tuple[Any, ...]]) -> dict[str, Attributes]:
    """By product: its attributes in the order of the catalogue's columns."""
    return {product_id: (*attributes,) for product_id, *attributes in rows}


def stated_at(statements: Mapping[str, list[tuple[datetime, Attributes]]], time: datetime) -> dict[str, Attributes]:
    """By product: what the newest statement at `time` says, or the first one of all for a time before it."""
    return {
        product_id: next((said for since, said in reversed(known) if since <= time), known[0][1])
        for product_id, known in statements.items()
    }


def test_versions_tell_what_the_newest_catalogue_said_at_every_time(pipeline: Pipeline, path: Path) -> None:
    chance = random.Random(20260101)
    statements: dict[str, list[tuple[datetime, Attributes]]] = {}
    clock, refused = FIRST_DAY, 0
    for step in range(60):
        clock += timedelta(hours=chance.choice((0, 0, 1, 5)))
        valid_from = clock - timedelta(hours=chance.choice((0, 0, 0, 0, 3)))
        names = chance.sample("abcdefgh", chance.randint(1, 8))
        products = {name: ring(chance.choice("XY"), chance.choice(("1.00", "2.00"))) for name in names}
        if any(name in statements and statements[name][-1][0] > valid_from for name in products):
            refused += 1
            with pytest.raises(TerminalError, match="load catalogues in the order of time"):
                load(pipeline, path, products, valid_from)
            continue
        load(pipeline, path, products, valid_from)
        for name, said in products.items():
            earlier = [statement for statement in statements.get(name, []) if statement[0] < valid_from]
            statements[name] = [*earlier, (valid_from, said)]
        assert pipeline.rows(BROKEN_CHAINS) == [], f"after load {step}"
        assert described(pipeline.rows(CURRENT + " WHERE product_key > 0")) == stated_at(statements, clock)
    assert 5 < refused < 40
    assert described(pipeline.rows(OPEN_VERSIONS)) == stated_at(statements, clock)
    for time in {since for known in statements.values() for since, _ in known} | {FIRST_DAY - timedelta(days=999)}:
        for moment in (time, time - timedelta(microseconds=1)):
            found = described(pipeline.rows(VALID_AT.replace("%(time)s", f"'{moment.isoformat()}'")))
            assert found == stated_at(statements, moment)


def test_the_database_refuses_overlaps_gaps_and_empty_versions(pipeline: Pipeline, path: Path) -> None:
    load(pipeline, path, {"1": ring("Aurora"), "2": ring("Luna")}, FIRST_DAY)
    load(pipeline, path, {"1": ring("Aurora II")}, FIRST_DAY + timedelta(days=10))
    other = pipeline.value("INSERT INTO dim_product (product_id) VALUES ('3') RETURNING product_key")
    before = pipeline.rows(VERSION_ROWS)
    first = "product_name = 'Aurora'"
    insert = """
        INSERT INTO dim_product_version (
            product_key, product_name, is_active, valid_from, valid_to, catalogued_at, load_id)
        SELECT {product_key}, 'Other', true, {bounds}, now(), load_id
        FROM dim_product_version WHERE product_name = 'Luna'
    """
    refused = {
        f"UPDATE dim_product_version SET valid_to = '2026-01-12' WHERE {first}": psycopg.errors.ExclusionViolation,
        f"UPDATE dim_product_version SET valid_to = '2026-01-10' WHERE {first}": psycopg.errors.ForeignKeyViolation,
        f"UPDATE dim_product_version SET valid_from = '2025-01-01' WHERE {first}": psycopg.errors.ForeignKeyViolation,
        f"DELETE FROM dim_product_version WHERE {first}": psycopg.errors.ForeignKeyViolation,
        "DELETE FROM dim_product_version WHERE product_name = 'Aurora II'": psycopg.errors.ForeignKeyViolation,
        f"UPDATE dim_product_version SET valid_to = '-infinity' WHERE {first}": psycopg.errors.CheckViolation,
        insert.format(product_key="product_key", bounds="'2026-02-01', '2026-03-01'"): (
            psycopg.errors.ExclusionViolation
        ),
        insert.format(product_key=other, bounds="'2026-02-01', 'infinity'"): psycopg.errors.ForeignKeyViolation,
        insert.format(product_key=other, bounds="'-infinity', '2026-02-01'"): psycopg.errors.ForeignKeyViolation,
    }
    for statement, violation in refused.items():
        with pytest.raises(violation), owner(pipeline) as connection:
            connection.execute(statement.encode())
    assert pipeline.rows(VERSION_ROWS) == before


def test_the_same_file_twice_or_a_file_that_may_not_be_loaded_changes_nothing(pipeline: Pipeline, path: Path) -> None:
    products = {"1": ring("Aurora"), "2": ring("Luna", price="20.50"), "3": ("Halskette", "", "", "", "false")}
    first = pipeline.run(COMMAND, str(write(path, products)), "--valid-from", "2026-01-01")
    assert "3 new, 0 changed, 0 unchanged, 3 versions begun" in first
    before = pipeline.rows(PRODUCT_ROWS), pipeline.rows(VERSION_ROWS)
    for arguments in (["--valid-from", "2026-01-01"], []):
        assert "0 new, 0 changed, 3 unchanged, 0 versions begun" in pipeline.run(COMMAND, str(path), *arguments)
    write(path, {**products, "1": ring("Aurora II"), "4": ring("Stella")})
    dry = pipeline.run(COMMAND, str(path), "--dry-run")
    assert "1 new, 1 changed, 2 unchanged, 2 versions begun" in dry and "nothing was kept" in dry
    with path.open("a") as file:
        file.write("5,Ring,rings,-3,EUR,true\n1,Ring,rings,3,EUR,true\n")
    bad = pipeline.attempt(COMMAND, str(path))
    assert bad.returncode == 1
    assert bad.stderr.splitlines() == [
        "line 6: price '-3': is negative",
        "line 7: product_id '1': is in line 2 already",
        "load_product_catalog: catalog.csv: 2 lines are bad, nothing was loaded; --skip-bad loads the others",
    ]
    future = pipeline.attempt(COMMAND, str(path), "--skip-bad", "--valid-from", "2126-01-01")
    assert (future.returncode, "lies in the future" in future.stderr) == (1, True)
    with login(pipeline).connect() as run_under_way:
        run_under_way.execute("SELECT pg_advisory_lock(%s)", [RUN_LOCK])
        beside = pipeline.attempt(COMMAND, str(path), "--skip-bad")
    assert (beside.returncode, len(beside.stderr.splitlines())) == (UnderWayError.exit_status, 1)
    assert (pipeline.rows(PRODUCT_ROWS), pipeline.rows(VERSION_ROWS)) == before
    assert "1 new, 1 changed, 2 unchanged" in pipeline.run(COMMAND, str(path), "--skip-bad")


def test_a_run_of_the_etl_keeps_what_the_catalogue_says_and_each_view_finds_its_version(
    pipeline: Pipeline, path: Path
) -> None:
    change = datetime.fromtimestamp(FIRST_SECOND + 98, UTC)
    load(pipeline, path, {"80001": ring("Aurora"), "80500": ring("Never seen")}, FIRST_DAY + timedelta(seconds=10))
    load(pipeline, path, {"80001": ring("Aurora II", "120.00")}, change)
    keys = pipeline.rows("SELECT product_id, product_key FROM dim_product WHERE product_key > 0 ORDER BY 1")
    # Views 1, 98 and 195 are of product 80001, in these seconds of the day.
    pipeline.produce_events(views(200))
    for stage in ("kafka.mirror", "kafka.landing", "etl"):
        pipeline.run(stage, MAX_MESSAGES="0")
    assert pipeline.rows(
        "SELECT product_id, product_name, price::text, created_date::text FROM dim_product"
        " WHERE product_id IN ('80001', '80500') ORDER BY 1"
    ) == [("80001", "Aurora II", "120.00", "2026-01-01"), ("80500", "Never seen", "100.00", None)]
    assert set(keys) < set(pipeline.rows("SELECT product_id, product_key FROM dim_product"))
    found = pipeline.rows(
        "SELECT extract(epoch FROM event_time)::bigint - %s, product_name, price::text FROM mart.product_view_versioned"
        " WHERE product_id = '80001' ORDER BY 1",
        FIRST_SECOND,
    )
    assert found == [(1, "Aurora", "100.00"), (98, "Aurora II", "120.00"), (195, "Aurora II", "120.00")]
    by_key = pipeline.rows(
        "SELECT extract(epoch FROM seen.event_time)::bigint - %s, version.product_name, version.price::text"
        " FROM fact_product_view_event AS seen JOIN dim_product_version AS version USING (product_version_key)"
        " WHERE product_version_key > 0 ORDER BY 1",
        FIRST_SECOND,
    )
    assert by_key == found
    assert pipeline.value("SELECT count(*) FROM mart.product_view_versioned") == 200
    pages = pipeline.rows("SELECT * FROM mart.product_view_versioned WHERE product_version_key IS NULL")
    assert len(pages) == 197
    from_pages = "SELECT DISTINCT product_name FROM mart.product_view_versioned WHERE product_id = '80002'"
    assert pipeline.value(from_pages) == pipeline.value(
        "SELECT product_name FROM dim_product WHERE product_id = '80002'"
    )


def test_facts_have_the_version_of_their_time(pipeline: Pipeline, path: Path) -> None:
    """Whatever is loaded later, corrected or withdrawn: product views, cart additions and lines of orders."""
    chance, clock = random.Random(20260102), FIRST_DAY
    check = (PROJECT_ROOT / "sql" / "quality" / "version_of_fact.sql").read_bytes()
    with owner(pipeline) as connection:
        fill(connection, 200, products=8)
    with owner(pipeline) as connection:
        for step in range(15):
            clock += timedelta(hours=chance.choice((0, 0, 0, 47, 110)))
            names = chance.sample([str(80_001 + n) for n in range(8)], chance.randint(1, 6))
            load(pipeline, path, {name: ring(chance.choice("XYZ")) for name in names}, clock)
            found = connection.execute(check, {"run_id": None, "days": None}).fetchall()
            connection.commit()
            assert found == [(0, None)], f"after load {step}"
    for fact, least in (("fact_product_view_event", 12), ("fact_cart_event", 5), ("fact_order_line", 2)):
        assert pipeline.value(f"SELECT count(DISTINCT product_version_key) FROM {fact}") >= least


def test_the_versions_of_a_products_views_are_found_by_an_index(pipeline: Pipeline) -> None:
    with owner(pipeline) as connection:
        for statement in MANY_VERSIONS:
            connection.execute(statement.encode())
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN {VIEWS_OF_A_PRODUCT}".encode()).fetchall())
        names = {name for _, name in connection.execute(VIEWS_OF_A_PRODUCT.encode()).fetchall()}
    assert "dim_product_version_" in plan, plan
    assert "Seq Scan on dim_product_version" not in plan, plan
    assert len(names) > 1


def test_the_next_run_may_begin_before_the_server_has_noticed_the_end_of_the_last(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[psycopg.Connection] = []
    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "close", lambda connection: ended.append(connection))
        for _ in range(2):
            with Ledger(login(pipeline)) as ledger:
                ledger.watermarks()
    for connection in ended:
        connection.close()
