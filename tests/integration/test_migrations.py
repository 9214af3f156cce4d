"""Migrations go up and down with data in the tables, and end at the schema that the models describe."""

import json
import re
import shutil
import uuid
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.types.json import Jsonb
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from config.settings import PROJECT_ROOT
from kafka.visitor import keyed_hash
from migrations import marts
from migrations.marts import read_objects
from migrations.models import is_compared, is_modelled, metadata
from migrations.repeatable import BEFORE_0024
from migrations.settings import VisitorKeySettings
from tests.adding_a_kind import copied_checkout, run_in, steps
from tests.catalog import catalog
from tests.empty_database import Database

pytestmark = pytest.mark.servers

ALEMBIC = Config(str(PROJECT_ROOT / "alembic.ini"))
ROWS = Path(__file__).parent / "revision_rows"
VISITORS = {f"public.{fact}.visitor" for fact in ("fact_event", "fact_product_view_event", "fact_order")}
VISITORS |= {f"public.fact_{what}_visitors.visitors" for what in ("product", "country", "referrer_type")}
VISITORS |= {f"public.fact_session.{column}" for column in ("session_id", "visitor")}
# 0022 tells not applicable from unknown, on its way up and down.
NOT_APPLICABLE = {
    "etl.sent_order_line.option_group_key",
    "public.dim_product.price_country_key",
    "public.fact_event.product_key",
    "public.fact_product_view_event.option_group_key",
}
# 0030: of a session whose only order is another's, with the version of the definitions.
CONVERSION = {"public.fact_session.reached_order", "public.fact_session.seconds_to_order", "etl.definition.value"}
ORDER = {"fact_session": "started_at"}  # their key is a keyed hash, whose order is another under each key
# What a revision changes on its way down on purpose: before 0013 an erasure could not be told from a replay, and before
# 0021 a visitor was the user where one was known.
REWRITTEN = {
    "0013": {"etl.run.mode"},
    "0021": VISITORS,
    "0022": NOT_APPLICABLE,
    "0025": {"public.dim_device.device_id"},
    "0030": CONVERSION,
    "0033": {"etl.definition.value"},
}

# And on its way up: 0019 names an order after the earliest event that tells of it, 0021 tells sessions by device.
SESSION = "started_at duration_seconds entry_page exit_page events reached_cart reached_checkout chain_started_at"
RENAMED = {
    "0019": {f"public.{fact}.order_key" for fact in ("fact_event", "fact_order", "fact_order_line")},
    "0021": VISITORS | {f"public.fact_session.{column}" for column in SESSION.split()},
    "0022": NOT_APPLICABLE,
    # Who a device is leaves what analysts see, until the ETL has hashed it.
    "0025": {"public.dim_device.device_id"},
    "0030": CONVERSION,
    "0033": {"etl.definition.value"},
}
# What a revision makes of the rows before it; a stream that has begun already, for one, knows no run.
CARRIED = {
    "0022": (
        "SELECT event.device_key, agent.browser_info, agent.user_agent_hash, count(*)"
        " FROM fact_event AS event JOIN dim_user_agent AS agent USING (user_agent_key) GROUP BY 1, 2, 3 ORDER BY 1",
        [(-1, None, None, 1), (1, "Chrome 81", None, 2)],
    ),
    "0026": (
        "SELECT 'event', source, NULL, count(*) FROM fact_event JOIN dim_campaign USING (campaign_key) GROUP BY 1, 2"
        " UNION ALL SELECT 'session', last.source, page.referrer_type, count(*) FROM fact_session AS visit"
        " JOIN dim_campaign AS last USING (campaign_key) JOIN dim_referrer AS page"
        " ON page.referrer_key = visit.touch_referrer_key GROUP BY 1, 2, 3"
        " UNION ALL SELECT 'order', first.source, page.referrer_type, count(*) FROM fact_order AS purchase"
        " JOIN dim_campaign AS first ON first.campaign_key = purchase.first_campaign_key JOIN dim_referrer AS page"
        " ON page.referrer_key = purchase.first_touch_referrer_key GROUP BY 1, 2, 3 ORDER BY 1, 2",
        [
            ("event", "Unknown", None, 2),
            ("event", "newsletter", None, 1),
            ("order", "newsletter", "Search Engine", 1),
            ("session", "newsletter", "Search Engine", 1),
        ],
    ),
    "0027": (
        "SELECT pages, entry_page_type, next_page_type, exit_page_type, seconds_to_view, seconds_to_cart,"
        " seconds_to_order, array(SELECT product_version_key FROM fact_product_view_event"
        " UNION ALL SELECT product_version_key FROM fact_cart_event"
        " UNION ALL SELECT product_version_key FROM fact_order_line ORDER BY 1) FROM fact_session",
        [(2, "product", "order", "order", 0, None, 1200, [-1, 2, 2, 2])],
    ),
    "0029": (
        "SELECT date_key, product_key, referrer_type, device_type, is_bot, views FROM fact_daily_product_views"
        " ORDER BY 1, 2, 4",
        [
            (20251205, 1, "Search Engine", "Desktop", False, 2),
            (20251205, 1, "Search Engine", "Unknown", False, 3),
            (20260105, -1, "Unknown", "Unknown", True, 1),
            (20260105, 1, "Search Engine", "Desktop", False, 1),
        ],
    ),
    "0030": (
        "SELECT reached_order, seconds_to_order, value FROM fact_session, etl.definition WHERE name = 'version'"
        " ORDER BY started_at",
        [(True, 1200, "2"), (False, None, "2")],
    ),
    "0040": ("SELECT next_offset, begun_after_run FROM live.position", [(10, 0)]),
}

