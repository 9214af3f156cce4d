"""Migrations go up and down with data in the tables, and end at the schema that the models describe."""

import re
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from config.settings import PROJECT_ROOT
from kafka.event_text import keyed_hash
from migrations.models import is_compared, is_modelled, metadata
from migrations.settings import VisitorKeySettings
from tests.catalog import catalog
from tests.empty_database import Database

pytestmark = pytest.mark.servers

ALEMBIC = Config(str(PROJECT_ROOT / "alembic.ini"))
ROWS = Path(__file__).parent / "revision_rows"
VISITORS = {f"public.{fact}.visitor" for fact in ("fact_event", "fact_product_view_event", "fact_order")}
VISITORS |= {f"public.fact_{what}_visitors.visitors" for what in ("product", "country", "referrer_type")}
VISITORS |= {f"public.fact_session.{column}" for column in ("session_id", "visitor")}
# What a revision changes on its way down on purpose: before 0013 an erasure could not be told from a replay, and before
# 0021 a visitor was the user where one was known.
REWRITTEN = {"0013": {"etl.run.mode"}, "0021": VISITORS}

# And on its way up: 0019 names an order after the earliest event that tells of it, 0021 tells sessions by device.
SESSION = "started_at duration_seconds entry_page exit_page events reached_cart reached_checkout chain_started_at"
RENAMED = {
    "0019": {f"public.{fact}.order_key" for fact in ("fact_event", "fact_order", "fact_order_line")},
    "0021": VISITORS | {f"public.fact_session.{column}" for column in SESSION.split()},
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
WHERE n.nspname IN ('public', 'etl', 'staging') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> 'alembic_version'
"""


def content(connection: psycopg.Connection) -> Content:
    found: Content = {}
    for schema, table, columns, key in connection.execute(TABLES.encode()).fetchall():
        order = ", ".join(f'"{each}"' for each in key or ())
        values = [
            f"""md5(string_agg(coalesce("{each}"::text, 'null'), ',' ORDER BY {order or f'"{each}"::text'}))"""
            for each in columns
        ]
        statement = f'SELECT count(*), {", ".join(values)} FROM {schema}."{table}"'
        rows, *hashes = connection.execute(statement.encode()).fetchall()[0]
        found |= {f"{schema}.{table}.{each}": (rows, text) for each, text in zip(columns, hashes, strict=True)}
    return found


def lost(before: Content, after: Content) -> set[str]:
    """The columns that are in both and do not hold the same."""
    return {name for name in before.keys() & after.keys() if before[name] != after[name]}


def modelled(found: dict[str, str]) -> dict[str, str]:
    """Of a catalog, the tables' own entries, without privileges, which models do not have."""
    return {
        name: text.rpartition(" | ")[0] if name.startswith("relation") else text
        for name, text in found.items()
        if re.match("(relation|column|constraint|index) ", name) and not re.search("mart|alembic|_defau", name)
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
        connection.execute("CREATE SCHEMA staging")
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
