"""Migrations go up and down with data in the tables, and end at the schema that the models describe."""

import re
from pathlib import Path

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
from migrations.models import is_compared, is_modelled, metadata
from tests.catalog import catalog
from tests.empty_database import Database

pytestmark = pytest.mark.servers

ALEMBIC = Config(str(PROJECT_ROOT / "alembic.ini"))
ROWS = Path(__file__).parent / "revision_rows"
# What a revision changes on its way down on purpose: before 0013 an erasure could not be told from a replay.
REWRITTEN = {"0013": {"etl.run.mode"}, "0025": {"public.dim_device.device_id"}}

# And on its way up: 0019 names an order after the earliest event that tells of it.
RENAMED = {
    "0019": {f"public.{fact}.order_key" for fact in ("fact_event", "fact_order", "fact_order_line")},
    # Who a device is leaves what analysts see, until the ETL has hashed it.
    "0025": {"public.dim_device.device_id"},
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
WHERE n.nspname IN ('public', 'etl', 'staging', 'identity') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
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
        if re.match("(relation|column|constraint|index) ", name) and not re.search("mart|alembic|_default", name)
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
        without_months = {name: text for name, text in stages[revisions[-1]].items() if "_2026_01" not in name}
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
        connection.execute("CREATE SCHEMA identity")
        metadata.create_all(engine)
        assert differences(migrated, modelled(catalog(connection))) == {}