Content = dict[str, tuple[int, str | None]]
"""By `schema.table.column`: rows, and a hash of the column's values in the order of the primary key."""

TABLES = """
SELECT n.nspname, c.relname,
       (SELECT array_agg(a.attname::text) FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       (SELECT array_agg(a.attname::text) FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = c.oid
        WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY(i.indkey))
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'etl', 'staging', 'identity', 'serving', 'live') AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition AND c.relname NOT IN ('alembic_version', 'repeatable')
"""


def content(connection: psycopg.Connection) -> Content:
    found: Content = {}
    for schema, table, columns, key in connection.execute(TABLES.encode()).fetchall():
        order = ORDER.get(table) or ", ".join(f'"{each}"' for each in key or ())
        # Members below 0, unknown and not applicable, are the revisions' own.
        members = f"WHERE {order} > 0" if table.startswith("dim_") and len(key or ()) == 1 else ""
        values = [
            f"""md5(string_agg(coalesce("{each}"::text, 'null'), ',' ORDER BY {order or f'"{each}"::text'}))"""
            for each in columns
        ]
        statement = f'SELECT count(*), {", ".join(values)} FROM {schema}."{table}" {members}'
        rows, *hashes = connection.execute(statement.encode()).fetchall()[0]
        found |= {f"{schema}.{table}.{each}": (rows, text) for each, text in zip(columns, hashes, strict=True)}
    return found


def lost(before: Content, after: Content) -> set[str]:
    """The columns that are in both and do not hold the same."""
    return {name for name in before.keys() & after.keys() if before[name] != after[name]}


def modelled(found: dict[str, str]) -> dict[str, str]:
    """Of a catalog, the tables' own entries, without privileges, which models do not have."""
    views = [name.partition(" ")[2] for name, text in found.items() if re.match("relation .* v \\|", f"{name} {text}")]
    left_out = re.compile("|".join(["mart", "materialized", "alembic", "_defau", *map(re.escape, views)]))
    return {
        name: text.rpartition(" | ")[0] if name.startswith("relation") else re.sub(r" \| {[^}]*=[^}]*}", "", text)
        for name, text in found.items()
        if re.match("(relation|column|constraint|index) ", name) and not left_out.search(name)
    }


def differences(one: dict[str, str], other: dict[str, str]) -> dict[str, tuple[str | None, str | None]]:
    names = one.keys() | other.keys()
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


def test_every_revision_goes_up_and_down_with_data_and_leaves_no_trace(database: Database) -> None:
    revisions = [each.revision for each in reversed([*ScriptDirectory.from_config(ALEMBIC).walk_revisions()])]
    command.downgrade(ALEMBIC, "base")
    with database.connect() as connection:
        stages = {"base": catalog(connection)}
        rows = content(connection)
        for revision in revisions:
            command.upgrade(ALEMBIC, revision)
            assert lost(rows, content(connection)) == RENAMED.get(revision, set()), f"upgrade to {revision}"
            query, carried = CARRIED.get(revision, ("SELECT", [()]))
            assert connection.execute(query.encode()).fetchall() == carried, f"upgrade to {revision}"
            fill = ROWS / f"{revision}.sql"
            if fill.exists():
                connection.execute(fill.read_bytes())
            stages[revision], rows = catalog(connection), content(connection)
        empty = {name for name, (count, _) in rows.items() if not count}
        assert not empty, "a revision's rows belong into tests/integration/revision_rows"
        for revision, below in zip(reversed(revisions), [*reversed(revisions[:-1]), "base"], strict=True):
            command.downgrade(ALEMBIC, below)
            after = content(connection)
            assert lost(rows, after) == REWRITTEN.get(revision, set()), f"downgrade from {revision}"
            assert differences(stages[below], catalog(connection)) == {}, f"downgrade from {revision}"
            rows = after
        command.upgrade(ALEMBIC, "head")
        without_months = {name: text for name, text in stages[revisions[-1]].items() if "_2026_" not in name}
        assert differences(without_months, catalog(connection)) == {}


def repeatables(connection: psycopg.Connection) -> dict[str, tuple[str, int]]:
    """By name: checksum and identity of what was made from the files."""
    return {
        name: (checksum, oid)
        for name, checksum, oid in connection.execute(
            "SELECT name, checksum, coalesce(to_regclass(name)::oid, to_regproc(name)::oid)::bigint FROM etl.repeatable"
        )
    }


def test_a_changed_file_is_made_anew_with_what_reads_it_and_nothing_else(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.upgrade(ALEMBIC, "head")
    with database.connect() as connection:
        before, schema = repeatables(connection), catalog(connection)
        assert {each.qualified_name for each in read_objects()} == before.keys()
        command.upgrade(ALEMBIC, "head")
        assert repeatables(connection) == before
        own, folder = marts.MARTS_FOLDER, tmp_path / "marts"
        shutil.copytree(own, folder)
        monkeypatch.setattr(marts, "MARTS_FOLDER", folder)
        with (folder / "freshness.sql").open("a") as file:
            file.write("-- Changed.\n")
        (folder / "funnel.sql").unlink()
        command.upgrade(ALEMBIC, "head")
        after = repeatables(connection)
        anew = {name for name in after if after[name] != before[name]}
        materialized = {each.name for each in read_objects() if each.kind == "MATERIALIZED VIEW"}
        shown = {f"{schema}.{name}" for schema in ("materialized", "mart") for name in materialized}
        assert anew == {*shown, "etl.refresh_marts"}
        assert before.keys() - after.keys() == {"mart.funnel"}
        assert connection.execute("SELECT to_regclass('mart.funnel')").fetchall() == [(None,)]
        monkeypatch.setattr(marts, "MARTS_FOLDER", own)
        command.upgrade(ALEMBIC, "head")
        assert differences(schema, catalog(connection)) == {}


def test_a_mart_that_a_view_of_somebody_else_reads_is_not_dropped_under_it(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.upgrade(ALEMBIC, "head")
    with database.connect() as connection:
        connection.execute("CREATE VIEW public.mine AS SELECT * FROM mart.revenue")
        before = repeatables(connection)
        folder = tmp_path / "marts"
        shutil.copytree(marts.MARTS_FOLDER, folder)
        monkeypatch.setattr(marts, "MARTS_FOLDER", folder)
        for name in ("revenue", "funnel"):
            with (folder / f"{name}.sql").open("a") as file:
                file.write("-- Changed.\n")
        with pytest.raises(SystemExit, match=r"mart\.revenue cannot be made anew: view mine depends on"):
            command.upgrade(ALEMBIC, "head")
        assert repeatables(connection) == before
        connection.execute("DROP VIEW public.mine")


def test_marts_that_an_earlier_release_made_are_replaced(database: Database) -> None:
    """Before 0024 revision 0014 made them from its files, and nothing said so."""
    command.upgrade(ALEMBIC, str(ScriptDirectory.from_config(ALEMBIC).get_revision("0024").down_revision))
    with database.connect() as connection:
        for kind, name, _ in BEFORE_0024:
            if kind != "FUNCTION":
                connection.execute(f"CREATE {kind} {name} AS SELECT 1 AS one".encode())
        command.upgrade(ALEMBIC, "head")
        assert {each.qualified_name for each in read_objects()} == repeatables(connection).keys()


STATEMENTS = """
import json
from migrations import facts
from spark.load import RELOAD_FOLDER
from spark.quality import read_checks
from utilities.erasure.facts import FORGET_FOLDER
name = "fact_wishlist_event"
print(json.dumps({
    "kept": facts.kept_by_month(),
    "found": facts.persons()[name],
    "erase": facts.for_fact((FORGET_FOLDER / "030_fact.sql").read_text(), name),
    "reload": facts.for_fact((RELOAD_FOLDER / "020_fact.sql").read_text(), name),
    "checks": {each.name: each.statement for each in read_checks({}) if each.name in ("sum_kinds", "orphan_path")},
}))
"""
WISH = """
INSERT INTO staging.resolved_event (
    event_id, event_time, date_key, product_key, country_key, referrer_key, device_key, user_agent_key, visitor, is_bot,
    kind_key
)
SELECT gen_random_uuid(), '2026-01-05 10:00Z', 20260105, -1, -1, -1, -1, -1, %s, false, kind_key
FROM dim_event_kind WHERE kind = 'add_to_wishlist_action'
"""


def test_a_new_kind_made_by_the_page_migrates_loads_and_is_counted_reloaded_removed_and_forgotten(
    database: Database, tmp_path: Path
) -> None:
    checkout = copied_checkout(tmp_path)
    for step in steps():
        step.apply(checkout)
    run_in(checkout, "-m", "alembic", "upgrade", "head")
    # Of the copy's models, none has anything to add.
    run_in(checkout, "-m", "alembic", "check")
    said = json.loads(run_in(checkout, "-c", STATEMENTS))
    scope: dict[str, object] = {"run_id": None, "days": None}
    load = (checkout / "sql/load/063_fact_wishlist_event.sql").read_text()
    rows = "SELECT count(*) FROM fact_wishlist_event"
    visitor = uuid.uuid4()
    with database.connect() as connection:

        def wish() -> None:
            connection.execute("TRUNCATE staging.resolved_event")
            connection.execute(WISH, [visitor])
            connection.execute(load.encode(), {"run_id": 1})
            assert connection.execute(rows).fetchall() == [(1,)]

        connection.execute("INSERT INTO etl.run (status) VALUES ('finished')")
        wish()
        # Without its row of fact_event: both checks say so.
        for statement in said["checks"].values():
            observed, detail = connection.execute(statement.encode(), scope).fetchall()[0]
            assert (observed, "fact_wishlist_event" in detail) == (1, True)
        connection.execute(said["erase"].encode(), {"visitor": visitor})
        assert connection.execute(rows).fetchall() == [(0,)]
        wish()
        connection.execute(said["reload"].encode(), {"from_key": 20260105, "to_key": 20260105})
        assert connection.execute(rows).fetchall() == [(0,)]
        wish()
        expected = dict.fromkeys(said["kept"], 0)
        with pytest.raises(psycopg.errors.RaiseException, match="fact_wishlist_event has 1 rows"):
            connection.execute("SELECT etl.remove_month('2026-01-01', %s)", [Jsonb(expected)])
        expected["fact_wishlist_event"] = 1
        connection.execute("SELECT etl.remove_month('2026-01-01', %s)", [Jsonb(expected)])
        assert connection.execute(rows).fetchall() == [(0,)]


def test_the_models_are_the_migrated_schema(database: Database) -> None:
    command.upgrade(ALEMBIC, "head")
    engine = create_engine("postgresql+psycopg://", creator=database.connect, poolclass=NullPool)
    options = {
        "version_table_schema": "etl",
        "include_schemas": True,
        "include_name": is_modelled,
        "include_object": is_compared,
        "compare_type": True,
        "compare_server_default": True,
    }
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    with database.connect() as connection:
        migrated = modelled(catalog(connection))
        command.downgrade(ALEMBIC, "base")
        for schema in ("staging", "identity", "serving", "live"):
            connection.execute(f"CREATE SCHEMA {schema}".encode())
        metadata.create_all(engine)
        assert differences(migrated, modelled(catalog(connection))) == {}


STORED = """
WITH device AS (INSERT INTO dim_device (device_id, is_bot) VALUES (' tablet', false) RETURNING device_key)
INSERT INTO fact_event (event_id, event_time, product_key, country_key, referrer_key, device_key, bus_offset, run_id,
                        visitor, date_key, bus_partition, kind_key, is_bot, bus_topic)
SELECT md5(second::text)::uuid, timestamptz '2026-01-05 10:00Z' + make_interval(secs => second), -1, -1, -1, device_key,
       second, 1, visitor::uuid, 20260105, 0, 1, false, 'views'
FROM device, unnest(%(seconds)s::integer[], %(visitors)s::text[]) AS told (second, visitor)
"""
STORED_SESSIONS = """
INSERT INTO fact_session
SELECT md5(visitor::text)::uuid, visitor, min(event_time), max(event_time), 0, 20260105, -1, -1, min(device_key), NULL,
       NULL, count(*), 0, 0, false, false, false, false, min(event_time)
FROM fact_event GROUP BY visitor
"""


def test_a_stored_login_no_longer_splits_a_person(database: Database) -> None:
    key = VisitorKeySettings.load().visitor_hash_key.get_secret_value().encode()
    tablet, one, other = (keyed_hash(identity, key) for identity in (b"tablet", b"4711", b"4712"))
    told = {0: tablet, 60: one, 120: tablet, 180: other, 7200: tablet}
    sessions = "SELECT events, visitor, person FROM fact_session ORDER BY started_at"
    command.upgrade(ALEMBIC, "0020")
    with database.connect() as connection:
        connection.execute("SELECT etl.ensure_month_partition('2026-01-05')")
        connection.execute(STORED.encode(), {"seconds": list(told), "visitors": list(told.values())})
        connection.execute(STORED_SESSIONS.encode())
        before = connection.execute("SELECT event_id, visitor FROM fact_event ORDER BY 1").fetchall()
        command.upgrade(ALEMBIC, "head")
        found = [(events, visitor.hex, person.hex) for events, visitor, person in connection.execute(sessions.encode())]
        assert found == [(3, tablet, one), (1, tablet, other), (1, tablet, tablet)]
        assert connection.execute("SELECT DISTINCT visitor FROM fact_event").fetchall() == [(UUID(tablet),)]
        (unlike,) = connection.execute(
            "SELECT count(*) FROM fact_event JOIN fact_session USING (session_id)"
            " WHERE fact_event.person <> fact_session.person"
        ).fetchall()
        assert unlike == (0,)
        command.downgrade(ALEMBIC, "0020")
        assert connection.execute("SELECT event_id, visitor FROM fact_event ORDER BY 1").fetchall() == before
        split = "SELECT visitor, events FROM fact_session ORDER BY started_at"
        assert [(visitor.hex, events) for visitor, events in connection.execute(split.encode())] == [
            (tablet, 2),
            (one, 1),
            (other, 1),
            (tablet, 1),
        ]
